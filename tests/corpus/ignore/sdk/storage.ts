export const KREA_API_KEY_STORAGE_KEY = "render:settings:krea-api-key:v2";
export const KREA_TOKEN_KEY = "krea_token_local_storage_key_v3";
localStorage.setItem("krea-api-key", encodeURIComponent(kreaApiKeyInputElement.value));
const kreaKey = localStorage.getItem(KREA_API_KEY_STORAGE_KEY) ?? sessionStorage.getItem(KREA_TOKEN_KEY);
