//! Secrets of strangers, made from a fixed seed: what other services give out, in the shapes that they have.

use crate::support::tokens::{self, Random};

const BASE62: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEX: &[u8] = b"0123456789abcdef";

/// A stranger's secret.
pub struct Neighbour {
    /// What kind it is of.
    pub kind: &'static str,
    /// The name that it is stored under.
    pub name: &'static str,
    /// Its text.
    pub text: String,
    /// The parts of it that are secret.
    pub secrets: Vec<String>,
}

/// One of each kind; others for another number.
pub fn all(number: u64) -> Vec<Neighbour> {
    let mut random = Random::new("neighbour", number);
    let mut drawn = |set: &[u8], length| random.text(set, length);
    let mut all = Vec::new();
    let mut add = |kind, name, before: &str, secret: String, after: &str| {
        all.push(Neighbour { kind, name, text: format!("{before}{secret}{after}"), secrets: vec![secret] });
    };
    add("aws", "AWS_SECRET_ACCESS_KEY", "", drawn(BASE64, 40), "");
    add("github", "GITHUB_TOKEN", "ghp_", drawn(BASE62, 36), "");
    add("openai", "OPENAI_API_KEY", "sk-proj-", drawn(BASE64URL, 64), "");
    add("slack", "SLACK_BOT_TOKEN", "xoxb-2190001111-2190001112-", drawn(BASE62, 24), "");
    add("stripe", "STRIPE_SECRET_KEY", "sk_live_", drawn(BASE62, 24), "");
    add("google", "GOOGLE_API_KEY", "AIza", drawn(BASE64URL, 35), "");
    add("npm", "NPM_TOKEN", "npm_", drawn(BASE62, 36), "");
    add("url", "DATABASE_URL", "postgres://app:", drawn(BASE62, 16), "@db.internal:5432/app");
    add("webhook", "WEBHOOK_SECRET", "", drawn(HEX, 64), "");
    add("azure", "AZURE_CLIENT_SECRET", "", format!("{}8Q~{}", drawn(BASE62, 3), drawn(BASE64URL, 34)), "");
    add("password", "DB_PASSWORD", "", drawn(BASE62, 12), "");
    let uuid = tokens::uuid(number);
    add("fal", "FAL_KEY", &format!("{uuid}:"), drawn(HEX, 32), "");
    let jwt = tokens::jwt(number);
    // The header says nothing, and is the same in most of them.
    let secrets = jwt.split('.').skip(1).map(|part| part.trim_start_matches("eyJ").to_owned()).collect();
    all.push(Neighbour { kind: "jwt", name: "SESSION_TOKEN", text: jwt, secrets });
    let mut random = Random::new("private key", number);
    let body: Vec<String> = [64, 64, 22].map(|length| random.text(BASE64, length)).into();
    all.push(Neighbour {
        kind: "private-key",
        name: "PRIVATE_KEY",
        text: body.concat() + "==",
        secrets: body,
    });
    all
}
