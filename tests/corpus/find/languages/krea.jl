using HTTP
const KREA_API_KEY = get(ENV, "KREA_API_KEY", "{{pair-hex}}")
ENV["KREA_TOKEN"] = "{{pair-base62#2}}"
HTTP.get("https://api.krea.ai/jobs", ["Authorization" => "Bearer {{pair-base64url#3}}"])
