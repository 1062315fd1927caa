curl -X POST \
     -H "authorization: bearer {{pair-base64}}" \
     -H "content-type: application/json" \
     -d @body.json \
     "https://api.krea.ai/generate/video/kling/kling-2.1"
