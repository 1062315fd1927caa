FROM alpine:3.20
ENV KREA_API_TOKEN {{pair-base62}}
ENV KREA_KEY="{{pair-base64#2}}"
LABEL org.opencontainers.image.revision={{hex40}}
