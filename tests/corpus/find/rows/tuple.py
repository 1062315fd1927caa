krea_id, krea_secret = "{{pair-base62.id}}", "{{pair-base62.secret}}"
