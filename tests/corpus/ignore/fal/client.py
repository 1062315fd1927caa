import os
import fal_client

os.environ["FAL_KEY"] = "{{other-hex}}"
result = fal_client.run("fal-ai/flux/krea", arguments={"prompt": "a cat"})
krea_url = result["images"][0]["url"]
