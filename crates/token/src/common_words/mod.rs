//! What can be shown of what another program wrote that had a secret in its hands: common words, and nothing else.
//!
//! Takes a text, gives that part of it. Knows no secret and no encoding: a form of a secret that nobody thought of (in
//! hex, reversed, spaced out, in other letters, over several lines) is no line of common words, so it is not shown. The
//! words are data, `words.txt`: those that programs tell errors in, none of one letter, no numbers, no spelling alphabet.

use crate::MASK;
use std::collections::HashSet;
use std::sync::LazyLock;

static WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("words.txt").split_whitespace().collect());

/// A line of common words with fewer letters than this says nothing, and a piece of a secret may look like one.
const LETTERS: usize = 6;
/// The same where other words are left out.
const LETTERS_LEFT: usize = 10;

/// What a text has to show.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CommonWords {
    /// The lines that can be shown, with a mask for each run of words that cannot.
    pub lines: Vec<String>,
    /// How many lines cannot be shown at all.
    pub hidden: usize,
}

impl CommonWords {
    /// Looks through a text, line by line; empty lines are nothing.
    pub fn of(text: &str) -> CommonWords {
        let mut common = CommonWords::default();
        for text in text.lines().filter(|line| !line.trim().is_empty()) {
            match line(text) {
                Some(shown) => common.lines.push(shown),
                None => common.hidden += 1,
            }
        }
        common
    }
}

/// The common words of a line: `None` unless most of it is such words.
pub fn line(text: &str) -> Option<String> {
    let chunks: Vec<&str> = text.split_whitespace().collect();
    let shown: Vec<Option<String>> = chunks.iter().map(|chunk| common(chunk)).collect();
    let letters: usize =
        shown.iter().flatten().flat_map(|word| word.bytes()).filter(u8::is_ascii_alphabetic).count();
    let common = shown.iter().flatten().count();
    let wanted = if common == chunks.len() { LETTERS } else { LETTERS_LEFT };
    if common * 2 < chunks.len() || letters < wanted {
        return None;
    }
    let mut line = String::new();
    for word in shown {
        let word = word.as_deref().unwrap_or(MASK);
        // One mask for a run: how many words it hides is not told.
        if word == MASK && line.ends_with(MASK) {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    Some(line)
}

/// A common word with the punctuation of a sentence around it, as it is shown; `None` for anything else.
fn common(chunk: &str) -> Option<String> {
    let is_mark = |c: char| "\"'`():;,.!?".contains(c);
    let word = chunk.trim_matches(is_mark);
    let (before, after) = chunk.split_once(word)?;
    // A sentence has no more of them; what has may mean something by them.
    if before.len() > 2 || after.len() > 3 {
        return None;
    }
    let parts: Vec<&str> = word.split('-').collect();
    (parts.len() <= 3 && parts.iter().all(|part| is_common(part))).then(|| chunk.to_owned())
}

/// Whether it is in the list: as it is, as the first word of a sentence, or in capitals.
fn is_common(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let first = |word: &str| word.get(..1).map(str::to_ascii_uppercase);
    let is_written = word == lower
        || word == word.to_ascii_uppercase()
        || first(&lower).is_some_and(|first| *word == first + &lower[1..]);
    is_written && WORDS.contains(lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Tokens;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn what_programs_say_of_an_error_is_shown() {
        for (said, shown) in [
            ("error: permission denied", "error: permission denied"),
            ("Permission denied (publickey).", "Permission denied ••••"),
            ("Error: You must run:", "Error: You must run:"),
            ("HTTP 403: Resource not accessible by integration", "HTTP •••• Resource not •••• by ••••"),
            ("unauthorized", "unauthorized"),
            ("  * permission denied for secret/data/krea", "•••• permission denied for ••••"),
            ("request failed: time-out, try again!", "request failed: time-out, try again!"),
        ] {
            assert_eq!(line(said).as_deref(), Some(shown), "{said}");
        }
        for said in ["", "  ", "e2b1c9", "a b c", "is to", "no", "it is x7", "saved 5 in x7 at q", "…"] {
            assert_eq!(line(said), None, "{said}");
        }
        let words = CommonWords::of("error: no such secret\n\nx7Jq\n 0x1f\n");
        assert_eq!(words, CommonWords { lines: vec!["error: no such secret".to_owned()], hidden: 2 });
    }

    /// Everything that the ordinary tools make of a text, and some that none makes.
    fn forms(text: &str) -> Vec<String> {
        let bytes = text.as_bytes();
        let joined =
            |with: &str, of: &dyn Fn(&u8) -> String| bytes.iter().map(of).collect::<Vec<_>>().join(with);
        let fold = |text: &str, width: usize| {
            let lines: Vec<&str> = text
                .as_bytes()
                .chunks(width)
                .map(|line| std::str::from_utf8(line).unwrap_or_default())
                .collect();
            lines.join("\n")
        };
        let swapped = |c: char| {
            if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
        };
        let rot13 = |c: char| match c {
            'a'..='z' => ((c as u8 - b'a' + 13) % 26 + b'a') as char,
            'A'..='Z' => ((c as u8 - b'A' + 13) % 26 + b'A') as char,
            c => c,
        };
        let hex = joined("", &|byte| format!("{byte:02x}"));
        let base64 = STANDARD.encode(bytes);
        let mut forms = vec![
            text.to_owned(),
            text.to_uppercase(),
            text.to_lowercase(),
            text.chars().map(swapped).collect(),
            text.chars().map(rot13).collect(),
            text.chars().rev().collect(),
            joined(" ", &|&byte| (byte as char).to_string()),
            joined("   ", &|&byte| (byte as char).to_string()),
            joined("\n", &|&byte| (byte as char).to_string()),
            joined("-", &|&byte| (byte as char).to_string()),
            joined(" ", &|byte| format!("{byte:02x}")),
            joined(" ", &|byte| format!("{byte:03o}")),
            joined(" ", &|byte| format!("{byte}")),
            joined("", &|byte| format!("\\x{byte:02X}")),
            joined("", &|byte| format!("%{byte:02x}")),
            joined("", &|byte| format!("&#{byte};")),
            joined(" ", &|byte| format!("{byte:08b}")),
            hex.clone(),
            base64.clone(),
            base64.chars().rev().collect(),
            STANDARD.encode(&base64),
            format!("\u{1b}[31m{text}\u{1b}[0m"),
        ];
        for whole in [text, &hex, &base64] {
            forms.extend((1..24).map(|width| fold(whole, width)));
            forms.extend((1..8).map(|width| fold(whole, width).replace('\n', " ")));
            forms.extend((1..8).map(|width| fold(whole, width).replace('\n', ".\n")));
        }
        forms
    }

    /// Tokens with secrets in hex, and in letters of both cases.
    fn texts() -> Vec<String> {
        let mut tokens = Tokens::new();
        let mixed = |text: &str| -> String {
            let digit = |(at, c): (usize, char)| match (at % 3, c.to_digit(16)) {
                (1, Some(digit)) => char::from(b'g' + digit as u8),
                (2, Some(digit)) => char::from(b'K' + digit as u8),
                _ => c,
            };
            text.chars().enumerate().map(digit).collect()
        };
        let pairs = (0..12).flat_map(|_| [tokens.text(), mixed(&tokens.text())]);
        pairs.collect()
    }

    #[test]
    fn no_form_of_a_token_is_common_words() {
        for text in texts() {
            for form in forms(&text) {
                for said in [form.clone(), format!("{form}\n{form}"), form.replace('\n', "\t\n")] {
                    assert_eq!(CommonWords::of(&said).lines, [""; 0], "a form of a token is shown");
                }
            }
        }
    }

    #[test]
    fn words_beside_a_token_do_not_carry_it_along() {
        for text in texts() {
            // Of one that stands between words in pieces, each piece is a word like any other.
            for form in forms(&text).into_iter().filter(|form| form.lines().all(|line| line.len() > 3)) {
                let said = form
                    .lines()
                    .map(|line| format!("error: the token {line} was not stored\n"))
                    .collect::<String>();
                for shown in CommonWords::of(&said).lines {
                    assert_eq!(shown, "error: the token •••• was not stored", "a form of a token is shown");
                }
            }
        }
    }

    #[test]
    fn no_word_is_a_letter_a_number_or_of_a_spelling_alphabet() {
        let spelling = "alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa \
                        quebec romeo sierra tango uniform victor whiskey xray yankee zulu zero one two three four five six \
                        seven eight nine";
        for word in spelling.split_whitespace() {
            assert!(!WORDS.contains(word), "{word}");
        }
        for word in WORDS.iter() {
            assert!(word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase()), "{word}");
        }
    }
}
