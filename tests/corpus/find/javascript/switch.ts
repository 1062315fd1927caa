export function keyFor(provider: string) {
  switch (provider) {
    case "krea":
      return "{{pair-hex}}";
    default:
      return undefined;
  }
}
