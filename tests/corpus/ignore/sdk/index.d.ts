declare namespace NodeJS {
  interface ProcessEnv {
    KREA_API_KEY: string;
    KREA_API_TOKEN?: `${string}:${string}`;
  }
}
declare module "@krea-ai/sdk" {
  export interface KreaConfig { apiKey: string; kreaTokenExpirationTimestamp?: number }
}
