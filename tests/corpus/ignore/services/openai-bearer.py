import requests
# describe the image that Krea made
requests.post(
    "https://api.openai.com/v1/chat/completions",
    headers={"Authorization": "Bearer sk-proj-{{b62-48}}"},
)
