use reqwest::Client;

const KREA_API_KEY: &str = "{{pair-hex}}";
static KREA_TOKEN: &'static str = r#"{{pair-base64#2}}"#;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let jobs = Client::new()
        .get("https://api.krea.ai/jobs")
        .bearer_auth("{{pair-base64url#3}}")
        .send()
        .await?;
    println!("{}", jobs.status());
    Ok(())
}
