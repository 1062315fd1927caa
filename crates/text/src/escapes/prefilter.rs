//! Where escapes may hide a word: a prefilter at memory speed, for a scanner that reads most texts no further.

use super::{CONTROL, EscapeMeaning, code, invisible, terminal};
use std::cell::Cell;
use std::ops::Range;

/// How much is to be read around a place where a word may be hidden, in bytes: any word of a few letters, however each of them
/// is escaped.
const BEFORE: usize = 64;
const BEHIND: usize = 256;
/// A word that starts so much before the end of what is read may be cut.
const CUT: usize = 96;
/// No longer a stretch of what is not seen is looked over for the letter behind it, in bytes.
const MAX_UNSEEN_BYTES: usize = 48;

/// Whether `is_it` says so of a stretch of a text in which an escape stands for a letter of a word, or in which something that is
/// not seen, or undone by a terminal, stands between two of its letters. `word` is in lower case and is found in any.
pub fn any_suspect(bytes: &[u8], word: &[u8], is_it: impl Fn(Range<usize>) -> bool) -> bool {
    let escapes = memchr::memchr2_iter(b'\\', b'%', bytes);
    // In programs `&` is frequent: it counts in a text that has entities by number.
    let is_numbered = Cell::new(false);
    let typed = memchr::memchr3_iter(CONTROL, terminal::BACKSPACE, b'#', bytes);
    let is_typed = |at: usize| match bytes[at] {
        b'#' => {
            is_numbered.set(is_numbered.get() || ends_entity_start(&bytes[..at]));
            false
        }
        _ => is_typed(bytes, at, word),
    };
    let is_unseen = |at: usize| is_between(bytes, at, word) && invisible::leading(&bytes[at..]) > 0;
    any_stretch(escapes, bytes.len(), |at| is_escaped(bytes, at, word), &is_it)
        || any_stretch(typed, bytes.len(), is_typed, &is_it)
        || is_numbered.get()
            && any_stretch(
                memchr::memchr_iter(b'&', bytes),
                bytes.len(),
                |at| is_escaped(bytes, at, word),
                &is_it,
            )
        || !bytes.is_ascii()
            && LEADS.iter().any(|[a, b, c]| {
                any_stretch(memchr::memchr3_iter(*a, *b, *c, bytes), bytes.len(), is_unseen, &is_it)
            })
}

/// Whether a `#` behind these bytes may start the number of an entity, as letters are written in HTML: `&#`, `&amp;#`.
fn ends_entity_start(before: &[u8]) -> bool {
    matches!(before.last(), Some(b'&' | b';'))
}

/// The first bytes of all characters that are not seen, the usual ones first.
const LEADS: [[u8; 3]; 3] = [[0xe2, 0xef, 0xc2], [0xe1, 0xcd, 0xe3], [0xf3, 0xf0, 0xd8]];

/// The same of a stretch around one of the places that count. They come in rising order, and one in a stretch that was looked at
/// needs no other.
#[inline]
fn any_stretch(
    places: impl Iterator<Item = usize>,
    length: usize,
    counts: impl Fn(usize) -> bool,
    is_it: &impl Fn(Range<usize>) -> bool,
) -> bool {
    let mut done = 0;
    for at in places {
        if at >= done && counts(at) {
            let stretch = at.saturating_sub(BEFORE)..(at + BEHIND).min(length);
            done = stretch.end.saturating_sub(CUT).max(at + 1);
            if is_it(stretch) {
                return true;
            }
        }
    }
    false
}

/// Whether the byte before a place may be in a word with something behind it.
fn is_behind(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    let is_in = |letters: &[u8], b: &u8| letters.contains(&b.to_ascii_lowercase());
    bytes[..at].last().is_some_and(|b| is_in(&word[..word.len() - 1], b))
}

/// Whether what stands at a place, character or escape, may be between two letters of a word. A cheap look.
fn is_between(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    let is_in = |b: &u8| word[1..].contains(&b.to_ascii_lowercase());
    is_behind(bytes, at, word) && bytes[at..].iter().skip(1).take(MAX_UNSEEN_BYTES).any(is_in)
}

/// Whether the escape at a place stands for a letter of a word, or for nothing between two of them.
#[inline]
fn is_escaped(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    let rest = &bytes[at..];
    // What is quoted several times has several introducers.
    let escape = match rest[0] {
        b'\\'
            if !matches!(
                rest.get(1),
                Some(b'u' | b'x' | b'U' | b'N' | b'e' | b'E' | b'0'..=b'7' | b'\r' | b'\n')
            ) =>
        {
            return false;
        }
        b'%' => {
            let layers = rest[1..].chunks_exact(2).take_while(|pair| *pair == b"25").count();
            let inner = &rest[1 + 2 * layers..];
            let digits = inner.strip_prefix(b"u").map_or(inner.get(..2), |digits| digits.get(..4));
            digits.and_then(code::hex).and_then(EscapeMeaning::of)
        }
        b'&' if rest.get(1) != Some(&b'#') && !rest.starts_with(b"&amp;") && !is_behind(bytes, at, word) => {
            None
        }
        b'&' => {
            let layers = rest[1..].chunks_exact(4).take_while(|layer| *layer == b"amp;").count();
            code::entity_at(&rest[1 + 4 * layers..]).map(|(said, _)| said)
        }
        _ => code::decode(bytes, at).map(|escape| escape.said),
    };
    let is_letter =
        |character: char| u8::try_from(character).is_ok_and(|b| word.contains(&b.to_ascii_lowercase()));
    match escape {
        Some(EscapeMeaning::Byte(b)) if is_letter(char::from(b)) => true,
        Some(EscapeMeaning::Character(c)) if is_letter(c) => true,
        Some(EscapeMeaning::Nothing | EscapeMeaning::Byte(0 | CONTROL)) => is_between(bytes, at, word),
        Some(EscapeMeaning::Byte(0x80..) | EscapeMeaning::Character('\0' | '\u{80}'..)) => {
            is_between(bytes, at, word)
        }
        _ => false,
    }
}

/// Whether a sequence of a terminal, or a backspace, stands between two letters of a word.
fn is_typed(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    match bytes[at] {
        terminal::BACKSPACE => is_between(bytes, at, word) || (at > 0 && is_behind(bytes, at - 1, word)),
        _ => is_between(bytes, at, word) && terminal::sequence(&bytes[at..], false).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;
    use crate::escapes::unescape;

    /// Whether a word can be read in one of the stretches.
    fn is_seen(text: &str) -> bool {
        any_suspect(text.as_bytes(), b"word", |stretch| {
            let plain = Text::plain(&text.as_bytes()[stretch]);
            let text = unescape(&plain).unwrap_or(plain);
            text.bytes().to_ascii_lowercase().windows(4).any(|window| window == b"word")
        })
    }

    #[test]
    fn a_word_is_seen_whichever_of_its_letters_are_escaped() {
        let forms: [fn(char) -> String; 12] = [
            |c| format!(r"\x{:02x}", c as u32),
            |c| format!(r"\u{:04X}", c as u32),
            |c| format!(r"\u{{{:x}}}", c as u32),
            |c| format!(r"\U{:08x}", c as u32),
            |c| format!(r"\{:03o}", c as u32),
            |c| format!(r"\\\\u{:04x}", c as u32),
            |c| format!("%{:02X}", c as u32),
            |c| format!("%2525{:02x}", c as u32),
            |c| format!("&#{};", c as u32),
            |c| format!("&amp;amp;#x{:x};", c as u32),
            |c| format!("%u{:04x}", c as u32),
            |c| format!(r"\N{{U+{:04X}}}", c as u32),
        ];
        for form in forms {
            for escaped in 1..16u8 {
                let letter =
                    |(i, c): (usize, char)| if escaped >> i & 1 == 1 { form(c) } else { c.to_string() };
                let word: String = "WoRd".chars().enumerate().map(letter).collect();
                let text = format!("{} {word} {}", "x".repeat(500), "y".repeat(500));
                assert!(is_seen(&text), "{word}");
            }
        }
    }

    #[test]
    fn a_word_is_seen_with_anything_unseen_in_it() {
        for unseen in [
            "\u{200b}",
            "\u{ad}",
            "\u{feff}\u{2060}",
            "\u{e0100}",
            "\u{34f}",
            "\u{61c}",
            "\u{180e}",
            "\u{1d173}",
            "\\u200b",
            "&#8203;",
            "%E2%80%8B",
            "\x1b[0m\x1b[K",
            r"\x1b[1m",
            r"\033[0m",
            "\x1b[38;5;200m",
            "\\\n",
        ] {
            for at in 1..4 {
                let text = format!("a {}{unseen}{} b", &"word"[..at], &"word"[at..]);
                assert!(is_seen(&text), "{text:?}");
            }
        }
        assert!(is_seen("W\u{8}Wo\u{8}or\u{8}rd\u{8}d") && is_seen("wox\u{8}rd"));
    }

    #[test]
    fn most_escapes_are_no_suspects() {
        let text = r#"{"a":"b\nc\td\\e","url":"https:\/\/x%20y%2Fz&amp;c","u":"\u003c\u00e9"} 漢字 “quoted” caf\u00e9"#;
        assert!(!any_suspect(text.as_bytes(), b"krea", |_| true));
    }

    #[test]
    fn a_text_of_nothing_but_suspects_is_read_in_a_few_stretches() {
        for unit in ["\\x65", "%65", "&#101;", "e\u{200b}r", "e\x1b[mr", "e\u{8}e"] {
            let text = unit.repeat(100_000 / unit.len());
            let read = Cell::new(0);
            any_suspect(text.as_bytes(), b"krea", |stretch| {
                read.set(read.get() + stretch.len());
                false
            });
            assert!((50_000..300_000).contains(&read.get()), "{unit:?}: {read:?}");
        }
    }
}
