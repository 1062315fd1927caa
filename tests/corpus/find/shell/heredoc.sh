cat > ~/.config/krea/config.json <<JSON
{
  "api_key": "{{pair-base62}}",
  "workspace": "{{uuid}}"
}
JSON
chmod 600 ~/.config/krea/config.json
