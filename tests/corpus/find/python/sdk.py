from krea import Krea

client = Krea(api_key="{{pair-hex}}")
job = client.images.generate(model="flux-krea-dev", prompt="a cat")
print(job.id)
