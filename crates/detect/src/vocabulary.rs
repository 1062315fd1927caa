//! The words that say whose a value is and what it is: `rules/names.toml` and `rules/services.toml`, which are a part of
//! the program. Takes nothing; gives what each word says. Holds no logic of names: see `names`.

use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

const NAMES: &str = include_str!("../../../rules/names.toml");
const SERVICES: &str = include_str!("../../../rules/services.toml");

/// What a word says, wherever it stands in a name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Word {
    pub credential: bool,
    pub not_credential: bool,
    pub not_credential_key: bool,
    pub own_secret: bool,
    pub own_role: bool,
    pub neutral: bool,
    pub qualifier: bool,
    pub encrypted: bool,
    pub encrypted_in_name: bool,
    pub digest: bool,
    pub no_pair: bool,
    pub content_key: bool,
    /// Its value says what sort of thing an object is.
    pub sort_key: bool,
    pub other_id: bool,
    pub lookalike: bool,
    pub service: bool,
    pub everyday: bool,
}

/// A name and what it must be found to say; see [`super::names::told`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// A name, as it is written.
    pub name: String,
    pub says: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesFile {
    krea_tails: String,
    credential: String,
    not_credential: String,
    not_credential_key: String,
    own_secrets: String,
    own_roles: String,
    neutral: String,
    qualifiers: String,
    encrypted: String,
    encrypted_in_name: String,
    digests: String,
    no_pairs: String,
    ciphertext_prefixes: Vec<String>,
    ciphertext_marks: Vec<String>,
    owner_keys: Vec<String>,
    content_keys: String,
    sort_keys: String,
    other_ids: String,
    examples: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServicesFile {
    lookalikes: Vec<String>,
    services: String,
    everyday: String,
    schemes: Vec<String>,
    key_prefixes: Vec<String>,
    examples: Vec<Example>,
}

/// Both files, ready for look-ups.
pub struct Vocabulary {
    words: HashMap<String, Word>,
    krea_tails: HashSet<String>,
    owner_keys: HashMap<String, u8>,
    ciphertext_prefixes: Vec<String>,
    ciphertext_marks: Vec<String>,
    key_prefixes: Vec<String>,
    schemes: Vec<String>,
    lookalikes: String,
    /// What proves each file, with the file's name.
    pub examples: [(&'static str, Vec<Example>); 2],
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::read);

/// The words of the program.
pub fn vocabulary() -> &'static Vocabulary {
    &VOCABULARY
}

type Mark = fn(&mut Word);

impl Vocabulary {
    fn read() -> Self {
        let names: NamesFile = toml::from_str(NAMES).expect("a part of the program, which a test reads");
        let services: ServicesFile =
            toml::from_str(SERVICES).expect("a part of the program, which a test reads");
        let lookalikes = services.lookalikes.join(" ");
        let lists: [(&str, Mark); 17] = [
            (&names.credential, |word| word.credential = true),
            (&names.not_credential, |word| word.not_credential = true),
            (&names.not_credential_key, |word| word.not_credential_key = true),
            (&names.own_secrets, |word| word.own_secret = true),
            (&names.own_roles, |word| word.own_role = true),
            (&names.neutral, |word| word.neutral = true),
            (&names.qualifiers, |word| word.qualifier = true),
            (&names.encrypted, |word| word.encrypted = true),
            (&names.encrypted_in_name, |word| word.encrypted_in_name = true),
            (&names.digests, |word| word.digest = true),
            (&names.no_pairs, |word| word.no_pair = true),
            (&names.content_keys, |word| word.content_key = true),
            (&names.sort_keys, |word| word.sort_key = true),
            (&names.other_ids, |word| word.other_id = true),
            (&lookalikes, |word| (word.lookalike, word.service) = (true, true)),
            (&services.services, |word| word.service = true),
            // Last: what is an everyday word as well counts as one only.
            (&services.everyday, |word| (word.everyday, word.service) = (true, false)),
        ];
        let mut words: HashMap<String, Word> = HashMap::new();
        for (list, mark) in lists {
            list.split_ascii_whitespace().for_each(|word| mark(words.entry(word.to_owned()).or_default()));
        }
        let steps = names.owner_keys.iter().zip(0u8..);
        let owner_keys = steps.flat_map(|(keys, step)| {
            keys.split_ascii_whitespace().map(move |key| (key.replace('_', ""), step))
        });
        Vocabulary {
            words,
            krea_tails: names.krea_tails.split_ascii_whitespace().map(str::to_owned).collect(),
            owner_keys: owner_keys.collect(),
            ciphertext_prefixes: names.ciphertext_prefixes,
            ciphertext_marks: names.ciphertext_marks,
            key_prefixes: services.key_prefixes,
            schemes: services.schemes,
            lookalikes: shortest(&services.lookalikes).join("|"),
            examples: [("rules/names.toml", names.examples), ("rules/services.toml", services.examples)],
        }
    }

    /// What a lower-case word says.
    pub fn word(&self, word: &str) -> Word {
        self.words.get(word).copied().unwrap_or_default()
    }

    /// The names of services whose keys have the shape of Krea's, without words that only go on from one, as the
    /// alternatives of a pattern.
    pub fn lookalikes(&self) -> &str {
        &self.lookalikes
    }

    /// Whether `krea` and this make one word that is Krea's name.
    pub fn is_krea_tail(&self, tail: &str) -> bool {
        tail.bytes().all(|b| b.is_ascii_digit()) || self.krea_tails.contains(tail)
    }

    /// How surely the value under a key, written in one lower-case word, says whose its object is: 0 is the surest.
    pub fn owner_key(&self, key: &str) -> Option<u8> {
        self.owner_keys.get(key).copied()
    }

    /// Whether a value starts as ciphertexts do.
    pub fn is_ciphertext(&self, value: &[u8]) -> bool {
        self.ciphertext_prefixes.iter().any(|prefix| value.starts_with(prefix.as_bytes()))
    }

    /// Whether a mark of an encrypted value ends the text before a value.
    pub fn ends_with_mark(&self, before: &[u8]) -> bool {
        self.ciphertext_marks.iter().any(|mark| before.ends_with(mark.as_bytes()))
    }

    /// Whether a value starts as the keys of other services do.
    pub fn is_foreign(&self, value: &[u8]) -> bool {
        self.key_prefixes.iter().any(|prefix| value.starts_with(prefix.as_bytes()))
    }

    /// Whether an authorization's scheme is another service's.
    pub fn is_foreign_scheme(&self, scheme: &str) -> bool {
        self.schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme))
    }
}

/// The names that do not begin with another one.
fn shortest(names: &[String]) -> Vec<&str> {
    let goes_on = |name: &str| names.iter().any(|other| name != other && name.starts_with(other.as_str()));
    names.iter().map(String::as_str).filter(|name| !goes_on(name)).collect()
}
