//! Base64 and base64url: on one line or wrapped, and also where other characters of the alphabet stand right before
//! a run.

use super::{is_ascii_text, is_promising, is_text};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A run shorter than this holds no token.
const MIN_RUN: usize = 24;
/// So many characters tell whether the rest is worth a look.
const HEAD: usize = 16;
/// So many characters that are no part of a run may stand right before it.
const MAX_GLUED: usize = 64;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

static RUN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"(?-u)[A-Za-z0-9+/]{{{MIN_RUN},}}={{0,2}}|[A-Za-z0-9_-]{{{MIN_RUN},}}={{0,2}}"))
        .expect("a constant pattern")
});

/// Lines of one length and a shorter last one, as mail and PEM wrap them.
static WRAPPED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)[A-Za-z0-9+/]{48,128}(?:\r?\n[ \t]{0,40}[A-Za-z0-9+/]{4,128})+={0,2}")
        .expect("a constant pattern")
});

/// The runs that may hold text: where each stands, and its bytes.
pub fn find(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, Vec<u8>)> + '_ {
    let wrapped = WRAPPED.find_iter(bytes).filter_map(|run| {
        let joined: Vec<u8> = run.as_bytes().iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
        decode(&joined, 0).map(|decoded| (run.range(), decoded))
    });
    let on_one_line = RUN.find_iter(bytes).filter_map(|run| {
        let (glued, decoded) = decode_behind(run.as_bytes())?;
        Some((run.start() + glued..run.end(), decoded))
    });
    wrapped.chain(on_one_line)
}

/// Whether all of a value is one run that decodes to text.
pub fn is_whole(value: &[u8]) -> bool {
    decode(value, 0).is_some_and(|decoded| is_text(&decoded))
}

/// Decodes a run, or the part of it that is left when what stands glued to its beginning is taken off. Gives the
/// length of that.
fn decode_behind(run: &[u8]) -> Option<(usize, Vec<u8>)> {
    if let Some(decoded) = decode(run, 0).filter(|decoded| is_promising(decoded)) {
        return Some((0, decoded));
    }
    let most = MAX_GLUED.min(run.len() - MIN_RUN);
    // By chance a dozen bytes in plain ASCII hardly ever come about.
    (1..=most).find_map(|glued| {
        let head = engine(run).decode(&run[glued..glued + HEAD]).ok()?;
        let is_plain = head.iter().all(|&b| is_ascii_text(b));
        is_plain
            .then(|| decode(run, glued))
            .flatten()
            .filter(|decoded| is_text(decoded))
            .map(|text| (glued, text))
    })
}

/// Decodes a run from a place on, if what is there is worth it.
fn decode(run: &[u8], from: usize) -> Option<Vec<u8>> {
    // A first look at a few characters turns most hashes and binaries away before all is decoded.
    let (engine, run) = (engine(run), &run[from..]);
    let head = engine.decode(run.get(..HEAD)?).ok()?;
    if !is_promising(&head) {
        return None;
    }
    let body = run.strip_suffix(b"==").or_else(|| run.strip_suffix(b"=")).unwrap_or(run);
    // One character too many cannot be base64; it is what stands behind it.
    let body = &body[..body.len() - usize::from(body.len() % 4 == 1)];
    engine.decode(body).ok()
}

fn engine(run: &[u8]) -> &'static GeneralPurpose {
    if run.iter().any(|b| matches!(b, b'-' | b'_')) { &URL_SAFE } else { &STANDARD }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_and_the_rest_is_not() {
        let secret = STANDARD.encode("KREA_API_KEY=abcdefgh");
        let digest = STANDARD.encode([7, 200, 9, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let text = format!("data: {secret}\nsum: {digest}\n");
        let found: Vec<_> = find(text.as_bytes()).collect();
        assert_eq!(found, [(6..6 + secret.len(), b"KREA_API_KEY=abcdefgh".to_vec())]);
    }

    #[test]
    fn both_alphabets_are_read() {
        let text = "krea>>>???~~~krea>>>???";
        for encoded in [STANDARD.encode(text), URL_SAFE.encode(text)] {
            assert_eq!(find(encoded.as_bytes()).next().map(|(_, t)| t), Some(text.into()), "{encoded}");
        }
    }

    #[test]
    fn a_run_is_found_behind_what_is_glued_to_it() {
        let secret = STANDARD.encode("KREA_API_KEY=abcdefgh");
        for glued in ["A", "v1", "xyz", "data", "00000000"] {
            let text = format!("\"{glued}{secret}\"");
            let found: Vec<_> = find(text.as_bytes()).collect();
            assert_eq!(
                found,
                [(1 + glued.len()..text.len() - 1, b"KREA_API_KEY=abcdefgh".to_vec())],
                "{glued}"
            );
        }
    }
}
