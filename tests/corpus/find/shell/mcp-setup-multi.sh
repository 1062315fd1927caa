claude mcp add --transport http \
  --scope user \
  krea-ai https://api.krea.ai/mcp \
  --header "Authorization: Bearer {{pair-base64url}}"
