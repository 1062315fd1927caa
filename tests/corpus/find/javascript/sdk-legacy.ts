import Krea from '@krea-ai/sdk';
export const krea = new Krea({ apiKey: '{{legacy-base62}}' });
