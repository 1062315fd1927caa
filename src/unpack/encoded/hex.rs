//! Hex digits, two for each byte.

use super::is_promising;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// So many digits tell whether the rest is worth a look. A hash hardly ever starts with a dozen bytes of text.
const HEAD: usize = 24;

static RUN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)[0-9a-f]{40,}|[0-9A-F]{40,}").expect("a constant pattern"));

/// The runs that may hold text: where each stands, and its bytes.
pub fn find(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, Vec<u8>)> + '_ {
    RUN.find_iter(bytes).filter_map(|run| {
        // One digit may be glued to it.
        [0, 1].into_iter().find_map(|from| {
            let digits = &run.as_bytes()[from..];
            let digits = &digits[..digits.len() / 2 * 2];
            let promising = is_promising(&decode(&digits[..HEAD]));
            promising.then(|| (run.start() + from..run.start() + from + digits.len(), decode(digits)))
        })
    })
}

fn decode(digits: &[u8]) -> Vec<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_and_the_rest_is_not() {
        let text = "KREA_API_KEY=abcdefgh";
        let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
        for (written, place) in
            [(hex.clone(), 1..43), (hex.to_uppercase(), 1..43), (format!("a{hex}"), 2..44)]
        {
            let found: Vec<_> = find(format!("\"{written}\"").as_bytes()).collect();
            assert_eq!(found, [(place, text.as_bytes().to_vec())]);
        }
        assert_eq!(find(b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad").count(), 0);
    }
}
