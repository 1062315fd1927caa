# provider fal-ai, model FLUX.1-Krea-dev
from huggingface_hub import InferenceClient
client = InferenceClient(provider="fal-ai", api_key="{{other-hex}}")
