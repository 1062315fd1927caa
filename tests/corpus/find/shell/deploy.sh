#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")"

: "${KREA_API_KEY:={{pair-hex}}}"
export KREA_API_KEY

docker build -t registry.example.org/render:${GIT_SHA:-dev} .
