//! Sequences that move, colour and name things on a terminal (ECMA-48).
//!
//! A text is a stream here, not a screen: what says that a text goes on elsewhere ends a line, what colours or erases leaves no
//! trace. [`crate::terminal`] shows recordings as they stood on the screen.

use super::{Escape, EscapeMeaning};

/// ESC, which starts a sequence.
pub const CONTROL: u8 = 0x1b;
pub const BACKSPACE: u8 = 8;
const BELL: u8 = 7;
/// The two bytes that introduce a sequence in UTF-8 without ESC: U+009B.
pub const C1: [u8; 2] = [0xc2, 0x9b];
/// No numbers of a sequence are longer, in bytes.
const MAX_PARAMETER_BYTES: usize = 64;
/// No more that was removed is looked over for where it starts, in bytes.
const MAX_REMOVED_BYTES: usize = 4096;
/// No title, link or clipboard of a terminal is longer, in bytes.
const MAX_TITLE_BYTES: usize = 16 << 10;

/// The sequence that starts some bytes. Bytes that are no text hold ESC by chance: only the longer ones count there.
pub fn sequence(bytes: &[u8], is_binary: bool) -> Option<Escape> {
    let said = |said, length| Some(Escape { said, length });
    match bytes {
        [CONTROL, b'[', rest @ ..] => control_sequence(rest, 2),
        [a, b, rest @ ..] if [*a, *b] == C1 && !is_binary => control_sequence(rest, 2),
        [CONTROL, b']', rest @ ..] => {
            let rest = &rest[..rest.len().min(MAX_TITLE_BYTES)];
            let end = rest.iter().position(|&b| matches!(b, BELL | CONTROL | b'\n'))?;
            let closes = match rest[end..] {
                [BELL, ..] => 1,
                [CONTROL, b'\\', ..] => 2,
                _ => return None,
            };
            // What a person sees stands behind the number of what it is.
            let number = rest[..end].iter().take_while(|b| b.is_ascii_digit() || **b == b';').count();
            said(EscapeMeaning::Aside(2 + number..2 + end), 2 + end + closes)
        }
        _ if is_binary => None,
        // Which letters are drawn, and how.
        [CONTROL, b' '..=b'/', b'0'..=b'~', ..] => said(EscapeMeaning::Nothing, 3),
        // What the keys send, where the cursor was; the end of a string.
        [CONTROL, b'=' | b'>' | b'7' | b'8' | b'\\', ..] => said(EscapeMeaning::Nothing, 2),
        // A new line; everything anew; a string for the terminal.
        [CONTROL, b'D' | b'E' | b'M' | b'c' | b'P' | b'X' | b'^' | b'_', ..] => {
            said(EscapeMeaning::Byte(b'\n'), 2)
        }
        _ => None,
    }
}

/// The end of what a diff shows as removed, where what was put in its place follows at once: both are words of their own,
/// though only their colours part them.
pub fn end_of_removed(bytes: &[u8], at: usize) -> Option<Escape> {
    let colours = |at: usize| {
        let parameters = bytes[at..].strip_prefix(&[CONTROL, b'['])?;
        let length = parameters
            .iter()
            .take(MAX_PARAMETER_BYTES)
            .take_while(|b| b.is_ascii_digit() || **b == b';')
            .count();
        (parameters.get(length) == Some(&b'm')).then(|| &parameters[..length])
    };
    let has = |colours: &[u8], bright: &[u8], dark: &[u8]| {
        colours.split(|&b| b == b';').any(|colour| colour == bright || colour == dark)
    };
    let reset = colours(at).filter(|reset| matches!(**reset, [] | [b'0']))?;
    let length = 3 + reset.len();
    let added = colours(at + length).is_some_and(|colours| has(colours, b"92", b"32"));
    let floor = at.saturating_sub(MAX_REMOVED_BYTES);
    let before = memchr::memrchr(CONTROL, &bytes[floor..at]).filter(|_| added)?;
    let removed = colours(floor + before).is_some_and(|colours| has(colours, b"91", b"31"));
    removed.then_some(Escape { said: EscapeMeaning::Byte(b' '), length })
}

/// What `ESC [` introduces, which is `introducer` bytes long.
fn control_sequence(rest: &[u8], introducer: usize) -> Option<Escape> {
    let rest = &rest[..rest.len().min(MAX_PARAMETER_BYTES)];
    let parameters = rest.iter().take_while(|b| matches!(b, b'0'..=b'?')).count();
    let more = rest[parameters..].iter().take_while(|b| matches!(b, b' '..=b'/')).count();
    let said = match rest.get(parameters + more)? {
        // The cursor goes on in the line, or elsewhere.
        b'C' | b'a' => EscapeMeaning::Byte(b' '),
        b'A' | b'B' | b'D'..=b'H' | b'`' | b'd' | b'e' | b'f' | b'u' => EscapeMeaning::Byte(b'\n'),
        b'@'..=b'~' => EscapeMeaning::Nothing,
        _ => return None,
    };
    Some(Escape { said, length: introducer + parameters + more + 1 })
}

#[cfg(test)]
mod tests {
    use crate::escapes::tests::undone;

    #[test]
    fn colours_are_taken_out() {
        for text in [
            "\u{1b}[1mA\u{1b}[0m=\u{1b}[38;5;12mx",
            r"\x1b[1mA\u001b[0m=\033[36mx",
            r"\e[1mA=x",
            "\u{1b}[01;31m\u{1b}[KA\u{1b}[m\u{1b}[K=x",
            "^[[01;31m^[[KA^[[m^[[K=x",
            "\u{9b}1mA=x",
            "\u{1b}[?25l\u{1b}[>4;2mA\u{1b}[!p=\u{1b}[1 qx",
            "#033[1mA#033[0m=x",
        ] {
            assert_eq!(undone(text), "A=x", "{text:?}");
        }
    }

    #[test]
    fn what_stands_elsewhere_on_the_screen_stands_apart() {
        assert_eq!(undone("A=x\u{1b}[20Gy"), "A=x\ny");
        assert_eq!(undone("A=x\u{1b}[3;1Hy"), "A=x\ny");
        assert_eq!(undone("A\u{1b}[3Cx"), "A x");
    }

    #[test]
    fn titles_and_links_are_undone() {
        assert_eq!(undone("A\u{1b}(B=\u{1b}=x"), "A=x");
        assert_eq!(undone("\u{1b}]0;a title\u{7}A=x"), "A=x\na title");
        let link = "\u{1b}]8;;https://example.com\u{1b}\\A\u{1b}]8;;\u{1b}\\=x";
        assert_eq!(undone(link), "A=x\nhttps://example.com");
        assert_eq!(undone("\u{1b}]0;no end"), "\u{1b}]0;no end");
    }
}
