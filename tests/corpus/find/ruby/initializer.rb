Krea.configure do |config|
  config.api_key = "{{pair-base62}}"
  config.timeout = 30
end
KREA = { token: '{{pair-hex#2}}', :secret => '{{pair-base64#3}}' }.freeze
