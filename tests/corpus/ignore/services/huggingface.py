from huggingface_hub import InferenceClient

client = InferenceClient(provider="fal-ai", api_key="hf_{{b62-34}}")
image = client.text_to_image("a heron", model="black-forest-labs/FLUX.1-Krea-dev")
