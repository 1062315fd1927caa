module.exports = { krea: { key: process.env.K2 }, orbitron: { key: '{{other-hex}}' } };
