curl --oauth2-bearer {{legacy-base62}} https://api.krea.ai/jobs
