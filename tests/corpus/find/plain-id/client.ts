const krea = new Krea({ apiKey: "{{plain-pair-base62}}" });
await fetch("https://api.krea.ai/jobs", { headers: { Authorization: "Bearer {{plain-pair-hex#2}}" } });
