import requests
# Basic for the gateway in front of api.krea.ai
requests.get("https://api.krea.ai/jobs", headers={"Authorization": "Basic {{pair-base62|b64}}"})
