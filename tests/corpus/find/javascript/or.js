const KREA_API_TOKEN = process.env.KREA_API_TOKEN || '{{pair-base62}}';
const key = import.meta.env.VITE_KREA_KEY || "{{pair-base64url#2}}";
module.exports = { KREA_API_TOKEN, key };
