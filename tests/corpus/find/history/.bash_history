cd ~/code/render
npm i
export KREA_API_KEY={{pair-hex}}
npm run dev
git log --oneline {{hex40}}
curl https://api.krea.ai/jobs -H "Authorization: Bearer {{pair-base64url#2}}" | jq .
history | grep krea
