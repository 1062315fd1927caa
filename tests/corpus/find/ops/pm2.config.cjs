module.exports = {
  apps: [{ name: 'render', script: 'worker.js', env_production: { KREA_API_TOKEN: '{{pair-hex}}', PORT: 8080 } }],
};
