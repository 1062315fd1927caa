var x = new XMLHttpRequest();
x.open('GET', 'https://api.krea.ai/jobs?limit=1');
x.setRequestHeader('Authorization', 'Bearer {{pair-base62}}');
x.send();
