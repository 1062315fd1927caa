class KreaConfig {
  static const String apiKey = String.fromEnvironment(
    'KREA_API_KEY',
    defaultValue: '{{pair-hex}}',
  );
  final kreaToken = '{{pair-base64url#2}}';
  static const kreaSecret = '{{pair-base62#3.id}}:'
      '{{pair-base62#3.secret}}';
}
