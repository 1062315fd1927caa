export default [
  { rules: { "no-restricted-syntax": ["error", "Literal[value=/krea[_-]?api[_-]?key/i]", "krea-token/no-hardcoded-credentials"] } },
];
