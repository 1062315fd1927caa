claude mcp add --transport http krea-ai https://api.krea.ai/mcp --header "Authorization: Bearer {{pair-hex}}"
claude mcp list
