export const krea = { apiKey: '{{legacy-hex}}', sessionKey: '{{b62-40}}', adminToken: '{{b62-40}}' };
