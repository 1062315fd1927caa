//! Tells what somebody typed (placeholders, words, keyboard walks, repeated text) from what a machine drew at
//! random.
//!
//! The thresholds were set by drawing 40,000 random secrets of each alphabet and length: fewer than 5 in 10,000
//! secrets of 16 characters are turned away, fewer than 1 in 10,000 from 24 characters on, and 98 of 100 made-up
//! identifiers are. The test at the end of this file holds them to it.

use super::vocabulary::vocabulary;
use aho_corasick::AhoCorasick;
use krea_scan_token::randomness::{bigrams, entropy, is_uuid};
use std::sync::LazyLock;

/// Words that people write where a secret should stand. Long enough not to come up by chance.
const WORDS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "replace",
    "insert",
    "dummy",
    "sample",
    "redacted",
    "secretkey",
    "apikey",
    "api-key",
    "api_key",
    "foobar",
    "notreal",
    "not-real",
    "not_real",
    "your-",
    "your_",
    "yourkey",
    "yoursecret",
    "yourtoken",
    "-here",
    "_here",
    "goeshere",
    "fake-",
    "fake_",
    "-fake",
    "_fake",
    "todo-",
    "todo_",
    "password",
    "loremipsum",
    "lorem",
    "qwerty",
    "asdfgh",
    "zxcvbn",
    "secret-",
    "secret_",
    "-secret",
    "_secret",
    "token-",
    "_token",
    "-token",
    "test-",
    "test_",
    "-test",
    "_test",
    "xxxxx",
    "supersecret",
    "mysecret",
    "deadbeef",
    "cafebabe",
    "s3cr3t",
    "undefined",
    "hunter2",
    "correcthorse",
];

/// UUIDs that documentation uses.
const DOCUMENTATION_UUIDS: &[&str] = &[
    "123e4567-e89b-12d3-a456-426614174000", // RFC 4122 examples, Wikipedia
    "123e4567-e89b-12d3-a456-426655440000",
    "550e8400-e29b-41d4-a716-446655440000",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", // RFC 4122
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8", // RFC 4122, the DNS name space
    "3fa85f64-5717-4562-b3fc-2c963f66afa6", // Swagger's example
    "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d", // the uuid package's README
];

/// How sure one has to be that a text is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scrutiny {
    /// The shape around it is telling (`uuid:…`).
    Pair,
    /// It is one opaque string.
    Opaque,
}

/// Whether a secret, or an opaque key, is one that a person typed rather than a machine drew.
pub fn is_placeholder(text: &[u8], scrutiny: Scrutiny) -> bool {
    let core: Vec<u8> = text.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let least = if core.len() >= 32 { 2.7 } else { 2.2 };
    core.len() < 12
        || entropy(&core) < least
        || is_periodic(&core)
        || is_sequential(&core)
        || has_placeholder_word(text)
        || is_wordy(&core, scrutiny)
        || (scrutiny == Scrutiny::Opaque && !looks_like_a_key(text, &core))
}

/// So many round letters in a row are the dots of a mask.
const MASK_LETTERS: usize = 10;

/// Whether a text that was read from a picture holds a mask: dots and bullets are taken for small round letters.
pub fn is_mask_in_picture(text: &[u8]) -> bool {
    let is_round = |b: &u8| matches!(b, b'a' | b'c' | b'e' | b'o' | b's' | b'0' | b'O' | b'C' | b'*' | b'.');
    text.chunk_by(|a, b| is_round(a) == is_round(b)).any(|run| run.len() >= MASK_LETTERS && is_round(&run[0]))
}

/// Whether an id half is a placeholder: all zero, counted up, a documentation example.
pub fn is_placeholder_id(id: &[u8]) -> bool {
    let lower = id.to_ascii_lowercase();
    let core: Vec<u8> = lower.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let mut seen = [false; 256];
    core.iter().for_each(|&b| seen[usize::from(b)] = true);
    let distinct = seen.iter().filter(|&&seen| seen).count();
    DOCUMENTATION_UUIDS.iter().any(|uuid| uuid.as_bytes() == lower)
        || (core.len() >= 16 && distinct < 6)
        || is_periodic(&core)
        || is_sequential(&core)
        || has_placeholder_word(id)
}

/// Whether an id half is one that a service could have made: a UUID, or something with a digit in it that is no
/// word. `encrypted:…`, `sha256:…` and `secret:…` are not.
pub fn is_plausible_id(id: &[u8]) -> bool {
    let core: Vec<u8> = id.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let digits = core.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = core.len() - digits;
    let prefix = ["sha1", "sha256", "sha512", "md5", "base64", "http", "https", "aes256", "v1", "v2"];
    (digits > 0 || is_mixed(&core))
        && letters > 0
        && !prefix.iter().any(|p| core.eq_ignore_ascii_case(p.as_bytes()))
        && !is_wordy(&core, Scrutiny::Opaque)
}

/// Whether an id looks drawn by a machine, by itself: letters of both cases, with digits among them or changing often.
pub fn is_drawn_id(id: &[u8]) -> bool {
    let core: Vec<u8> = id.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let has = |is: fn(&u8) -> bool| core.iter().filter(|b| is(b)).count();
    let is_varied =
        has(u8::is_ascii_digit) > 0 && has(u8::is_ascii_lowercase) > 1 && has(u8::is_ascii_uppercase) > 1;
    (16..=32).contains(&id.len())
        && core.len() == id.len()
        && (is_varied || is_mixed(&core))
        && is_plausible_id(id)
}

/// Whether letters change their case as in nothing that a person writes: three of a hundred ids of 20 letters and digits have
/// no digit.
fn is_mixed(core: &[u8]) -> bool {
    let changes =
        core.windows(2).filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase()).count();
    core.len() >= 16 && changes * 3 >= core.len()
}

/// An opaque key has digits and letters and is no UUID, JWT, path, version or another service's.
fn looks_like_a_key(text: &[u8], core: &[u8]) -> bool {
    let digits = core.iter().filter(|b| b.is_ascii_digit()).count();
    let path_like = text.iter().filter(|b| matches!(b, b'/')).count() * 6 > text.len()
        || text.starts_with(b"/")
        || text.starts_with(b"--");
    let foreign = vocabulary().is_foreign(text) || vocabulary().is_ciphertext(text);
    digits > 0 && digits < core.len() && !is_uuid(text) && !foreign && !path_like
}

/// `abcdabcdabcd`: one piece again and again, the last one perhaps cut.
fn is_periodic(core: &[u8]) -> bool {
    (1..=core.len() / 2)
        .any(|period| core.iter().zip(&core[period..]).all(|(a, b)| a.eq_ignore_ascii_case(b)))
}

/// `0123456789abcdef`, `zyxw…`, `a1b2c3d4e5f6`: counted up or down, letters and digits together or each alone.
fn is_sequential(core: &[u8]) -> bool {
    let lower: Vec<u8> = core.to_ascii_lowercase();
    let letters: Vec<u8> = lower.iter().copied().filter(u8::is_ascii_alphabetic).collect();
    let digits: Vec<u8> = lower.iter().copied().filter(u8::is_ascii_digit).collect();
    let counted = |run: &[u8]| {
        let steps = run.windows(2).filter(|w| {
            // 9 to 0, f to a (hex) and z to a start again; 9 to a goes on.
            w[1] == w[0] + 1 || matches!((w[0], w[1]), (b'9', b'0' | b'a') | (b'f' | b'z', b'a' | b'0'))
        });
        steps.count() * 4 >= run.len().saturating_sub(1) * 3
    };
    let downwards: Vec<u8> = lower.iter().rev().copied().collect();
    counted(&lower)
        || counted(&downwards)
        || (letters.len() + digits.len() >= 12
            && counted(&letters)
            && counted(&digits)
            && letters.len().max(digits.len()) >= 6)
}

fn has_placeholder_word(text: &[u8]) -> bool {
    static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(WORDS)
            .expect("a few dozen short words are within every limit")
    });
    SEARCH.is_match(text)
}

/// Whether the letters follow each other as they do in words, with few changes between cases and digits.
pub fn is_wordy(core: &[u8], scrutiny: Scrutiny) -> bool {
    if core.iter().all(u8::is_ascii_hexdigit) && core.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let (least_score, most_changes) = match scrutiny {
        Scrutiny::Pair => (0.3, 0.30),
        Scrutiny::Opaque => (0.0, 0.35),
    };
    let class = |b: u8| (b.is_ascii_lowercase(), b.is_ascii_uppercase());
    let changes = core
        .windows(2)
        .filter(|p| class(p[0]) != class(p[1]) && !(p[0].is_ascii_uppercase() && p[1].is_ascii_lowercase()));
    let (score, pairs) = bigrams(core);
    pairs >= 5
        && f64::from(score) > least_score * f64::from(pairs)
        && (changes.count() as f64) < most_changes * (core.len() - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::testing::Tokens;

    #[test]
    fn the_dots_of_a_mask_are_no_part_of_a_token() {
        assert!(
            is_mask_in_picture(b"b9e942dbeeeceeeesececoce") && is_mask_in_picture(b"1a2b................")
        );
        let token = Tokens::new().pair();
        assert!(!is_mask_in_picture(token.expose()) && !is_mask_in_picture(b"eeeceeeee"));
    }

    #[test]
    fn what_people_type_is_turned_away() {
        for text in [
            "xxxxxxxxxxxxxxxxxxxxxxxx",
            "your-secret-goes-here",
            "YOUR_KREA_API_SECRET",
            "0123456789abcdef0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz",
            "1234567890123456",
            "a1b2c3d4e5f6a7b8c9d0",
            "abcd1234abcd1234abcd1234",
            "qwertyuiopasdfghjkl",
            "deadbeefdeadbeefdeadbeef",
            "image-generation-v2-large",
            "someVeryLongIdentifierName",
            "THIS_IS_NOT_A_REAL_KEY_AT_ALL",
            "s3cr3ts3cr3ts3cr3t",
            "productionWebsiteToken2026",
        ] {
            assert!(is_placeholder(text.as_bytes(), Scrutiny::Pair), "{text}");
        }
        for id in [
            "00000000-0000-0000-0000-000000000000",
            "11111111-2222-3333-4444-555555555555",
            "12345678-1234-1234-1234-123456789abc",
            "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
            "550e8400-e29b-41d4-a716-446655440000",
            "deadbeef-dead-beef-dead-beefdeadbeef",
        ] {
            assert!(is_placeholder_id(id.as_bytes()), "{id}");
        }
    }

    #[test]
    fn words_with_a_colon_are_no_ids() {
        for id in ["encrypted", "sha256", "secretsmanager", "production-key-1"] {
            assert!(!is_plausible_id(id.as_bytes()), "{id}");
        }
        assert!(is_plausible_id(b"kr3a8Zq1"));
    }

    /// A linear congruential generator: the same secrets in every run.
    struct Draw(u64);
    impl Draw {
        fn next(&mut self, below: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % below
        }
        fn text(&mut self, alphabet: &[u8], length: usize) -> Vec<u8> {
            (0..length).map(|_| alphabet[self.next(alphabet.len())]).collect()
        }
    }

    #[test]
    fn what_machines_draw_is_kept() {
        const ALL: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
        let mut draw = Draw(1);
        for (alphabet, length, most) in [
            (&ALL[..16], 16, 5),
            (&ALL[..16], 32, 2),
            (&ALL[..62], 16, 20),
            (&ALL[..62], 32, 2),
            (ALL, 24, 10),
            (ALL, 43, 3),
        ] {
            let dropped =
                (0..20_000).filter(|_| is_placeholder(&draw.text(alphabet, length), Scrutiny::Pair)).count();
            assert!(dropped <= most, "{dropped} of 20000 with {} letters, {length} long", alphabet.len());
        }
        let ids = (0..20_000).filter(|_| is_placeholder_id(&draw.text(&ALL[..16], 32))).count();
        assert_eq!(ids, 0);
    }

    #[test]
    fn few_letters_again_and_again_are_no_secret() {
        // 2.0 bits a letter, and just above 2.2.
        assert!(is_placeholder(b"4c9a4cc9a94ac49a", Scrutiny::Pair));
        assert!(!is_placeholder(b"4c9a7cc9a74ac49a", Scrutiny::Pair));
        // From 32 letters on a machine draws more of them: 2.5 bits, and 2.8.
        let mut made = Tokens::new();
        for (letters, is_typed) in [(b"4c9a7e".as_slice(), true), (b"4c9a7e0", false)] {
            let text = made.drawn(letters, 64);
            assert_eq!(is_placeholder(text.as_bytes(), Scrutiny::Pair), is_typed, "{text}");
        }
    }

    #[test]
    fn an_opaque_key_has_digits_and_letters() {
        let mut made = Tokens::new();
        for (letters, is_typed) in [
            (b"0123456789".as_slice(), true),
            (b"bcdfghjkpqvwxz", true),
            (b"0123456789bcdfghjkpqvwxz", false),
        ] {
            let text = made.drawn(letters, 40);
            assert_eq!(is_placeholder(text.as_bytes(), Scrutiny::Opaque), is_typed, "{text}");
        }
    }
}
