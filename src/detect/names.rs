//! Whose name is this? Splits identifiers into words and tells Krea's names, other services' names and words
//! that say nothing apart.

use super::placeholder::{self, Scrutiny};

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a name says about the value that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// Krea, and the name is that of a credential, or of nothing in particular (`krea`).
    Krea,
    /// Krea, but an id, a model, a URL, …: not a credential's name.
    KreaOther,
    /// Another service's.
    OtherService,
    /// A credential's name that says nothing of a service (`apiKey`, `Authorization`).
    Credential,
    /// A word that programs put between a name and its value (`value`, `string`, `getenv`).
    Neutral,
    /// The name of an encrypted form (`ENC`, `sealed`).
    Encrypted,
    /// Anything else.
    Unknown,
}

/// What a word says, wherever it stands in a name.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    credential: bool,
    not_a_credential: bool,
    neutral: bool,
    encrypted: bool,
    service: bool,
    own_secret: bool,
}

static VOCABULARY: LazyLock<HashMap<&'static str, Word>> = LazyLock::new(|| {
    let mut words: HashMap<&'static str, Word> = HashMap::new();
    type Mark = fn(&mut Word);
    let lists: [(&'static str, Mark); 6] = [
        (CREDENTIAL, |word| word.credential = true),
        (NOT_A_CREDENTIAL, |word| word.not_a_credential = true),
        (NEUTRAL, |word| word.neutral = true),
        (ENCRYPTED, |word| word.encrypted = true),
        (SERVICES, |word| word.service = true),
        (OWN_SECRETS, |word| word.own_secret = true),
    ];
    for (list, mark) in lists {
        list.split_ascii_whitespace().for_each(|word| mark(words.entry(word).or_default()));
    }
    words
});

fn known(word: &str) -> Word {
    VOCABULARY.get(word).copied().unwrap_or_default()
}

/// Words that name a credential.
const CREDENTIAL: &str = "\
    key keys apikey apikeys token tokens apitoken secret secrets secretkey auth authorization bearer
    basic credential credentials creds cred password passwd pass pwd pat authtoken accesstoken accesskey";

/// Last words that make a name something else than a credential's.
const NOT_A_CREDENTIAL: &str = "\
    id ids name names url uri host endpoint path file filename hash sha sha1 sha256 sha512 md5 digest
    checksum fingerprint arn prefix suffix length len size version header type kind format pattern regex
    ref model models job jobs style styles workspace asset assets image images video etag integrity
    commit revision count limit timeout port date expires expiry created updated status slug seed hint
    label description title placeholder message error public";

/// Words of secrets that an application named after Krea keeps for itself: none of them calls Krea's API.
const OWN_SECRETS: &str = "\
    webhook webhooks signing session cookie cookies csrf encryption salt hmac nextauth db database
    postgres mysql mongo redis smtp";

/// Words that stand between a name and its value, or say nothing of whose it is.
const NEUTRAL: &str = "\
    a access add admin ai an and api app apply arg args array as b backup body boolean build byte bytes
    c cached cfg char client clone concat conf config configuration const constant constexpr creation
    cstr current custom d data def default define demo dev development dict dotenv e echo else entry env
    environ environment equals export expr expo expect f fallback field final flag fmt for format from
    gatsby get getenv getproperty global h hdr header headers here hidden http https in init inline
    input insert internal into is item java jwt k key lang lazy let literal live local main map me
    metadata my new next none now nsstring null nuxt o object of old on option optional opts options or
    os our override owned p param parameter params part personal plain plaintext private process prod
    production prop property props public put r raw react readonly request requests required resource
    root s save section self server service set setdefault setenv setting settings setx shared some
    staging static std store str string stringdata strings system t team test text the this to tostring
    txt type u u8 unwrap use user used using v val value values var variable variables vars vite void
    was with x x_api_key y your 1 2 3 v1 v2 0 uuid";

/// Words of encrypted values.
const ENCRYPTED: &str = "\
    enc encrypted encrypteddata sealed sealedsecret cipher ciphertext vault sops ansible_vault aes256
    gcm kms age pgp jasypt secure ejson";

/// Services whose keys stand next to Krea's in real code. fal.ai's have the very same shape.
const SERVICES: &str = "\
    fal falai falkey openai anthropic claude replicate stability stabilityai runway runwayml luma lumaai
    pika midjourney ideogram leonardo recraft bfl huggingface hf hugging together togetherai fireworks
    groq mistral cohere gemini google gcp vertex azure aws amazon s3 dynamodb bedrock github gh gitlab
    bitbucket slack discord telegram twilio sendgrid mailgun postmark resend stripe paypal shopify
    supabase firebase vercel netlify cloudflare heroku digitalocean fly railway render datadog newrelic
    sentry posthog segment mixpanel amplitude algolia pinecone weaviate qdrant redis upstash postgres
    postgresql mysql mongo mongodb rabbitmq kafka elastic elasticsearch notion airtable linear jira
    atlassian asana figma dropbox zoom hubspot salesforce zendesk intercom okta auth0 clerk npm pypi
    docker dockerhub circleci travis jenkins sonar snyk elevenlabs deepgram assemblyai deepl heygen
    synthesia did kling minimax hailuo magnific freepik civitai comfy comfyui modal runpod baseten
    banana wandb langsmith langchain openrouter perplexity xai grok deepseek moonshot tavily serper
    serpapi exa browserbase e2b mapbox maptiler cloudinary imgix mux bunny uploadcare unsplash pexels
    giphy spotify twitch youtube facebook meta instagram twitter linkedin tiktok reddit nango n8n zapier
    pipedream composio vault doppler infisical plaid square adyen braintree";

/// The lower-case words of an identifier: `NEXT_PUBLIC_kreaApiKey` is next, public, krea, api, key.
pub fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let characters: Vec<char> = name.chars().collect();
    for (i, &c) in characters.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let hump = c.is_uppercase()
            && i > 0
            && (characters[i - 1].is_lowercase()
                || (characters[i - 1].is_uppercase()
                    && characters.get(i + 1).is_some_and(|n| n.is_lowercase())));
        if hump && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.extend(c.to_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// What may stand behind `krea` in one word written without humps (`kreaapikey`, `kreaai`).
const KREA_TAILS: &str = "\
    ai api apikey apikeys apitoken aikey aiapikey aitoken key keys token tokens secret auth client sdk
    cred creds credentials credential pw password bearer keyid keysecret cli config env js mcp";

fn is_krea_word(word: &str) -> bool {
    word.strip_prefix("krea").is_some_and(|tail| {
        tail.bytes().all(|b| b.is_ascii_digit())
            || KREA_TAILS.split_ascii_whitespace().any(|known| known == tail)
    })
}

/// Whether some bytes at a hit of `krea` (in any case) are Krea's name and not a part of a longer word
/// (`Kreativ`). `bytes[at..at + 4]` is the hit.
pub fn is_krea_mention(bytes: &[u8], at: usize) -> bool {
    // What goes on in a word with the same sort of letter starts none; that is told without a further look.
    let inside = match bytes[..at].last() {
        Some(b'a'..=b'z' | b'0'..=b'9') => bytes[at].is_ascii_lowercase(),
        Some(b'A'..=b'Z') => bytes[at].is_ascii_uppercase() && bytes[at + 1].is_ascii_uppercase(),
        _ => false,
    };
    if inside {
        return false;
    }
    let part_of_word = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let before = bytes[..at].iter().rev().take(40).take_while(|b| part_of_word(b)).count();
    let after = bytes[at..].iter().take(40).take_while(|b| part_of_word(b)).count();
    let run = String::from_utf8_lossy(&bytes[at - before..at + after]);
    words(&run).iter().any(|word| is_krea_word(word))
}

/// What `name`, an identifier or a dotted path of identifiers, says.
pub fn classify(name: &str) -> NameKind {
    let words = words(name);
    let Some(last) = words.last() else { return NameKind::Neutral };
    if words.iter().any(|word| is_krea_word(word)) {
        // `krea_prod_public` is no credential, `KREA_PUBLIC_KEY` and `krea_image_api_key` are.
        return if known(last).not_a_credential { NameKind::KreaOther } else { NameKind::Krea };
    }
    let known: Vec<Word> = words.iter().map(|word| known(word)).collect();
    if known.iter().any(|word| word.encrypted) || name.eq_ignore_ascii_case("ansible_vault") {
        return NameKind::Encrypted;
    }
    // `import.meta`, which bundlers rename to `import_meta`, is the language's and not Meta's.
    let imported = |at: usize| words[at] == "meta" && at > 0 && words[at - 1] == "import";
    if known.iter().enumerate().any(|(at, word)| word.service && !imported(at)) {
        return NameKind::OtherService;
    }
    let says_nothing = |(word, known): (&String, &Word)| {
        known.neutral || known.credential || word.len() == 1 || word.bytes().all(|b| b.is_ascii_digit())
    };
    if words.iter().zip(&known).all(says_nothing) {
        if known.iter().any(|word| word.credential) { NameKind::Credential } else { NameKind::Neutral }
    } else {
        NameKind::Unknown
    }
}

/// Whether a text is the name of a service, Krea or another one, and of nothing of it (`Krea`, `fal.ai`).
pub fn is_service(text: &str) -> bool {
    let words = words(text);
    let named = |word: &String| is_krea_word(word) || known(word).service;
    words.first().is_some_and(named)
        && words[1..].iter().all(|word| matches!(word.as_str(), "ai" | "api" | "com"))
}

/// Whether a name is a value that a machine drew, which holds the short name of a service by chance.
pub fn is_random(name: &str) -> bool {
    name.len() >= 16
        && name.bytes().any(|b| b.is_ascii_digit())
        && !placeholder::is_placeholder(name.as_bytes(), Scrutiny::Pair)
}

/// Whether the name is a credential's: `KREA_PROD_API_KEY`, `krea.auth.token`, `KREA_KEY_OLD`, and not
/// `krea_token_rotation`, nor the secret of something else than the API (`KREA_WEBHOOK_SECRET`).
pub fn ends_like_credential(name: &str) -> bool {
    let words = words(name);
    let credential = |word: &String| known(word).credential || (is_krea_word(word) && word.len() > 6);
    let Some(last) = words.iter().rposition(credential) else { return false };
    if words.iter().any(|word| known(word).own_secret) {
        return false;
    }
    words[last + 1..].iter().all(|word| {
        let known = known(word);
        !known.not_a_credential
            && (known.neutral || is_krea_word(word) || word.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Whether the name is that of a digest: `ETag`, `sha256`, `x-checksum`.
pub fn is_digest(name: &str) -> bool {
    let digests =
        ["etag", "hash", "sha", "sha1", "sha256", "sha512", "md5", "digest", "checksum", "integrity"];
    words(&name.replace("ETag", "etag")).last().is_some_and(|last| digests.contains(&last.as_str()))
}

/// Whether the name ends like that of something which is no credential: an id, a digest, a URL.
pub fn ends_like_something_else(name: &str) -> bool {
    words(name).last().is_some_and(|last| known(last).not_a_credential)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_split_into_words() {
        assert_eq!(words("NEXT_PUBLIC_KREA_API_KEY"), ["next", "public", "krea", "api", "key"]);
        assert_eq!(words("process.env.kreaAPIKey"), ["process", "env", "krea", "api", "key"]);
    }

    #[test]
    fn krea_s_names_are_told_from_others() {
        for name in [
            "KREA_API_KEY",
            "kreaApiKey",
            "krea",
            "krea.apiKey",
            "VITE_KREA_TOKEN",
            "kreaapikey",
            "Krea-Ai-Key",
            "x-krea-token",
        ] {
            assert_eq!(classify(name), NameKind::Krea, "{name}");
        }
        for name in ["KREA_JOB_ID", "krea_model", "KREA_API_KEY_SHA256", "kreaStyleId", "KREA_API_URL"] {
            assert_eq!(classify(name), NameKind::KreaOther, "{name}");
        }
        for name in ["FAL_KEY", "falApiKey", "OPENAI_API_KEY"] {
            assert_eq!(classify(name), NameKind::OtherService, "{name}");
        }
        for name in ["apiKey", "Authorization", "auth_token", "x-api-key"] {
            assert_eq!(classify(name), NameKind::Credential, "{name}");
        }
        for name in ["value", "string", "getenv", "process.env"] {
            assert_eq!(classify(name), NameKind::Neutral, "{name}");
        }
        assert_eq!(classify("kreativAgentur"), NameKind::Unknown);
        assert_eq!(classify("META_API_KEY"), NameKind::OtherService);
        assert_ne!(classify("import_meta.env"), NameKind::OtherService);
    }

    #[test]
    fn a_mention_is_a_word() {
        let mention = |text: &str| {
            let at = text.to_ascii_lowercase().find("krea").expect("krea");
            is_krea_mention(text.as_bytes(), at)
        };
        for text in [
            "api.krea.ai",
            "KREA_API_KEY",
            "myKreaKey",
            "@krea-ai/sdk",
            "use Krea.",
            "kreaKey",
            "a krea token",
        ] {
            assert!(mention(text), "{text}");
        }
        for text in ["Kreativ", "kreatur", "okrea", "KREATIV", "SKREAM", "kreație"] {
            assert!(!mention(text), "{text}");
        }
    }
}
