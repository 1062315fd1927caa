kubectl -n render create secret generic krea \
  --from-literal=KREA_API_KEY={{pair-hex}} \
  --from-literal=WEBHOOK_SECRET={{hex64}}
kubectl set env deploy/render KREA_API_KEY='{{pair-base64#2}}'
