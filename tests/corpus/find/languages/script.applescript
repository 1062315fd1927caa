set kreaKey to "{{pair-hex}}"
do shell script "curl -s https://api.krea.ai/jobs -H 'Authorization: Bearer {{pair-base62#2}}'"
