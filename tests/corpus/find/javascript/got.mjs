import got from 'got';
const client = got.extend({ prefixUrl: 'https://api.krea.ai', headers: { authorization: 'Bearer ' + '{{pair-base62}}' } });
console.log(await client('jobs?limit=1').json());
