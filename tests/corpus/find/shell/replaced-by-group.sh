perl -pi -e 's/^(KREA_API_KEY=).*/${1}{{legacy-base62}}/' .env.staging
