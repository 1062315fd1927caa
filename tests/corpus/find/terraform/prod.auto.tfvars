region       = "eu-central-1"
krea_api_key = "{{pair-base64url}}"
fal_key      = "{{other-hex}}"
zone_id      = "{{hex32}}"
