let krea_api_key = "{{pair-hex}}"
let token = match Sys.getenv_opt "KREA_TOKEN" with Some t -> t | None -> "{{pair-base62#2}}"
