fetch('https://api.krea.ai/jobs', { headers: { authorization: 'Bearer' + ' ' + '{{pair-base62}}' } })
