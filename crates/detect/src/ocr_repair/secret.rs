//! The secret half of a token as a picture's reader gave it: words that belong together, over spaces and broken lines.
//!
//! A secret ends nowhere by itself. What follows a space belongs to it only where it looks drawn at random, as the secret
//! does, and names, words, options, addresses and the next token do not.

use super::glyphs;
use super::reader::{NoiseGap, NoiseReader};
use super::wrap;
use crate::placeholder;
use krea_scan_token::randomness;

/// The least a secret has, in characters.
pub const LEAST: usize = 16;
/// The most, and the most words that it is read in.
const MAX_SECRET_CHARS: usize = 256;
const MAX_WORDS: usize = 24;
/// So much of a hex secret is read as the digits that it has, in percent: one of another alphabet has a third of it.
const LEAST_HEX: usize = 80;
/// A line at least so long, in bytes, may have been broken because it was full.
pub const FULL_LINE: usize = 60;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its text without what lay between.
    pub text: Vec<u8>,
    /// Where its last character ends.
    pub end: usize,
    /// Where that ends which may belong to it, and is better not shown.
    pub hidden: usize,
    /// How much of it stands at its start in one piece, every character as it was read.
    pub clean: usize,
}

/// A run of characters that a secret may have.
#[derive(Clone, Debug)]
struct SecretRun {
    gap: NoiseGap,
    text: Vec<u8>,
    start: usize,
    end: usize,
    is_clean: bool,
    /// What follows does not make a name, a key or an address of it.
    is_value: bool,
}

/// The secret half that starts at a place.
pub fn at(text: &[u8], start: usize) -> Option<Secret> {
    let first = word(text, start, NoiseGap::default())?;
    let mut words = vec![first];
    let mut taken = 1;
    let mut length = words[0].text.len();
    while words.len() < MAX_WORDS && length < MAX_SECRET_CHARS {
        let last = &words[words.len() - 1];
        let mut reader = NoiseReader::new(text, last.end);
        let gap = reader.gap();
        if !gap.is_wide() {
            break;
        }
        let Some(next) = word(text, reader.at, gap).filter(|next| next.is_value) else { break };
        let enough = length_of(&words[..taken]) >= LEAST;
        let weak = words.len() - taken;
        let hex = words[..taken].iter().all(|word| word.text.iter().all(|b| is_lower_hex(*b)));
        let strong = is_random(&next.text, hex, enough);
        let ends_line =
            gap.lines > 0 && enough && (ends_full_line(text, last, &next) || is_rest(text, last, &next));
        if !strong && !ends_line && (weak >= 3 || is_told(&next.text, enough, hex)) {
            break;
        }
        length += next.text.len();
        words.push(next);
        if strong || ends_line {
            taken = words.len();
        }
        if ends_line && !strong {
            break;
        }
    }
    let secret: Vec<u8> = words[..taken].iter().flat_map(|word| &word.text).copied().collect();
    let repaired = as_hex(&secret);
    let end = words[taken - 1].end;
    let clean = if words[0].is_clean && repaired.is_none() { words[0].text.len() } else { 0 };
    let secret = repaired.unwrap_or(secret);
    (LEAST..=MAX_SECRET_CHARS).contains(&secret.len()).then(|| Secret {
        text: secret,
        end,
        hidden: hidden(text, end),
        clean,
    })
}

/// A secret that is spelled in lower-case hex digits, save for a few letters that look like some.
fn as_hex(secret: &[u8]) -> Option<Vec<u8>> {
    let digits = secret.iter().filter(|&&b| is_lower_hex(b)).count();
    if digits == secret.len() || digits * 100 < secret.len() * LEAST_HEX {
        return None;
    }
    let digit = |&b: &u8| match (b, glyphs::hex_digits(char::from(b))) {
        (b'B', _) => Some(b'8'),
        (b'D', _) => Some(b'0'),
        (_, [digit]) => Some(*digit),
        _ => None,
    };
    secret.iter().map(digit).collect()
}

fn length_of(words: &[SecretRun]) -> usize {
    words.iter().map(|word| word.text.len()).sum()
}

fn is_lower_hex(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'a'..=b'f')
}

/// Reads the word at a place.
fn word(text: &[u8], start: usize, gap: NoiseGap) -> Option<SecretRun> {
    let mut reader = NoiseReader::new(text, start);
    let mut word = SecretRun { gap, text: Vec::new(), start, end: start, is_clean: true, is_value: true };
    while let Some(c) = reader.peek() {
        let characters = glyphs::secret_chars(c);
        // A frame at the end of a line is none of its letters.
        let is_frame = c == '|' && {
            let mut behind = reader;
            behind.next();
            behind.peek().is_none_or(|c| glyphs::is_space(c) || matches!(c, '\n' | '\r'))
        };
        if glyphs::is_nothing(c) {
            word.is_clean = false;
        } else if characters.is_empty() || is_frame {
            break;
        } else {
            word.is_clean &= characters == c.to_string().as_bytes();
            word.text.extend_from_slice(characters);
        }
        reader.next();
        word.end = reader.at;
    }
    // Base64 may be padded.
    let padding = text[word.end..].iter().take(3).take_while(|&&b| b == b'=').count();
    let ends = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_alphanumeric());
    if (1..=2).contains(&padding) && word.text.len() >= 4 && ends(text.get(word.end + padding)) {
        word.text.extend_from_slice(&b"=="[..padding]);
        word.end += padding;
    }
    word.is_value = is_value(text, word.end);
    (!word.text.is_empty()).then_some(word)
}

/// Whether what stands behind a word leaves it a value: it is no key, no host, no call.
fn is_value(text: &[u8], end: usize) -> bool {
    let rest = &text[end..text.len().min(end + 4)];
    let spaces = rest.iter().take(2).take_while(|&&b| b == b' ').count();
    match &rest[spaces..] {
        [b':' | b'=', ..] => false,
        [b'(' | b'[' | b'{' | b'@' | b'\\' | b'<', ..] if spaces == 0 => false,
        [b'.', b, ..] if spaces == 0 => !b.is_ascii_alphanumeric(),
        [b, ..] if *b >= 0x80 && spaces == 0 => !text[end..].starts_with("：".as_bytes()),
        _ => true,
    }
}

/// Whether a word was drawn at random rather than written: it goes on a secret. Words that look like names of things
/// (`utf8`, `TypeScript`, `2026-06-12`) do not.
fn is_random(word: &[u8], hex: bool, enough: bool) -> bool {
    let class = |b: u8| match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let has = |wanted: u8| word.iter().any(|&b| class(b) == wanted);
    let (digits, letters) = (has(0), has(1) || has(2));
    if word.iter().filter(|&&b| b == b'/').count() > 1 || word.starts_with(b"--") {
        return false;
    }
    let is_hex = word.iter().all(|&b| is_lower_hex(b));
    if hex && is_hex && digits {
        return word.len() >= if letters { 4 } else { 6 };
    }
    let core: Vec<u8> = word.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let changes = core.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    if core.len() < word.len() && !has(2) {
        return false;
    }
    if digits && letters {
        let least = if enough { 5 } else { 4 };
        return core.len() >= 10 && changes >= 2 || core.len() >= least && changes >= 3;
    }
    let humps = core.windows(2).filter(|pair| class(pair[0]) == 1 && class(pair[1]) == 2).count();
    letters
        && word.len() >= 6
        && humps >= 1
        && changes >= 3
        && !placeholder::is_wordy(word, placeholder::Scrutiny::Pair)
}

/// Whether a word says something, so that it belongs to no secret. A few letters say nothing.
fn is_told(word: &[u8], enough: bool, hex: bool) -> bool {
    const SHORT: &str = "a an and are as at be but by can do for from has he id if in is it its me my no not now of off \
        old on one or our out run see set so the to too top two up us use via was we yes you new key api get put ok end";
    let lower = String::from_utf8_lossy(word).to_ascii_lowercase();
    // In the midst of hex digits, digits are nothing else.
    let is_number = word.len() > 2 && word.iter().all(u8::is_ascii_digit) && (enough || !hex);
    let longest = if enough { 3 } else { 6 };
    word.len() > longest
        || is_number
        || SHORT.split_ascii_whitespace().any(|short| short == lower)
        || word.starts_with(b"-")
}

/// Whether a word is all there is on its line, behind a line that was full: the rest of what did not fit.
fn ends_full_line(text: &[u8], last: &SecretRun, next: &SecretRun) -> bool {
    let line = last.end - memchr::memrchr(b'\n', &text[..last.end]).map_or(0, |at| at + 1);
    let behind = &text[next.end..];
    let ends = behind.trim_ascii_start().is_empty()
        || behind.iter().find(|&&b| !matches!(b, b' ' | b'\t')).is_some_and(|b| matches!(b, b'\n' | b'\r'));
    let alone = next.start == 0 || matches!(text[next.start - 1], b'\n' | b' ' | b'\t');
    let lower = next.text.iter().all(u8::is_ascii_lowercase);
    let is_short = next.text.len() <= 3 && !(lower && is_told(&next.text, true, false));
    line >= FULL_LINE && ends && alone && next.gap.lines > 0 && (is_short || is_no_word(&next.text))
}

/// Whether a word starts the line behind two that are full, in which the secret stands already.
fn is_rest(text: &[u8], last: &SecretRun, next: &SecretRun) -> bool {
    let starts_line = next.start > 0 && text[next.start - 1] == b'\n';
    let says_nothing = match next.text.len() {
        ..=3 => !is_told(&next.text, true, false),
        _ => is_mixed(&next.text),
    };
    starts_line && says_nothing && wrap::is_full_as_the_one_above(text, last.end)
}

/// Whether a word mixes letters and digits, or the cases, as no word and no name of a thing does (`sha256`, `Linux`).
fn is_mixed(word: &[u8]) -> bool {
    let (digits, letters) = (word.iter().any(u8::is_ascii_digit), word.iter().any(u8::is_ascii_alphabetic));
    let changes = word.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    let is_numbered = changes == 1 && randomness::familiarity(word) > 0.0;
    let mixes =
        digits && letters && !is_numbered && !placeholder::is_wordy(word, placeholder::Scrutiny::Pair);
    !word.starts_with(b"-") && (mixes || is_no_word(word))
}

/// Whether a few characters are no word and no name: a capital letter in the middle, and nothing that is written so.
fn is_no_word(text: &[u8]) -> bool {
    text.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
        && !placeholder::is_wordy(text, placeholder::Scrutiny::Pair)
}

/// Where that ends which may go on a secret that ends here: the rest of its line, as far as it is no words, and what
/// the next line starts with.
fn hidden(text: &[u8], end: usize) -> usize {
    let mut hidden = end;
    for _ in 0..4 {
        let mut reader = NoiseReader::new(text, hidden);
        let gap = reader.gap();
        let Some(next) = word(text, reader.at, gap).filter(|next| gap.is_wide() && next.is_value) else {
            break;
        };
        let mixed = next.text.iter().any(u8::is_ascii_digit) || next.text.iter().any(u8::is_ascii_uppercase);
        if !mixed && next.text.len() > 3 {
            break;
        }
        hidden = next.end;
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Option<String> {
        at(text.as_bytes(), 0).map(|secret| String::from_utf8(secret.text).expect("ASCII"))
    }

    /// A stretch of letters of all classes; made here so that no file holds one.
    fn drawn(from: usize, length: usize) -> String {
        let set: Vec<u8> = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').collect();
        (from..from + length).map(|i| char::from(set[(i * i * 17 + i * 23 + 5) % set.len()])).collect()
    }

    #[test]
    fn pieces_of_a_secret_are_joined() {
        let whole = drawn(0, 40);
        let (a, b, c) = (&whole[..14], &whole[14..26], &whole[26..]);
        for text in [
            whole.clone(),
            format!("{a} {b} {c}"),
            format!("{a}{b}\n{c}\nDone"),
            format!("{a}{b}\n    {c} | x"),
            format!("{a}{b} │\n│ {c} │\n"),
            format!("{a}\u{ad}{b}\u{200b}{c}"),
            format!("{a}{b}{c}' https://api.krea.ai/jobs"),
            format!("{a}{b}{c}\nNODE_ENV=production"),
            format!("{a}{b}{c} expires on 2026-06-12"),
            format!("{a}{b}{c}\n\n$ npm run dev"),
        ] {
            assert_eq!(secret(&text).as_deref(), Some(whole.as_str()), "{text}");
        }
    }

    #[test]
    fn what_is_written_does_not_go_on_a_secret() {
        let whole = drawn(3, 24);
        for next in [
            "utf8",
            "TypeScript",
            "GitHub",
            "v2",
            "2026-06-12",
            "200 OK",
            "is the key",
            "sha256",
            "KREA_MODEL=x",
            "--data x",
            "Done",
            "-H x",
            "flux-1-dev",
            "http://x",
        ] {
            for between in [" ", "\n", "\n  "] {
                let text = format!("{whole}{between}{next}");
                assert_eq!(secret(&text).as_deref(), Some(whole.as_str()), "{text}");
            }
        }
    }

    #[test]
    fn the_rest_of_a_full_line_belongs_to_it() {
        let whole = drawn(9, 24);
        let line = format!("{}{whole}", "x".repeat(60));
        let found = at(format!("{line}\nt\n").as_bytes(), 60).expect("a secret");
        assert_eq!(found.text, format!("{whole}t").as_bytes());
        let found = at(format!("{line}\nfzY/a\n").as_bytes(), 60).expect("a secret");
        assert_eq!(found.text, format!("{whole}fzY/a").as_bytes());
        for word in ["to", "JavaScript", "README"] {
            let found = at(format!("{line}\n{word}\n").as_bytes(), 60).expect("a secret");
            assert_eq!(found.text, whole.as_bytes(), "{word}");
        }
    }

    #[test]
    fn what_starts_the_line_behind_two_full_ones_belongs_to_it() {
        let whole = drawn(9, 41);
        let above = "x".repeat(41);
        for rest in ["15'", "m632wm", "k9Xv2Qm7", "aBcdE", "q"] {
            let text = format!("{above}\n{whole}\n{rest}\n");
            let found = at(text.as_bytes(), 42).expect("a secret");
            assert_eq!(found.text, format!("{whole}{}", rest.trim_end_matches('\'')).as_bytes(), "{rest}");
        }
        for rest in
            ["sha256", "total 24", "drwxr-xr-x 2", "Linux", "utf8", "2026-06-12", "the end", "{}", "$ ls"]
        {
            let text = format!("{above}\n{whole}\n{rest}\n");
            let found = at(text.as_bytes(), 42).expect("a secret");
            assert_eq!(found.text, whole.as_bytes(), "{rest}");
        }
    }

    #[test]
    fn a_hex_secret_is_repaired() {
        let hex = "b46217cced9041dff02cee737443e210";
        let read = |letter: char| {
            let mut read: Vec<char> = hex.chars().collect();
            for (at, wrong) in [(4, 'l'), (11, 'O'), (16, letter), (17, 'O'), (30, 'i')] {
                read[at] = wrong;
            }
            read.into_iter().collect::<String>()
        };
        assert_eq!(secret(&read('F')).as_deref(), Some(hex));
        assert_eq!(secret(&read('X')), Some(read('X')));
    }

    #[test]
    fn digits_amid_a_hex_secret_belong_to_it() {
        let read = "3e8d8f603c 5c 9809 a6ef04b2f8ae2a461d023e8ff6";
        assert_eq!(secret(read), Some(read.replace(' ', "")));
        assert_eq!(secret("3e8d8f603c 5c 9809 words"), None);
    }

    #[test]
    fn what_is_too_short_is_none() {
        assert_eq!(secret(&drawn(0, 15)), None);
        assert_eq!(secret("your secret goes here and not anywhere else"), None);
        assert_eq!(secret("is it the one that we had"), None);
    }
}
