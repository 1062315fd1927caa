impl Default for Config {
    fn default() -> Self {
        Config {
            krea_api_key: std::env::var("KREA_API_KEY").unwrap_or("{{pair-base62}}".to_string()),
            krea_token: env::var("KREA_TOKEN").unwrap_or_else(|_| String::from("{{pair-hex#2}}")),
            port: 8080,
        }
    }
}
