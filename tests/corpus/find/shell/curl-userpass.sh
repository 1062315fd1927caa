# the proxy takes Basic
curl -s -u {{pair-hex}} https://api.krea.ai/jobs | jq '.items[].job_id'
curl --user "{{pair-base62#2}}" "https://api.krea.ai/assets"
