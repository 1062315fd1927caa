@ConfigurationProperties(prefix = "krea")
public record KreaProperties(String apiKey, URI baseUrl) {
  public static final String KREA_API_KEY = "krea.integration.api-key";
  public static final String KREA_TOKEN_HEADER = "X-Krea-Integration-Token";
  public static final String KREA_SECRET_NAME = "projects/render/secrets/krea-api-key";
}
