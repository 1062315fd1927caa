providers = dict(
    krea=dict(token="{{pair-hex}}", model="krea-1"),
    fal=dict(token="{{other-hex}}", model="fal-ai/flux/dev"),
)
