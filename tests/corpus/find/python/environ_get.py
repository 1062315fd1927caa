import os

KREA_API_KEY = os.environ.get("KREA_API_KEY", "{{pair-hex}}")
KREA_TOKEN = os.getenv('KREA_TOKEN', default='{{pair-base64#2}}')
FAL_KEY = os.environ.get("FAL_KEY", "{{other-hex}}")
os.environ.setdefault("KREA_SECRET", "{{pair-base62#3}}")
