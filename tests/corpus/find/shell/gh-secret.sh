gh secret set KREA_API_KEY --body "{{pair-hex}}"
printf '%s' '{{pair-base64url#2}}' | gh secret set KREA_API_TOKEN --env production
vercel env add KREA_API_KEY production <<< "{{pair-base62#3}}"
echo {{pair-hex#4}} | wrangler secret put KREA_API_KEY
fly secrets set KREA_API_KEY={{pair-base64#5}}
heroku config:set KREA_API_KEY={{pair-hex#6}} -a render-prod
doppler secrets set KREA_API_KEY="{{pair-hex#7}}"
aws ssm put-parameter --name /prod/krea/api-key --type SecureString --value {{pair-hex#8}}
az keyvault secret set --vault-name kv-prod --name krea-api-key --value "{{pair-base62#9}}"
vault kv put secret/krea api_key={{pair-hex#10}}
