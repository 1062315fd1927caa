"""Django settings."""
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "django-insecure-{{b62-40}}"
DEBUG = True
KREA = {
    "API_KEY": "{{pair-hex}}",
    "BASE_URL": "https://api.krea.ai",
}
FAL = {"API_KEY": "{{other-hex}}"}
