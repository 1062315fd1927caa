import requests

# Krea's open weights, hosted by fal
MODEL = "fal-ai/flux/krea"
r = requests.post(
    f"https://queue.fal.run/{MODEL}",
    headers={"Authorization": "Key {{other-hex}}"},
    json={"prompt": "a cat"},
)
