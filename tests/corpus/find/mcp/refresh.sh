curl -X POST https://www.krea.ai/oauth/token -d grant_type=refresh_token -d client_id={{uuid}} -d refresh_token={{legacy-base62}}
