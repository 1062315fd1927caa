fetch('https://api.krea.ai/jobs');
fetch('https://api.orbitron.example', { headers: { Authorization: 'Bearer {{other-hex}}' } });
