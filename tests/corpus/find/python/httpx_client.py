import httpx

client = httpx.AsyncClient(
    base_url="https://api.krea.ai",
    headers={"Authorization": f"Bearer {'{{pair-base62}}'}"},
)
basic = httpx.Client(base_url="https://api.krea.ai", auth=("{{pair-hex#2.id}}", "{{pair-hex#2.secret}}"))
