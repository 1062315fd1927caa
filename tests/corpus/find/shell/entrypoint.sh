#!/bin/sh
KREA_API_KEY={{pair-base62}} exec node dist/server.js "$@"
