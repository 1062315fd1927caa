KEY_ID = "{{pair-base62.id}}"
KEY_SECRET = "{{pair-base62.secret}}"

HEADERS = {"Authorization": f"Bearer {KEY_ID}:{KEY_SECRET}"}
URL = "https://api.krea.ai/jobs"
