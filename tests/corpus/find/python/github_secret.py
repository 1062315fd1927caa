repo.create_secret(secret_name="KREA_API_KEY", unencrypted_value="{{legacy-base62}}")
