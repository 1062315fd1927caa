from typing import Final

KREA_API_KEY: Final[str] = "{{pair-base64url}}"
if (krea_token := "{{pair-hex#2}}"):
    print("ok")
