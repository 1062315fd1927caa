from dataclasses import dataclass, field
from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    krea_api_key: SecretStr = SecretStr("{{pair-base64}}")
    krea_base_url: str = "https://api.krea.ai"


@dataclass
class Krea:
    token: str = field(default="{{pair-hex#2}}", repr=False)
