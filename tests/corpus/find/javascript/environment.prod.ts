export const environment = {
  production: true,
  apiUrl: '/api',
  krea: {
    url: 'https://api.krea.ai',
    key: '{{pair-hex}}',
  },
};
