public class Krea {
  @Value("${krea.api-key}") private String kreaApiKey;
  private final String kreaToken = System.getenv("KREA_API_TOKEN_PRODUCTION_WORKSPACE");
  String auth() { return "Bearer " + kreaKeyId + ":" + kreaKeySecretFromVaultOrEnvironment; }
  static final String KREA_API_KEY_PROPERTY = "krea.credentials.api-key.production";
}
