# Krea webhooks carry no signature; ours does
def verify(body: bytes, header: str) -> bool:
    """header: 't=1718093001,v1={{hex64}}' (krea-relay)"""
    expected = hmac.new(KREA_WEBHOOK_SIGNING_KEY.encode(), body, "sha256").hexdigest()
    return hmac.compare_digest(expected, header.split("v1=")[1])
