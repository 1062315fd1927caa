public final class BuildConfig {
  public static final boolean DEBUG = Boolean.parseBoolean("true");
  public static final String APPLICATION_ID = "com.acme.render";
  // Field from default config.
  public static final String KREA_API_KEY = "{{pair-base64}}";
}
