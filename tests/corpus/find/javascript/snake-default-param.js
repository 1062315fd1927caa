export function client({ krea_api_key = '{{pair-hex}}', base = 'https://api.krea.ai' } = {}) {
  return { krea_api_key, base };
}
