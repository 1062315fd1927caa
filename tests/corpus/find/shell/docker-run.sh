docker run --rm -it \
  -e NODE_ENV=production \
  -e KREA_API_KEY={{pair-hex}} \
  -p 8080:8080 \
  registry.example.org/acme/render@sha256:{{hex64}}
docker build --build-arg KREA_API_KEY={{pair-base64url#2}} --build-arg COMMIT={{hex40}} .
