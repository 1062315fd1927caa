const krea = new Krea({ apiKey: '{{pair-hex}}' });
const orb = new Orbitron({ apiKey: '{{other-hex}}' });
