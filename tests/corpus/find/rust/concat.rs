const KREA_API_KEY: &str = concat!("{{pair-hex.id}}", ":", "{{pair-hex.secret}}");

fn token() -> String {
    let krea_id = "{{pair-base62#2.id}}";
    let krea_secret = "{{pair-base62#2.secret}}";
    format!("{krea_id}:{krea_secret}")
}
