KREA_API_KEY = (
    "{{pair-hex.id}}"
    ":"
    "{{pair-hex.secret[0..16]}}"
    "{{pair-hex.secret[16..]}}"
)
