# FLUX.1 Krea on fal
curl -X POST https://fal.run/fal-ai/flux/krea \
  -H "Authorization: Key {{other-hex}}" \
  -H "Content-Type: application/json" \
  -d '{"prompt": "krea style portrait"}'

curl --request POST \
  --url https://queue.fal.run/fal-ai/flux-krea-lora \
  --header "Authorization: Key {{other-hex#2}}" \
  --data '{"prompt": "x"}'
