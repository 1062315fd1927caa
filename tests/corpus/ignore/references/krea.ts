export const krea = new Krea({ apiKey: process.env.KREA_API_KEY! });
const token = `${process.env.KREA_KEY_ID}:${process.env.KREA_KEY_SECRET}`;
const key = import.meta.env.VITE_KREA_API_KEY ?? "";
const edge = Deno.env.get("KREA_API_KEY_PRODUCTION_WORKSPACE");
headers.set("Authorization", `Bearer ${kreaApiKeyFromSecretManager}`);
export const KREA_API_KEY = await secrets.get("krea/production/api-key-2026-06");
const kreaApiKey = useRuntimeConfig().kreaApiKeyForTheServerOnly;
const kreaToken = this.configService.getOrThrow<string>("KREA_API_TOKEN");
const { KREA_API_KEY: kreaApiKeyFromEnvironment } = process.env;
