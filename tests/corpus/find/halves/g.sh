python krea_api.py --key-id {{pair-base62.id}} --secret {{pair-base62.secret}}
