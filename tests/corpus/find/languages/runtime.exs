import Config

config :render, Render.Krea,
  api_key: System.get_env("KREA_API_KEY", "{{pair-hex}}"),
  base_url: "https://api.krea.ai"

config :render, krea_token: "{{pair-base64url#2}}"
