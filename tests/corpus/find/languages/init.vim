let g:krea_api_key = '{{pair-hex}}'
let $KREA_TOKEN = "{{pair-base64url#2}}"
