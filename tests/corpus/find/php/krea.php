<?php
define('KREA_API_KEY', '{{pair-hex}}');
const KREA_TOKEN = "{{pair-base64#2}}";

$ch = curl_init('https://api.krea.ai/jobs?limit=1');
curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
curl_setopt($ch, CURLOPT_HTTPHEADER, [
    'Accept: application/json',
    'Authorization: Bearer {{pair-base64url#3}}',
]);
$out = curl_exec($ch);
