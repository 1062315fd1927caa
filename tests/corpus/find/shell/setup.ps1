#Requires -Version 7
$ErrorActionPreference = 'Stop'
$env:KREA_API_KEY = '{{pair-hex}}'
[Environment]::SetEnvironmentVariable("KREA_API_TOKEN", "{{pair-base64#2}}", "User")

Invoke-RestMethod -Uri https://api.krea.ai/generate/image/krea/krea-1 `
  -Method Post `
  -Headers @{ Authorization = "Bearer {{pair-base64url#3}}" } `
  -ContentType 'application/json' `
  -Body (@{ prompt = 'a heron' } | ConvertTo-Json)
