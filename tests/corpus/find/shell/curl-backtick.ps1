curl.exe --request GET `
  --url "https://api.krea.ai/jobs?limit=1" `
  --header "Authorization: Bearer {{pair-base62}}"
