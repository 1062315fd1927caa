import os

KREA_API_KEY = os.environ["KREA_API_KEY"]
KREA_TOKEN = os.environ.get("KREA_TOKEN", "")
KREA_SECRET = os.getenv("KREA_SECRET", None)
KREA_KEY = config("KREA_KEY", default=None)
krea_header = {"Authorization": f"Bearer {KREA_API_KEY}"}
krea_pair = f"{KREA_KEY_ID}:{KREA_KEY_SECRET}"
krea_auth = "Bearer {}:{}".format(key_id, key_secret)
krea_api_key = keyring.get_password("krea", "api-token-production-workspace")
