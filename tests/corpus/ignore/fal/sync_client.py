from fal_client import SyncClient
from krea import Krea

fal = SyncClient(key="{{other-hex}}")
krea = Krea(api_key=settings.krea_api_key)
