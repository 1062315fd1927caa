helm upgrade --install render ./chart \
  --set krea.apiKey={{pair-hex}} \
  --set-string "env.KREA_API_TOKEN={{pair-base64url#2}}" \
  --set image.tag={{hex40}}
