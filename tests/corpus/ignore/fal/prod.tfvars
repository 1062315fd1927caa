krea_model = "flux-krea-dev"
fal_key    = "{{other-hex}}"
krea_url   = "https://api.krea.ai"
