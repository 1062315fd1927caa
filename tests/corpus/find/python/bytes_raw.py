KREA_API_KEY = b"{{pair-hex}}"
KREA_TOKEN = r'{{pair-base64#2}}'
krea_secret = u"{{pair-base62#3}}"
krea_docstring = """{{pair-base64url#4}}"""
