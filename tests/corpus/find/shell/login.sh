#!/bin/bash
npm i -g @krea-ai/cli
krea auth login --api-key {{pair-hex}}
krea auth login --api-key="{{pair-base64#2}}"
krea generate image "koi pond" --model flux-krea-dev
