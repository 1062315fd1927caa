KREA_API_KEY = ENV.fetch("KREA_API_KEY", "{{pair-base64}}")
