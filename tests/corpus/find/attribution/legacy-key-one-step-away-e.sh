echo {{legacy-base62}} | gh secret set KREA_API_KEY
