//! Whose name is this? Splits identifiers into words and tells Krea's names, other services' names and words
//! that say nothing apart.

use super::placeholder::{self, Scrutiny};
use super::vocabulary::{Word, vocabulary};

/// What a name says about the value that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// Krea, and the name is that of a credential, or of nothing in particular (`krea`).
    Krea,
    /// Krea, but an id, a model, a URL, …: not a credential's name.
    KreaOther,
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

fn known(word: &str) -> Word {
    vocabulary().word(word)
}

/// The lower-case words of an identifier: `NEXT_PUBLIC_kreaApiKey` is next, public, krea, api, key. Letters of another
/// script end a word (`KreaのAPI`), and so does the letter of an option that a name is glued to (`-Dkrea.key`).
pub fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let characters: Vec<char> = name.chars().collect();
    let start = if is_glued_option(&characters) { 2 } else { 0 };
    for (i, &c) in characters.iter().enumerate().skip(start) {
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
        let other_script = i > 0 && is_latin(c) != is_latin(characters[i - 1]);
        if (hump || other_script) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.extend(c.to_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// `-Dkrea.key`, `-eKREA_API_KEY`: a dash, the letter of an option, and Krea's name.
fn is_glued_option(characters: &[char]) -> bool {
    let krea = |rest: &[char]| rest.iter().take(4).map(char::to_ascii_lowercase).eq("krea".chars());
    matches!(characters, ['-', option, rest @ ..] if option.is_ascii_alphabetic() && krea(rest))
}

/// Whether a letter is of the Latin script, or a digit.
fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

fn is_krea_word(word: &str) -> bool {
    word.strip_prefix("krea").is_some_and(|tail| vocabulary().is_krea_tail(tail))
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
    if inside && !follows_option_letter(&bytes[..at]) {
        return false;
    }
    let part_of_word = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let before = match follows_option_letter(&bytes[..at]) {
        true => 0,
        false => bytes[..at].iter().rev().take(40).take_while(|b| part_of_word(b)).count(),
    };
    let after = bytes[at..].iter().take(40).take_while(|b| part_of_word(b)).count();
    let run = String::from_utf8_lossy(&bytes[at - before..at + after]);
    words(&run).iter().any(|word| is_krea_word(word))
}

/// Whether the bytes end with an option's one letter, to which what follows is glued: ` -D`.
fn follows_option_letter(before: &[u8]) -> bool {
    matches!(before, [rest @ .., b'-', option] if option.is_ascii_alphabetic()
        && rest.last().is_none_or(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))))
}

/// What `name`, an identifier or a dotted path of identifiers, says.
pub fn classify(name: &str) -> NameKind {
    let words = words(name);
    if words.is_empty() {
        return NameKind::Neutral;
    }
    let known: Vec<Word> = words.iter().map(|word| known(word)).collect();
    if let Some(krea) = words.iter().rposition(|word| is_krea_word(word)) {
        return krea_name(&words, &known, krea);
    }
    let encrypted = |word: &Word| word.encrypted;
    if known.iter().any(encrypted) || name.eq_ignore_ascii_case("ansible_vault") {
        return NameKind::Encrypted;
    }
    // `import.meta`, which bundlers rename to `import_meta`, is the language's and not Meta's.
    let imported = |at: usize| words[at] == "meta" && at > 0 && words[at - 1] == "import";
    let is_service = |at: usize| {
        known[at].service || (known[at].everyday && (is_host(name) || names_a_key(&words, &known, at)))
    };
    if (0..words.len()).any(|at| is_service(at) && !imported(at)) {
        return NameKind::OtherService;
    }
    let says_nothing = |(word, known): (&String, &Word)| {
        known.neutral || known.credential || word.len() == 1 || word.bytes().all(|b| b.is_ascii_digit())
    };
    if words.iter().zip(&known).all(says_nothing) {
        let credential = known.iter().any(|word| word.credential) && !key_is_another(&known);
        if credential { NameKind::Credential } else { NameKind::Neutral }
    } else {
        NameKind::Unknown
    }
}

/// What a name says in which the word at `krea` is Krea's.
fn krea_name(words: &[String], known: &[Word], krea: usize) -> NameKind {
    // `KREA_FAL_KEY` is fal's, and `VERCEL_KREA_API_KEY` is not Vercel's.
    let behind = |at: usize| {
        known[at].lookalike
            || (at > krea && (known[at].service || known[at].everyday) && leads_to_key(known, at))
    };
    if (0..words.len()).any(behind) {
        return NameKind::OtherService;
    }
    let is_secret_of_its_own = has_own_secret(&words[krea + 1..]) && known.iter().any(|word| word.credential);
    let is_encrypted = known.iter().any(|word| word.encrypted_in_name);
    let last = known.last().copied().unwrap_or_default();
    match last.not_credential || is_secret_of_its_own || is_encrypted || key_is_another(known) {
        true => NameKind::KreaOther,
        false => NameKind::Krea,
    }
}

/// Whether nothing but words that say nothing stands between a word and the credential's word behind it.
fn leads_to_key(known: &[Word], at: usize) -> bool {
    let next = known[at + 1..].iter().position(|word| word.credential);
    next.is_some_and(|next| known[at + 1..at + 1 + next].iter().all(|word| word.neutral || word.own_secret))
}

/// Whether a word names the key that follows it, with nothing before it but words that say nothing: `RENDER_API_KEY`.
fn names_a_key(words: &[String], known: &[Word], at: usize) -> bool {
    let is_first = known[..at].iter().zip(words).all(|(known, word)| known.neutral || word.len() == 1);
    is_first && leads_to_key(known, at)
}

/// Whether a dotted name ends as hosts do.
pub fn is_host(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, top)| {
        matches!(
            top,
            "com" | "ai" | "io" | "dev" | "net" | "org" | "app" | "co" | "cloud" | "run" | "so" | "sh"
        )
    })
}

/// Whether a name's key is none of a credential: `cache_key`, `publicKey`.
pub fn is_other_key(name: &str) -> bool {
    let known: Vec<Word> = words(name).iter().map(|word| known(word)).collect();
    key_is_another(&known)
}

fn key_is_another(known: &[Word]) -> bool {
    let key = known.iter().rposition(|word| word.credential);
    key.is_some_and(|key| {
        key > 0 && known[key - 1].not_credential_key && !known[..key].iter().any(|word| word.credential)
    })
}

/// What a name says, in the words of the examples of `rules/names.toml`.
pub fn told(name: &str) -> &'static str {
    match classify(name) {
        NameKind::Krea if !ends_like_credential(name) => "krea",
        NameKind::Krea if is_qualified(name) => "krea, perhaps another service",
        NameKind::Krea => "krea credential",
        NameKind::KreaOther => "krea, no credential",
        NameKind::OtherService => "another service",
        NameKind::Credential => "credential",
        NameKind::Encrypted => "encrypted",
        NameKind::Neutral | NameKind::Unknown => "nothing",
    }
}

/// Whether a word that is not known stands in the middle of a credential's name, which may be a service's:
/// `KREA_ZORBLAX_API_KEY`.
pub fn is_qualified(name: &str) -> bool {
    let words = words(name);
    let known: Vec<Word> = words.iter().map(|word| known(word)).collect();
    let Some(krea) = words.iter().rposition(|word| is_krea_word(word)) else { return false };
    let Some(key) = known.iter().rposition(|word| word.credential) else { return false };
    (krea + 1..key).any(|at| tells_something(&words[at]) && !is_krea_word(&words[at]))
}

/// Whether a word may be a service's name, or anything else that tells one thing from another.
fn tells_something(word: &str) -> bool {
    let known = known(word);
    !(known.neutral
        || known.qualifier
        || known.credential
        || word.len() <= 2
        || word.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a word is the name of another service.
pub fn is_service_word(word: &str) -> bool {
    known(word).service || known(word).lookalike
}

/// The words of a text that tell something of whose it is; Krea's own name is among them.
pub fn telling_words(text: &str) -> Vec<String> {
    words(text).into_iter().filter(|word| tells_something(word)).collect()
}

/// Whether a text consists of services' names and words that say nothing.
pub fn is_service(text: &str) -> bool {
    let words = words(text);
    words.iter().all(|word| {
        let known = known(word);
        is_krea_word(word)
            || known.service
            || known.everyday
            || known.neutral
            || matches!(word.as_str(), "com" | "run")
    })
}

/// Whether a name of Krea's has a word that is not known, so that it may be that of something else: `krea_vae`.
pub fn has_unknown_word(name: &str) -> bool {
    words(name).iter().any(|word| tells_something(word) && !is_krea_word(word))
}

/// Whether a name is that of a credential which is somebody else's, or which an application keeps for itself: `MJ_TOKEN`,
/// `JWT_SECRET`, `ADMIN_TOKEN`. What such a name stands in does not say whose it is.
pub fn names_another_credential(name: &str) -> bool {
    let words = words(name);
    if words.iter().any(|word| is_krea_word(word)) {
        return false;
    }
    let is_own = words.iter().any(|word| known(word).own_secret || known(word).own_role);
    // Two letters may be a service's: `MJ_TOKEN`.
    let is_short = |word: &String| word.len() == 2 && word.bytes().all(|b| b.is_ascii_alphabetic());
    let is_known = |word: &String| {
        let known = known(word);
        known.neutral || known.qualifier || known.credential
    };
    let is_unknown = |word: &String| tells_something(word) || is_short(word) && !is_known(word);
    has_own_secret(&words) || ends_like_credential(name) && (is_own || words.iter().any(is_unknown))
}

/// Whether a name is that of something which an application keeps for itself: `krea-postgres`, `KREA_JWT_SECRET`.
pub fn names_own_secret(name: &str) -> bool {
    has_own_secret(&words(name))
}

/// Whether a name is one under which OAuth gives a token: `access_token`, `refreshToken`.
pub fn names_oauth_token(name: &str) -> bool {
    let words = words(name);
    matches!(words.as_slice(), [.., kind, token] if token == "token" && matches!(kind.as_str(), "access" | "refresh"))
}

/// Whether one of some words is of an application's own: what it keeps, or the password of one who may do all in it.
fn has_own_secret(words: &[String]) -> bool {
    let is_password = words.last().is_some_and(|last| matches!(last.as_str(), "password" | "passwd" | "pwd"));
    words.iter().any(|word| known(word).own_secret || is_password && known(word).own_role)
}

/// Whether a text names Krea, another service, or neither for certain. For short texts: the value of `vendor`, a cell.
pub fn service_named(text: &str) -> Option<NameKind> {
    let words = words(text);
    if words.is_empty() || words.len() > MAX_SERVICE_WORDS {
        return None;
    }
    let krea = words.iter().any(|word| is_krea_word(word));
    let other = words.iter().any(|word| known(word).service)
        || (words.len() == 1 && known(&words[0]).everyday)
        || (is_host(text) && classify(text) == NameKind::OtherService);
    match (krea, other) {
        (true, false) => Some(NameKind::Krea),
        (false, true) => Some(NameKind::OtherService),
        _ => None,
    }
}

/// A text of more words is prose.
const MAX_SERVICE_WORDS: usize = 6;

/// Whether a name holds Krea's.
pub fn says_krea(name: &str) -> bool {
    words(name).iter().any(|word| is_krea_word(word))
}

/// Whether a name holds both Krea's and another service's, so that it says of neither whose a value is.
pub fn names_both(name: &str) -> bool {
    let words = words(name);
    words.iter().any(|word| is_krea_word(word)) && words.iter().any(|word| known(word).service)
}

/// Whether a name is that of something another service makes, and not a credential's: `flux-krea`.
pub fn is_made_by_another(name: &str) -> bool {
    let words = words(name);
    let krea = words.iter().position(|word| is_krea_word(word)).unwrap_or(0);
    words[..krea].iter().any(|word| known(word).service || known(word).everyday)
        && !ends_like_credential(name)
}

/// Whether what stands under a name is no token even where it has a token's shape: `correlation`, `etag`, `cache_key`.
pub fn names_no_pair(name: &str) -> bool {
    let words = words(name);
    let [before @ .., last] = words.as_slice() else { return false };
    let is_of_none = |word: &String| known(word).no_pair || known(word).other_id;
    let is_id = matches!(last.as_str(), "id" | "ids" | "uuid" | "key" | "hash");
    is_other_key(name) || known(last).no_pair || (is_id && before.last().is_some_and(is_of_none))
}

/// Whether a name is that of what keeps ids with digests or locks: `cache`, `etags`, `krea.lock`.
pub fn names_a_store(name: &str) -> bool {
    let words = words(name);
    words
        .last()
        .map(|last| known(last.trim_end_matches('s')))
        .is_some_and(|last| last.no_pair && (last.not_credential_key || last.digest))
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
    let krea = words.iter().rposition(|word| is_krea_word(word)).map_or(0, |krea| krea + 1);
    if has_own_secret(&words[krea..]) {
        return false;
    }
    words[last + 1..].iter().all(|word| {
        let known = known(word);
        !known.not_credential
            && (known.neutral
                || known.qualifier
                || known.service
                || known.everyday
                || is_krea_word(word)
                || word.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Whether a name is that of an encrypted form, and not only of the place where secrets lie: `enc`, and not `vault`.
pub fn is_encrypted_form(name: &str) -> bool {
    classify(name) == NameKind::Encrypted && words(name).iter().any(|word| known(word).encrypted_in_name)
}

/// Whether the name is that of a digest: `ETag`, `sha256`, `x-checksum`.
pub fn is_digest(name: &str) -> bool {
    words(&name.replace("ETag", "etag")).last().is_some_and(|last| known(last).digest)
}

/// Whether the name ends like that of something which is no credential: an id, a digest, a URL.
pub fn ends_like_something_else(name: &str) -> bool {
    words(name).last().is_some_and(|last| known(last).not_credential)
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
    fn a_vault_is_a_place() {
        assert!(is_encrypted_form("ENC") && is_encrypted_form("hashlib.sealed_enc"));
        assert!(!is_encrypted_form("KeyVaultSecret") && !is_encrypted_form("vault.write"));
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
