//! Names that come out of files: of members, messages, cells. Takes any text, gives one that is no longer than any name
//! is. It is cut between words only: half a secret would not be known for one where it is shown, and where it is shown
//! it is cut to fit.

use std::borrow::Cow;

/// A longer name is none, in bytes.
const MAX_NAME_BYTES: usize = 1024;

/// A name as it is; of one that is too long, the words at its start.
pub fn bounded(name: &str, most: usize) -> Cow<'_, str> {
    if name.len() <= most {
        return Cow::Borrowed(name);
    }
    let ends_word = |c: char| c.is_whitespace() || ",;()[]{}<>\"'|".contains(c);
    let start = &name[..name.floor_char_boundary(most)];
    let end = start.rfind(ends_word).unwrap_or(0);
    Cow::Owned(format!("{}…", &start[..end]))
}

/// A name on one line.
pub fn one_line(name: &str) -> String {
    let words = name.split_whitespace().collect::<Vec<_>>().join(" ");
    bounded(&words, MAX_NAME_BYTES).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_between_words_only() {
        assert_eq!(one_line(" a\n b\t"), "a b");
        let word = "x".repeat(MAX_NAME_BYTES);
        assert_eq!(one_line(&word), word);
        assert_eq!(one_line(&format!("two words {word}")), "two words…");
        assert_eq!(one_line(&format!("{word}y")), "…");
        assert_eq!(bounded("\u{e9}\u{e9} b", 3), "…");
    }
}
