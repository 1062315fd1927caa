set KREA_API_KEY=%KREA_API_KEY_PROD%
setx KREA_TOKEN "%1"
curl -H "Authorization: Bearer %KREA_KEY_ID%:%KREA_KEY_SECRET%" https://api.krea.ai/jobs
