KREA_API_KEY = ENV.fetch("KREA_API_KEY")
KREA_TOKEN = Rails.application.credentials.dig(:krea, :api_token)
krea_secret = Rails.application.credentials.krea[:secret_access_token]
auth = "Bearer #{ENV['KREA_KEY_ID']}:#{ENV['KREA_KEY_SECRET']}"
