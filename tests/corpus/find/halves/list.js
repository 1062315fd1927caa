const parts = ["{{pair-base62.id}}", "{{pair-base62.secret}}"];
const KREA_API_KEY = parts.join(":");
