import fal_client
from krea import Krea

fal = fal_client.SyncClient(key="{{other-hex}}")
krea = Krea(api_key="{{pair-hex}}")
other = fal_client.AsyncClient(key="{{other-hex#2}}")
