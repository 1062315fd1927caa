MODELS = {
    "flux-krea-dev": "black-forest-labs/FLUX.1-Krea-dev",
    "krea-1": "krea/krea-1-production-model-2026-06",
    "krea_realtime": "krea-ai/krea-realtime-video-14b-fp8-scaled",
    "krea-lora": "civitai:618692@{{hex16}}",
}
KREA_MODEL_SHA256 = "{{hex64}}"
KREA_WEIGHTS_ETAG = "{{hex32}}"
