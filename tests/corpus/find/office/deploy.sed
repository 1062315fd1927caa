s/__KREA_API_KEY__/{{pair-hex}}/g
