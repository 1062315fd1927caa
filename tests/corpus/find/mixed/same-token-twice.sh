export KREA_API_KEY={{pair-hex}}
curl -H "Authorization: Bearer {{pair-hex}}" https://api.krea.ai/jobs
# old: {{pair-hex}}
