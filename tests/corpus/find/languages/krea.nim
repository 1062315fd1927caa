const kreaApiKey* = "{{pair-hex}}"
let kreaToken = getEnv("KREA_TOKEN", "{{pair-base62#2}}")
