export const pin = (env) => env.replace(/(KREA_API_KEY=).*/, '$1{{pair-hex}}');
