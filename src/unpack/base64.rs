//! Base64 and base64url runs inside a text, decoded when what they hold is text.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A run shorter than this holds no token.
const MIN_RUN: usize = 24;

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

/// The base64 runs of `bytes` that decode to text: where each stands, and what it says. A run that is wrapped over
/// several lines comes before the lines that it consists of.
pub fn texts(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, Vec<u8>)> + '_ {
    let wrapped = WRAPPED.find_iter(bytes).filter_map(|run| {
        let joined: Vec<u8> = run.as_bytes().iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
        decode(&joined).map(|text| (run.range(), text))
    });
    wrapped
        .chain(RUN.find_iter(bytes).filter_map(|run| decode(run.as_bytes()).map(|text| (run.range(), text))))
}

/// Whether a value is nothing but an encoded text.
pub fn is_encoded_text(value: &[u8]) -> bool {
    value.len() >= 16 && decode(value).is_some()
}

/// Decodes one run, if it is text: ASCII throughout, save for bytes beyond it and a mark or two.
fn decode(run: &[u8]) -> Option<Vec<u8>> {
    // A first look at four characters turns most hashes and binaries away before all is decoded.
    let engine = if run.iter().any(|b| matches!(b, b'-' | b'_')) { &URL_SAFE } else { &STANDARD };
    let head = engine.decode(&run[..16]).ok()?;
    if !is_text(&head) {
        return None;
    }
    let body = run.strip_suffix(b"==").or_else(|| run.strip_suffix(b"=")).unwrap_or(run);
    // One character too many cannot be base64; it is what stands behind it.
    let body = &body[..body.len() - usize::from(body.len() % 4 == 1)];
    engine.decode(body).ok().filter(|text| is_text(text))
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|&b| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..)) && {
        let beyond = bytes.iter().filter(|&&b| b >= 0x80).count();
        beyond * 4 <= bytes.len() && (beyond == 0 || std::str::from_utf8(bytes).is_ok() || bytes.len() < 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_and_the_rest_is_not() {
        let secret = STANDARD.encode("KREA_API_KEY=abcdefgh");
        let digest = STANDARD.encode([7, 200, 9, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let text = format!("data: {secret}\nsum: {digest}\n");
        let found: Vec<_> = texts(text.as_bytes()).collect();
        assert_eq!(found, [(6..6 + secret.len(), b"KREA_API_KEY=abcdefgh".to_vec())]);
    }

    #[test]
    fn both_alphabets_are_read() {
        let text = "krea>>>???~~~krea>>>???";
        for encoded in [STANDARD.encode(text), URL_SAFE.encode(text)] {
            assert_eq!(texts(encoded.as_bytes()).next().map(|(_, t)| t), Some(text.into()), "{encoded}");
        }
    }
}
