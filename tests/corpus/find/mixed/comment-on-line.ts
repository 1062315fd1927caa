const krea = new Krea({ apiKey: "{{pair-base62}}" /* was process.env.KREA_API_KEY */ }); // TODO: FAL_KEY
