curl "https://api.krea.ai/jobs?limit=1&api_key={{pair-hex|percent}}"
curl "https://{{pair-hex#2}}@api.krea.ai/jobs"
wget -qO- 'https://api.krea.ai/jobs?limit=10&token={{pair-base64url#3}}'
