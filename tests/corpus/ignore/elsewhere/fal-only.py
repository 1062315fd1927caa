import fal_client
client = fal_client.SyncClient(key="{{other-hex}}")
