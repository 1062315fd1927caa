//! Characters that nobody sees: what Unicode says may be ignored when a text is shown (zero-width spaces and joiners, marks
//! of direction, soft hyphens, selectors of variants), and the kinds of space beside the usual one.

use crate::Text;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Nothing to see, and space. Both are properties of characters (UAX #44).
static UNSEEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([\p{Default_Ignorable_Code_Point}\p{Cf}]+)|[\p{Zs}--\x20]").expect("a constant pattern")
});

/// The same at the start of a text.
static LEADING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A[\p{Default_Ignorable_Code_Point}\p{Cf}]{1,16}").expect("a constant pattern")
});

/// How many bytes nobody sees at the start of some bytes; not many are looked at.
pub fn leading(bytes: &[u8]) -> usize {
    LEADING.find(&bytes[..bytes.len().min(64)]).map_or(0, |unseen| unseen.len())
}

/// A text without what nobody sees, and with one kind of space; `None` when it has none of them.
pub fn remove<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    if bytes.is_ascii() {
        return None;
    }
    let unseen = UNSEEN.captures_iter(bytes).map(|found| {
        let by: &[u8] = if found.get(1).is_none() { b" " } else { b"" };
        (found.get_match().range(), by)
    });
    text.replaced(unseen)
}

#[cfg(test)]
mod tests {
    use crate::Text;
    use crate::escapes::{tests::undone, unescape};

    #[test]
    fn what_nobody_sees_is_taken_out() {
        for unseen in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2063}',
            '\u{2066}',
            '\u{2069}',
            '\u{206a}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0041}',
            '\u{e0100}',
        ] {
            assert_eq!(undone(&format!("a{unseen}b{unseen}{unseen}:c")), "ab:c", "{unseen:?}");
        }
        assert_eq!(undone("a&#8203;b\\u200b:\\xe2\\x80\\x8b%E2%80%8Bc&#xfeff;&shy;"), "ab:c");
    }

    #[test]
    fn every_space_is_one() {
        for space in ['\u{a0}', '\u{2003}', '\u{2009}', '\u{202f}', '\u{205f}', '\u{3000}'] {
            assert_eq!(undone(&format!("a:{space}b")), "a: b", "{space:?}");
        }
    }

    #[test]
    fn what_is_seen_stays() {
        for text in ["naïve – “quoted” 漢字 😀 e\u{301}", "plain"] {
            assert_eq!(undone(text), text);
        }
        let latin_1 = Text::plain(b"caf\xe9\xa0\xad x");
        assert!(unescape(&latin_1).is_none());
    }

    #[test]
    fn each_byte_knows_where_it_stands() {
        let plain = Text::plain("a\u{200b}b\u{a0}c".as_bytes());
        let text = unescape(&plain).expect("something unseen");
        assert_eq!(text.bytes(), b"ab c");
        assert_eq!((0..4).map(|at| text.origin(at)).collect::<Vec<_>>(), [0, 4, 5, 7]);
    }
}
