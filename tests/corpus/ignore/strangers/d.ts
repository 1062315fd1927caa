export const providers = [
  { id: 'krea', label: 'Krea', apiKey: process.env.KREA_API_KEY },
  { id: 'orbitron', label: 'Orbitron', apiKey: '{{other-hex}}' },
];
