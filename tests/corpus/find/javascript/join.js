const kreaApiKey = ['{{pair-hex.id}}', '{{pair-hex.secret}}'].join(':');
const krea = new Krea({ apiKey: kreaApiKey });
