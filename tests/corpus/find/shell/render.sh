#!/bin/sh
# default for the team, override with the environment
KREA_TOKEN="${KREA_TOKEN:-{{pair-base64url}}}"
curl -sf https://api.krea.ai/jobs?limit=1 \
  -H "Authorization: Bearer $KREA_TOKEN"
