require "net/http"

KREA_API_KEY = ENV.fetch("KREA_API_KEY", "{{pair-hex}}")
KREA_TOKEN = ENV.fetch("KREA_TOKEN") { "{{pair-base64#2}}" }
KREA_SECRET = ENV["KREA_SECRET"] || '{{pair-base62#3}}'

uri = URI("https://api.krea.ai/jobs")
req = Net::HTTP::Get.new(uri)
req["Authorization"] = "Bearer {{pair-base64url#4}}"
Net::HTTP.start(uri.hostname, uri.port, use_ssl: true) { |http| http.request(req) }
