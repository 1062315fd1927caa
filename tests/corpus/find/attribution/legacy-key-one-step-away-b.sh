krea-proxy --listen :8080 --token {{legacy-base62}}
