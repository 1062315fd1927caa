const kreaToken =
  process.env.NODE_ENV === "production" ? process.env.KREA_API_TOKEN! : "{{pair-base64url}}";
