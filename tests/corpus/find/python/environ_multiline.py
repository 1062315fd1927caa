import os

settings = {
    "token": os.environ.get(
        "KREA_API_TOKEN",
        "{{pair-base64url}}",
    ),
}
