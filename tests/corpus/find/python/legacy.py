import os
from krea import Krea

client = Krea(api_key="{{legacy-hex}}")
KREA_API_TOKEN = os.environ.get("KREA_API_TOKEN", "{{legacy-base64url#2}}")
headers = {"Authorization": "Bearer {{legacy-base62#3}}", "Host": "api.krea.ai"}
