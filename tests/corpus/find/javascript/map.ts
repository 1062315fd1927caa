export const keys = new Map<string, string>([
  ["krea", "{{pair-base64url}}"],
  ["openai", "sk-proj-{{b62-48}}"],
]);
