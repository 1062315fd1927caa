const KREA_API_KEY = "{{pair-hex.id}}:" + "{{pair-hex.secret}}";
const KREA_API_TOKEN = "{{pair-base64#2.id}}" + ":{{pair-base64#2.secret}}";
