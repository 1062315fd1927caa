//! The escapes of source code, JSON, URLs, properties files, markup, directories and logs, one at a time.

use super::terminal::CONTROL;
use super::{Escape, EscapeMeaning};

/// A value of bytes that is told from one escape before other letters has so many digits at least.
const LEAST_BYTEA: usize = 16;

/// The escape that starts at `at`. What is none, or says nothing that can be read, is not undone.
pub fn decode(text: &[u8], at: usize) -> Option<Escape> {
    let bytes = &text[at..];
    match bytes[0] {
        b'\\' => backslash(text, at),
        // Of two the second is itself.
        b'%' if text[..at].ends_with(b"%") => None,
        b'%' => percent(bytes),
        b'&' => {
            let (said, length) = entity_at(&bytes[1..])?;
            found(said, length + 1)
        }
        // The caret of `cat -v`.
        b'^' => match bytes {
            [_, b'[', b'[', rest @ ..] => {
                let parameters =
                    rest.iter().take(24).take_while(|b| b.is_ascii_digit() || **b == b';').count();
                let is_colour = matches!(rest.get(parameters), Some(b'm' | b'K'));
                is_colour.then_some(Escape { said: EscapeMeaning::Byte(CONTROL), length: 2 })
            }
            [_, b'@', ..] if !text[..at].ends_with(b"[") => found(EscapeMeaning::Byte(0), 2),
            [_, b'M', b'\n', ..] | [_, b'M'] => found(EscapeMeaning::Nothing, 2),
            [_, b'I', ..] if is_shown_tab(text, at) => found(EscapeMeaning::Byte(b'\t'), 2),
            _ => None,
        },
        // The octal codes of syslog's daemons.
        b'#' => match bytes {
            [_, b'0', a @ b'0'..=b'3', b @ b'0'..=b'7', ..] => match octal(*a, *b) {
                b'\t' => found(EscapeMeaning::Byte(b'\t'), 4),
                b'\n' | b'\r' => found(EscapeMeaning::Byte(b'\n'), 4),
                CONTROL if bytes.get(4) == Some(&b'[') => found(EscapeMeaning::Byte(CONTROL), 4),
                _ => None,
            },
            _ => None,
        },
        // What PowerShell and Office write for a character that XML cannot hold: `_x000A_`.
        b'_' => match bytes {
            [_, b'x', digits @ ..] if digits.get(4) == Some(&b'_') => {
                found(EscapeMeaning::of(hex(&digits[..4])?)?, 7)
            }
            _ => None,
        },
        b'`' => match bytes {
            [_, b'r', b'`', b'n', ..] => found(EscapeMeaning::Byte(b'\n'), 4),
            [_, b'u', b'{', rest @ ..] => braces(rest).and_then(|(said, length)| found(said, length + 3)),
            [_, b'e', b'[', ..] => found(EscapeMeaning::Byte(CONTROL), 2),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a caret and an I at a line's start are a tab, as `cat -A` and `:set list` show one: the line's end has its mark too.
fn is_shown_tab(text: &[u8], at: usize) -> bool {
    let floor = at.saturating_sub(64);
    let before = &text[memchr::memrchr(b'\n', &text[floor..at]).map_or(floor, |i| floor + i + 1)..at];
    let ceiling = (at + 4096).min(text.len());
    let behind = &text[at..memchr::memchr(b'\n', &text[at..ceiling]).map_or(ceiling, |i| at + i)];
    before.chunks(2).all(|pair| pair == b"^I" || pair.trim_ascii().is_empty()) && behind.ends_with(b"$")
}

fn found(said: EscapeMeaning, length: usize) -> Option<Escape> {
    Some(Escape { said, length })
}

fn backslash(text: &[u8], at: usize) -> Option<Escape> {
    let rest = &text[at + 1..];
    match *rest {
        [b'\r', b'\n', ..] => Some(joined_line(text, at, 3)),
        [b'\n', ..] => Some(joined_line(text, at, 2)),
        [b'n' | b'r', ..] => found(EscapeMeaning::Byte(b'\n'), 2),
        [b't', ..] => found(EscapeMeaning::Byte(b'\t'), 2),
        [c @ (b'"' | b'\'' | b'`' | b'\\' | b'/' | b':' | b'=' | b'+' | b'-' | b'_' | b'&' | b'$'), ..] => {
            found(EscapeMeaning::Byte(c), 2)
        }
        [b'u' | b'x', b'{', ref rest @ ..] => braces(rest).and_then(|(said, length)| found(said, length + 3)),
        [b'N', b'{', b'U', b'+', ref rest @ ..] => {
            braces(rest).and_then(|(said, length)| found(said, length + 5))
        }
        [b'u', ..] => {
            // Java takes any number of them.
            let count = rest.iter().take(8).take_while(|&&b| b == b'u').count();
            let (said, digits) = utf16(&rest[count..], b"\\u")?;
            found(said, 1 + count + digits)
        }
        [b'U', ref digits @ ..] => found(EscapeMeaning::of(hex(digits.get(..8)?)?)?, 10),
        [b'x', ref digits @ ..] if !is_bytea(text, at) => {
            found(EscapeMeaning::Byte(hex(digits.get(..2)?)? as u8), 4)
        }
        // A font of a manual page.
        [b'f', b'B' | b'C' | b'I' | b'P' | b'R', ..] => found(EscapeMeaning::Nothing, 3),
        [b'e' | b'E', b'[' | b']' | b'(', ..] => found(EscapeMeaning::Byte(CONTROL), 2),
        [b'0'..=b'7', ..] => octal_code(rest).or_else(|| hex_pair(rest)),
        _ => None,
    }
}

/// Whether the `\x` at a place starts the bytes of a value of PostgreSQL's, `'\x4b524541'`: nothing else is in the string.
fn is_bytea(text: &[u8], at: usize) -> bool {
    let digits = text[at + 2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let is_border = |b: Option<&u8>| b.is_none_or(|b| matches!(b, b'\'' | b'"' | b'\t' | b'\n'));
    digits >= LEAST_BYTEA && is_border(text[..at].last()) && is_border(text.get(at + 2 + digits))
}

/// An octal code behind a backslash: three digits, four behind `\0` where `printf` reads so many, or fewer, as far as that says
/// something. Of `\1550e8400-…` the first digit is a part of an expression that replaces text, and the others are an id's.
fn octal_code(digits: &[u8]) -> Option<Escape> {
    match *digits {
        [b'0', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ref rest @ ..]
            if octal(a, b) < b' '
                && matches!(octal(a, b) << 3 | octal(b'0', c), b' '..=b'~')
                && !rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-') =>
        {
            found(EscapeMeaning::Byte(octal(a, b) << 3 | octal(b'0', c)), 5)
        }
        [b'1'..=b'3', ref rest @ ..] if starts_as_uuid(rest) => None,
        [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            found(EscapeMeaning::Byte((a - b'0') << 6 | octal(b, c)), 4)
        }
        [b'3', b'3', b'[', ..] => found(EscapeMeaning::Byte(CONTROL), 3),
        [a @ b'4'..=b'7', b @ b'0'..=b'7', ..] => found(EscapeMeaning::Byte(octal(a, b)), 3),
        [b'0', ref rest @ ..] if !rest.first().is_some_and(u8::is_ascii_digit) => {
            found(EscapeMeaning::Byte(0), 2)
        }
        _ => None,
    }
}

/// Whether some bytes start as a UUID does: eight hex digits and a hyphen.
pub fn starts_as_uuid(text: &[u8]) -> bool {
    matches!(text.split_at_checked(8), Some((digits, [b'-', ..])) if digits.iter().all(u8::is_ascii_hexdigit))
}

/// Two hex digits of a sign, as directories (RFC 4514) and style sheets write it: `\3a`, `\2D`. Style sheets put a space behind
/// it where a digit follows.
fn hex_pair(digits: &[u8]) -> Option<Escape> {
    let code = u8::try_from(hex(digits.get(..2)?)?).ok().filter(u8::is_ascii_punctuation)?;
    let space = matches!(digits[2..], [b' ', b, ..] if b.is_ascii_hexdigit());
    found(EscapeMeaning::Byte(code), 3 + usize::from(space))
}

/// The digits up to a closing brace.
fn braces(rest: &[u8]) -> Option<(EscapeMeaning, usize)> {
    let close = rest.iter().take(9).position(|&b| b == b'}')?;
    Some((EscapeMeaning::of(hex(&rest[..close])?)?, close + 1))
}

/// A unit of UTF-16 in four digits, or two that make one character, and how long that is. `introducer` starts the second one.
fn utf16(bytes: &[u8], introducer: &[u8]) -> Option<(EscapeMeaning, usize)> {
    let unit = hex(bytes.get(..4)?)?;
    if !(0xd800..0xdc00).contains(&unit) {
        return Some((EscapeMeaning::of(unit)?, 4));
    }
    let rest = bytes[4..].strip_prefix(introducer)?;
    let low = hex(rest.get(..4)?)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((EscapeMeaning::of(0x10000 + ((unit - 0xd800) << 10) + low)?, 8 + introducer.len()))
}

/// `%3A`; `%u003a`; of what is no ASCII, the character that is spelt out.
fn percent(bytes: &[u8]) -> Option<Escape> {
    if let Some(digits) = bytes.strip_prefix(b"%u") {
        return utf16(digits, b"%u").and_then(|(said, length)| found(said, length + 2));
    }
    let byte = |bytes: &[u8]| u8::try_from(hex(bytes.strip_prefix(b"%")?.get(..2)?)?).ok();
    let first = byte(bytes)?;
    if first.is_ascii() {
        return found(EscapeMeaning::of(first.into())?, 3);
    }
    let length = [0xc0, 0xe0, 0xf0].iter().filter(|&&least| first >= least).count() + 1;
    let mut character = [0; 4];
    for (i, place) in character[..length.min(4)].iter_mut().enumerate() {
        *place = byte(bytes.get(3 * i..)?)?;
    }
    let mut characters = std::str::from_utf8(&character[..length.min(4)]).ok()?.chars();
    found(EscapeMeaning::Character(characters.next()?), 3 * length)
}

/// A backslash at a line's end joins the lines. In a quoted string of YAML, and in a properties file, nothing comes between
/// them; in a command the indentation of the second line does.
fn joined_line(text: &[u8], at: usize, newline: usize) -> Escape {
    let indent = text[at + newline..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let floor = at.saturating_sub(512);
    let line = memchr::memrchr(b'\n', &text[floor..at]).map_or(floor, |i| floor + i + 1);
    let quoted = memchr::memchr_iter(b'"', &text[line..at]).count() % 2 == 1;
    let word = text[line..at].trim_ascii_start();
    let is_property = !word.starts_with(b"-") && !word.iter().any(u8::is_ascii_whitespace);
    let inside_word = (quoted || is_property) && !text[line..at].ends_with(b" ");
    let said = if indent > 0 && !inside_word { EscapeMeaning::Byte(b' ') } else { EscapeMeaning::Nothing };
    Escape { said, length: newline + indent }
}

fn octal(a: u8, b: u8) -> u8 {
    (a - b'0') << 3 | (b - b'0')
}

/// The number that hex digits are, however many zeros come first.
pub fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    let add = |number: u32, &digit: &u8| Some(number.checked_mul(16)? | char::from(digit).to_digit(16)?);
    digits.iter().try_fold(0, add)
}

/// The character of HTML that some bytes name up to a semicolon, and how long that is.
pub fn entity_at(bytes: &[u8]) -> Option<(EscapeMeaning, usize)> {
    let close = bytes.iter().take(18).position(|&b| b == b';')?;
    Some((entity(&bytes[..close])?, close + 1))
}

/// The number in what stands between the `&` and the semicolon of a numbered character of HTML or XML: `#58`, `#x3a`.
pub fn entity_number(entity: &[u8]) -> Option<u32> {
    match entity {
        [b'#', b'x' | b'X', digits @ ..] => hex(digits),
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

/// A character of HTML, by its name or its number.
fn entity(name: &[u8]) -> Option<EscapeMeaning> {
    let character = match name {
        b"quot" => '"',
        b"apos" => '\'',
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"colon" => ':',
        b"equals" => '=',
        b"plus" => '+',
        b"sol" => '/',
        b"lowbar" | b"UnderBar" => '_',
        b"commat" => '@',
        b"num" => '#',
        b"comma" => ',',
        b"period" => '.',
        b"semi" => ';',
        b"Tab" => '\t',
        b"NewLine" => '\n',
        b"nbsp" | b"ensp" | b"emsp" | b"thinsp" => ' ',
        b"shy" => '\u{ad}',
        b"ZeroWidthSpace" | b"NoBreak" | b"zwnj" | b"zwj" | b"lrm" | b"rlm" => '\u{200b}',
        numbered => return EscapeMeaning::of(entity_number(numbered)?),
    };
    Some(EscapeMeaning::Character(character))
}

#[cfg(test)]
mod tests {
    use crate::Text;
    use crate::escapes::tests::undone;
    use crate::escapes::unescape;

    #[test]
    fn a_part_of_an_expression_is_no_octal_digit() {
        for text in [r"s/(K=).*/\1550e8400-e29b-41d4/", r"\1"] {
            assert_eq!(undone(text), text);
        }
        assert_eq!(undone(r"\141\142\143\1370e8400"), "abc_0e8400");
    }

    #[test]
    fn every_escape_of_a_colon_is_undone() {
        for escaped in [
            r"a\:b",
            r"a\u003ab",
            r"a\u003Ab",
            r"a\uuu003ab",
            r"a\U0000003ab",
            r"a\x3ab",
            r"a\x{3a}b",
            r"a\u{3a}b",
            r"a\u{00003a}b",
            r"a\N{U+003A}b",
            r"a\72b",
            r"a\072b",
            r"a\0072\u0062",
            r"a\3a b",
            r"a\3Ab",
            "a`u{3a}b",
            "a%3Ab",
            "a%253Ab",
            "a%25253Ab",
            "a%u003Ab",
            "a&#58;b",
            "a&#x3a;b",
            "a&colon;b",
            "a&amp;colon;b",
            "a_x003A_b",
        ] {
            assert_eq!(undone(escaped), "a:b", "{escaped}");
        }
    }

    #[test]
    fn a_zero_is_one_however_it_is_written() {
        for escaped in [r"a\x00b", r"a\u0000b", r"a\0b", r"a\000b", r"a\u{0}b", "a%00b", "a^@b", "a&#0;b"] {
            assert_eq!(undone(escaped), "a\0b", "{escaped}");
        }
    }

    #[test]
    fn line_ends_of_logs_and_shells_are_undone() {
        for escaped in [r"a\nb", r"a\rb", "a#012b", "a`r`nb", "a_x000A_b", r"a\012b", "a%0Ab", r"a\u{a}b"] {
            assert_eq!(undone(escaped), "a\nb", "{escaped}");
        }
    }

    #[test]
    fn what_is_no_ascii_is_the_character_that_it_says() {
        for escaped in [
            r"\u00e9\ud83d\ude00",
            r"\xc3\xa9\u{1f600}",
            "%C3%A9%F0%9F%98%80",
            "&#233;&#x1f600;",
            r"\303\251\U0001f600",
        ] {
            assert_eq!(undone(escaped), "é😀", "{escaped}");
        }
        assert_eq!(unescape(&Text::plain(br"\x1aa\xffb")).expect("escapes").bytes(), b"\x1aa\xffb");
    }

    #[test]
    fn tabs_that_are_shown_are_tabs() {
        assert_eq!(undone("^I^Ia: b$\n"), "\t\ta: b$\n");
        for text in ["^Import\n", "x ^Ia$\n"] {
            assert_eq!(undone(text), text);
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [
            "100%",
            "%zz",
            r"C:\users",
            "a & b",
            "&unknown;",
            r"\u12",
            "%e4",
            "%e4%zz",
            r"\ud800x",
            r"\u{110000}",
            "[^@]",
            "`name`",
            "a_x12_b",
            "x_x0zz0_",
            r"\99",
            "&#xfffffff;",
        ] {
            assert_eq!(undone(text), text);
        }
    }

    #[test]
    fn joined_lines_lose_their_indentation() {
        assert_eq!(undone("curl \\\n   -H x"), "curl  -H x");
        assert_eq!(undone("abc\\\ndef"), "abcdef");
        assert_eq!(undone("k: \"abc\\\n   def\""), "k: \"abcdef\"");
    }

    #[test]
    fn digits_behind_a_line_end_are_none_of_its_code() {
        assert_eq!(undone(r"\0127c9e"), "\n7c9e");
        assert_eq!(undone(r"\0113\0122\0105\0101"), "KREA");
    }

    #[test]
    fn zeros_may_come_first_in_a_number_and_none_is_cut() {
        assert_eq!(super::entity_number(b"#x0000000ad"), Some(0xad));
        assert_eq!(super::entity_number(b"#xffffffff"), Some(u32::MAX));
        assert_eq!((super::entity_number(b"#x1ffffffff"), super::entity_number(b"#x")), (None, None));
    }
}
