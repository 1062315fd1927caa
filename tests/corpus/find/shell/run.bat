@echo off
rem local start
set KREA_API_KEY={{pair-hex}}
set "KREA_API_TOKEN={{pair-base64#2}}"
setx KREA_KEY {{pair-base62#3}}
setx KREA_TOKEN "{{pair-base64url#4}}" /M
node server.js
