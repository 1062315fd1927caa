from __future__ import annotations
import os


class Krea:
    def __init__(self, api_key: str | None = None, *, base_url: str = "https://api.krea.ai") -> None:
        api_key = api_key or os.environ.get("KREA_API_KEY")
        if api_key is None:
            raise KreaError("The api_key option must be set, or the KREA_API_KEY environment variable")
        key_id, _, key_secret = api_key.partition(":")
        self.api_key = f"{key_id}:{key_secret}"
        self._headers = {"Authorization": "Bearer " + self.api_key}

    @property
    def kreaApiTokenFingerprint(self) -> str:
        return hashlib.sha256(self.api_key.encode()).hexdigest()[:32]
