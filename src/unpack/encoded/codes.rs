//! Character codes in a list, as `String.fromCharCode(107, 114)` and `new Uint8Array([0x6b, 0x72])` take them.

use super::is_ascii_text;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Fewer codes hold no token.
const LEAST: usize = 20;

static RUN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\b(?:0x[0-9a-fA-F]{1,2}|[0-9]{1,3})(?:\s{0,40},\s{0,40}(?:0x[0-9a-fA-F]{1,2}|[0-9]{1,3})){19,}")
        .expect("a constant pattern")
});

static CODE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)0x([0-9a-fA-F]{1,2})|([0-9]{1,3})").expect("a constant pattern"));

/// The stretches of lists whose codes are those of text: where each stands, and its bytes.
pub fn find(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, Vec<u8>)> + '_ {
    RUN.find_iter(bytes).flat_map(|run| stretches(run.as_bytes(), run.start()))
}

fn stretches(list: &[u8], start: usize) -> Vec<(Range<usize>, Vec<u8>)> {
    let mut found: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    let mut goes_on = false;
    for code in CODE.captures_iter(list) {
        let (digits, radix) = match (code.get(1), code.get(2)) {
            (Some(digits), _) => (digits.as_bytes(), 16),
            (_, Some(digits)) => (digits.as_bytes(), 10),
            _ => continue,
        };
        let value =
            std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, radix).ok());
        let (Some(place), Some(value)) = (code.get(0), value.filter(|&value| is_ascii_text(value))) else {
            goes_on = false;
            continue;
        };
        let place = start + place.start()..start + place.end();
        match found.last_mut() {
            Some((range, text)) if goes_on => {
                range.end = place.end;
                text.push(value);
            }
            _ => found.push((place, vec![value])),
        }
        goes_on = true;
    }
    found.retain(|(_, text)| text.len() >= LEAST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_codes_are_text_where_their_codes_are() {
        let text = "KREA_API_KEY=abcdefgh";
        let decimal: Vec<String> = text.bytes().map(|b| b.to_string()).collect();
        let hex: Vec<String> = text.bytes().map(|b| format!("{b:#x}")).collect();
        for list in [decimal.join(","), hex.join(", "), decimal.join(",\n    ")] {
            let source = format!("f([0, {list}, 255])");
            let found: Vec<_> = find(source.as_bytes()).collect();
            assert_eq!(found, [(6..6 + list.len(), text.as_bytes().to_vec())], "{source}");
        }
        assert_eq!(
            find(b"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]").count(),
            0
        );
    }
}
