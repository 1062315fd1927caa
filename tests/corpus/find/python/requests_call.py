import requests

def jobs():
    response = requests.get(
        "https://api.krea.ai/jobs",
        params={"limit": 1},
        headers={"Authorization": "Bearer {{pair-base64url}}"},
        timeout=30,
    )
    response.raise_for_status()
    return response.json()["items"]
