//! Comments that allow what stands beside them: on their own line, and where a comment has its line to itself, on the next
//! one. Takes a place in a text, tells whether there is one.

use encoding_rs::Encoding;
use krea_scan_detect as detect;

/// What such a comment says, as a word of its own.
pub const WORD: &str = "krea-scan:allow";
/// What a comment may start with before it where comments start with a word.
const OPENERS: [&str; 3] = ["rem", "@rem", "dnl"];

/// Where a comment stands that allows what is at `at`, in words.
pub fn allows(bytes: &[u8], encoding: Option<&'static Encoding>, at: usize) -> Option<&'static str> {
    let lines = detect::lines_around(bytes, encoding, at);
    if words(&lines.line).next().is_some() {
        return Some("on its line");
    }
    let alone = lines.above.as_deref().is_some_and(|above| words(above).any(is_alone));
    alone.then_some("on the line above")
}

/// What stands before the word, each time that it stands there as one.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices(WORD).filter_map(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + WORD.len()..]);
        (may_end(before) && may_begin(after)).then_some(before)
    })
}

/// Whether a text may end right before the word: with a space, or with what comments and strings start with. A path or a
/// longer word does not.
fn may_end(before: &str) -> bool {
    let marks = ['#', ';', '%', '*', '"', '\'', '`', '(', '[', '{', ',', '|', '!'];
    let ends = |c: char| c.is_whitespace() || marks.contains(&c);
    before.is_empty()
        || before.ends_with(ends)
        || before.ends_with("--")
        || (before.ends_with("//") && !before.ends_with("://"))
}

/// Whether a text may begin right behind the word.
fn may_begin(after: &str) -> bool {
    let marks = ['"', '\'', '`', ')', ']', '}', ',', ';', '('];
    let begins = |text: &str| text.is_empty() || text.starts_with(char::is_whitespace);
    begins(after)
        || after.starts_with(marks)
        || after.starts_with("-->")
        || after.starts_with("*/")
        || after.strip_prefix([':', '.', '!']).is_some_and(begins)
}

/// Whether what stands before the word on its line is no more than what a comment starts with.
fn is_alone(before: &str) -> bool {
    let opener = before.trim().to_ascii_lowercase();
    !before.contains(char::is_alphanumeric) || OPENERS.contains(&opener.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What allows the `T` of a text.
    fn place(text: &str) -> Option<&'static str> {
        allows(text.as_bytes(), None, text.find('T').unwrap())
    }

    #[test]
    fn a_comment_allows_its_own_line() {
        for text in [
            "k=T # krea-scan:allow",
            "k=T #krea-scan:allow",
            "k=T // krea-scan:allow made up",
            "k=T //krea-scan:allow: made up\r\n",
            "<k>T</k><!--krea-scan:allow-->",
            "/*krea-scan:allow*/ k=T",
            "{\"k\": \"T\", \"note\": \"krea-scan:allow\"}",
            "first\nk=T -- krea-scan:allow.\nlast",
        ] {
            assert_eq!(place(text), Some("on its line"), "{text}");
        }
    }

    #[test]
    fn a_comment_alone_allows_the_next_line() {
        for text in [
            "# krea-scan:allow\nk=T",
            "  // krea-scan:allow made up\r\n  k=T",
            "<!-- krea-scan:allow -->\nk=T",
            "REM krea-scan:allow\nk=T",
            "  \"//\": \"krea-scan:allow\",\n  \"k\": \"T\"",
        ] {
            assert_eq!(place(text), Some("on the line above"), "{text}");
        }
    }

    #[test]
    fn what_is_meant_for_another_line_or_is_no_such_word_allows_nothing() {
        for text in [
            "other=value # krea-scan:allow\nk=T",
            "# krea-scan:allow\n\nk=T",
            "k=T\n# krea-scan:allow",
            "# krea-scan:allowlist\nk=T",
            "# krea-scan:allow-list\nk=T",
            "# krea-scan:allowed\nk=T",
            "k=T # no-krea-scan:allow",
            "k=T https://wiki.example.com/krea-scan:allow",
            "k=T http://krea-scan:allow",
            "k=T?x=krea-scan:allow",
            "k=T krea-scan:allow/page",
            "DOCS=https://wiki.example.com/krea-scan:allow\nk=T",
            "see krea-scan:allow\nk=T",
        ] {
            assert_eq!(place(text), None, "{text}");
        }
        // A line that is cut off does not make what is left of it a line.
        let long = format!("{}# krea-scan:allow\nk=T", "x".repeat(2000));
        assert_eq!(place(&long), None);
        let cut = format!("x{} # krea-scan:allow {} k=T", "=".repeat(2000), "=".repeat(400));
        assert_eq!(place(&cut), None);
    }
}
