<?php
return ['krea' => ['key' => env('KREA_API_KEY'), 'secret' => env('KREA_API_SECRET', ''), 'url' => 'https://api.krea.ai']];
$h = "Authorization: Bearer {$kreaKeyId}:{$kreaKeySecret}";
$k = getenv('KREA_API_TOKEN_FOR_PRODUCTION') ?: throw new RuntimeException('krea token missing');
