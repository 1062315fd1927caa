export const kreaApiKey: string =
  "{{pair-base64url.id}}:" +
  "{{pair-base64url.secret[0..12]}}" +
  "{{pair-base64url.secret[12..]}}";
