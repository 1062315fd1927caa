//! What a character may be that was read from a picture: the hex digit it looks like, a dash, a colon, a space, nothing.
//!
//! Takes one character, gives what it can stand for in a token. The look-alikes are those that Tesseract 5 took for one
//! another in pictures of terminals and pages, light and dark, and those that word processors put in by themselves.

/// The hex digits that a character stands for in an id half, in lower case: itself, or the digit that it is taken for.
/// A ligature stands for two. Nothing where it is like no digit.
pub fn hex_digits(c: char) -> &'static [u8] {
    match c {
        '0' | 'O' | 'o' | 'Q' | '@' | '®' | 'Ø' | 'ø' | 'О' | 'о' | 'Ο' | 'ο' | '°' | 'º' => b"0",
        '1' | 'l' | 'I' | 'i' | '|' | '!' | 'ı' | 'í' | 'ì' | 'ï' | 'î' | 'І' | 'і' | 'Ι' | 'ι' | 'ł' => {
            b"1"
        }
        '2' | 'Z' | 'z' => b"2",
        '3' | 'З' | 'з' => b"3",
        '4' => b"4",
        '5' | 'S' | 's' | '§' | '$' | 'Ѕ' | 'ѕ' => b"5",
        '6' | 'G' | 'б' => b"6",
        '7' | 'T' | '?' => b"7",
        '8' | '&' => b"8",
        '9' | 'g' | 'q' => b"9",
        'a' | 'A' | 'а' | 'А' | 'á' | 'à' | 'ä' | 'â' | 'å' | 'ã' => b"a",
        'b' | 'B' | 'В' | 'h' | 'ь' | 'ß' => b"b",
        'c' | 'C' | 'с' | 'С' | 'ç' | '¢' | '©' => b"c",
        'd' | 'D' => b"d",
        'e' | 'E' | 'е' | 'Е' | 'é' | 'è' | 'ë' | 'ê' | '€' => b"e",
        'f' | 'F' | '£' | 'ƒ' | 'ſ' => b"f",
        'ﬁ' | 'ﬂ' => b"f1",
        'ﬀ' => b"ff",
        _ => b"",
    }
}

/// The character of a secret half that a character is, or is taken for; nothing where it can be none.
pub fn secret_chars(c: char) -> &'static [u8] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if c.is_ascii() {
        let at = ALPHABET.iter().position(|&b| b == c as u8);
        return match (at, c) {
            (Some(at), _) => &ALPHABET[at..=at],
            (None, '+') => b"+",
            (None, '/') => b"/",
            (None, '|') => b"l",
            _ => b"",
        };
    }
    match c {
        '£' | 'ƒ' | 'ſ' => b"f",
        '€' | 'е' | 'é' | 'è' => b"e",
        '§' | 'Ѕ' => b"S",
        '¥' => b"Y",
        '©' | 'С' => b"C",
        '®' => b"R",
        '°' | 'º' | 'о' | 'ø' => b"o",
        'О' | 'Ø' => b"O",
        '¢' | 'с' | 'ç' => b"c",
        'а' | 'á' | 'à' | 'ä' => b"a",
        'А' => b"A",
        'В' => b"B",
        'Е' => b"E",
        'І' => b"I",
        'ı' | 'í' | 'ì' | 'і' => b"i",
        'ﬁ' => b"fi",
        'ﬂ' => b"fl",
        'ﬀ' => b"ff",
        c if is_dash(c) => b"-",
        _ => b"",
    }
}

/// Whether a character is a dash, whatever a typesetter or a reader of pictures made of it.
pub fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '~' | '_' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2212}'
                | '\u{2043}'
                | '\u{207b}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
                | '\u{ff5e}'
                | '¬'
                | '¯'
    )
}

/// Whether a character stands where a colon stood.
pub fn is_colon(c: char) -> bool {
    matches!(c, ':' | '：' | '꞉' | '∶' | 'ː' | '˸' | '﹕' | '︓' | ';' | '；' | '.')
}

/// Whether a character takes no place: soft hyphens, joiners, marks of direction.
pub fn is_nothing(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

/// Whether a character is space within a line.
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Whether a character is one that frames, quotes and margins put at the ends of lines.
pub fn is_margin(c: char) -> bool {
    matches!(
        c,
        '│' | '┃'
            | '║'
            | '┆'
            | '┊'
            | '╎'
            | '|'
            | '>'
            | '❯'
            | '›'
            | '#'
            | '*'
            | '↵'
            | '⏎'
            | '⤶'
            | '↩'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_stands_for_itself() {
        for c in "0123456789abcdef".chars() {
            assert_eq!(hex_digits(c), [c as u8]);
            assert_eq!(hex_digits(c.to_ascii_uppercase()), [c as u8]);
        }
        for c in "mnrvwxyk:-. \n'\"".chars() {
            assert!(hex_digits(c).is_empty(), "{c}");
        }
    }

    #[test]
    fn look_alikes_stand_for_what_they_look_like() {
        for (read, meant) in [("OoQ", "0"), ("lIi|", "1"), ("Zz", "2"), ("Ss", "5"), ("gq", "9"), ("£", "f")]
        {
            for c in read.chars() {
                assert_eq!(hex_digits(c), meant.as_bytes(), "{c}");
            }
        }
    }

    #[test]
    fn the_alphabet_of_secrets_stands_for_itself() {
        for c in ('A'..='Z').chain('a'..='z').chain('0'..='9').chain("-_+/".chars()) {
            assert_eq!(secret_chars(c), [c as u8]);
        }
        assert_eq!(secret_chars('—'), b"-");
        for c in "=:'\" .\n(".chars() {
            assert!(secret_chars(c).is_empty(), "{c}");
        }
    }
}
