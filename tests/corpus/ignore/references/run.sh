#!/bin/bash
: "${KREA_API_KEY:?}"
KREA_API_KEY="$(op read op://Engineering/krea/credential)"
KREA_TOKEN=$(aws secretsmanager get-secret-value --secret-id arn:aws:secretsmanager:eu-central-1:123456789012:secret:krea-api-key-AbCdEf --query SecretString --output text)
KREA_SECRET=$(gcloud secrets versions access latest --secret=krea-api-key)
KREA_KEY=$(vault kv get -field=token secret/data/krea)
curl https://api.krea.ai/jobs -H "Authorization: Bearer $KREA_API_KEY"
curl https://api.krea.ai/jobs -H "Authorization: Bearer ${KREA_TOKEN}" -u "$KREA_KEY_ID:$KREA_KEY_SECRET"
krea auth login --api-key "$KREA_API_KEY"
claude mcp add --transport http krea-ai https://api.krea.ai/mcp --header "Authorization: Bearer $KREA_API_KEY"
