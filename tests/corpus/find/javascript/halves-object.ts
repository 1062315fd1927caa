export const krea = {
  keyId: "{{pair-base62.id}}",
  keySecret: "{{pair-base62.secret}}",
  baseUrl: "https://api.krea.ai",
};
