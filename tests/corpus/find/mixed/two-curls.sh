curl https://queue.fal.run/fal-ai/flux/krea -H "Authorization: Key {{other-hex}}"
curl https://api.krea.ai/jobs -H "Authorization: Bearer {{pair-hex}}"
