curl "https://api.krea.ai/generate/image/bfl/flux-1-kontext-dev" ^
  -X POST ^
  -H "Content-Type: application/json" ^
  -H "Authorization: Bearer {{pair-hex}}" ^
  -d "{\"prompt\":\"harbour at night\"}"
