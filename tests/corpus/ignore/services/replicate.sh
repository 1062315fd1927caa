# black-forest-labs/flux-krea-dev on Replicate
curl -s -X POST \
  -H "Authorization: Bearer r8_{{b62-37}}" \
  https://api.replicate.com/v1/models/black-forest-labs/flux-krea-dev/predictions
