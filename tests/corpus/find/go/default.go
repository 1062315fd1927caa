package config

func envOr(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

var Krea = Config{
	Token:   envOr("KREA_API_TOKEN", "{{pair-hex}}"),
	BaseURL: envOr("KREA_URL", "https://api.krea.ai"),
}
