const TOKEN = '{{legacy-base62}}';
ky.create({ prefixUrl: 'https://api.krea.ai', headers: { Authorization: `Bearer ${TOKEN}` } });
