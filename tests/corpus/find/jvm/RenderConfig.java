@Configuration
public class RenderConfig {
    @Value("${krea.api-key:{{pair-base62}}}")
    private String kreaApiKey;

    static final String KREA_TOKEN =
        "{{pair-base64#2.id}}" + ":"
            + "{{pair-base64#2.secret}}";
}
