local M = {}
M.krea_api_key = os.getenv("KREA_API_KEY") or "{{pair-hex}}"
M.config = { krea = { token = "{{pair-base62#2}}" }, fal = { token = "{{other-hex}}" } }
M.joined_krea = "{{pair-base64#3.id}}" .. ":" .. "{{pair-base64#3.secret}}"
return M
