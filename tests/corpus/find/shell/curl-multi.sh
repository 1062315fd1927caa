curl --request POST \
  --url https://api.krea.ai/generate/image/bfl/flux-1-dev \
  --header 'Content-Type: application/json' \
  --header 'Authorization: Bearer {{pair-hex}}' \
  --data '{
    "prompt": "a lighthouse in the fog",
    "width": 1024,
    "height": 576,
    "seed": 8127381
  }'
