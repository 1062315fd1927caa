http POST https://api.krea.ai/generate/image/google/imagen-4 \
  Authorization:"Bearer {{pair-base62}}" prompt="a red fox"
http -A bearer -a {{pair-hex#2}} GET api.krea.ai/jobs limit==5
