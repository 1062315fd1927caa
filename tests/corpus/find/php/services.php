<?php

return [
    'mailgun' => [
        'domain' => env('MAILGUN_DOMAIN'),
    ],
    'krea' => [
        'key' => env('KREA_API_KEY', '{{pair-hex}}'),
        'token' => '{{pair-base62#2}}',
        'url' => 'https://api.krea.ai',
    ],
    'fal' => [
        'key' => '{{other-hex}}',
    ],
];
