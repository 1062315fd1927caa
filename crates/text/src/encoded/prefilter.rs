//! Where something encoded may be read: a prefilter at memory speed, for a scanner that reads most texts no further.

use super::lines::{IsRunByte, RunLines};
use super::packed::Packing;
use super::{Decoder, EncodedRun, PackedKind, base32, base64, dump, hex, is_readable, numbers};
use crate::charset;
use std::ops::Range;

/// Every run of so many characters holds a block of them, wherever it starts.
const LEAST: usize = 2 * BLOCK - 1;
/// So many characters at a time are looked at.
const BLOCK: usize = 32;
/// A block of numbers has so many digits at least.
const DIGITS: usize = 4;
/// How much of numbers is looked at, and how often, in bytes: a text of the length of a token is seen wherever it starts.
const NUMBERS: usize = 144;
const STEP: usize = 128;
/// So far apart the numbers of two letters in a row may stand at the most, in bytes.
const APART: usize = 48;
/// What is no digit: no code has it.
const NO_DIGIT: u32 = 1 << 20;
/// The hex digits' values.
const VALUES: [u32; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut i = 0;
    while i < values.len() {
        if let Some(value) = (i as u8 as char).to_digit(16) {
            values[i] = value;
        }
        i += 1;
    }
    values
};
/// So many characters in a row are no chance.
const CHARACTERS: usize = 8;
/// After so many numbers that are no characters no more are looked at.
const FEW: usize = 4;
/// How much around numbers that may be characters is decoded, in bytes: a few rows of a dump.
const BEFORE: usize = 256;
const BEHIND: usize = 400;
/// No more of a list is looked for before the first numbers that are seen, in bytes.
const MAX_BEFORE: usize = 2048;

/// What starts behind bytes that are no text is looked for so many lines above the first one that is seen to be one.
const MAX_LINES_ABOVE: usize = 3;

/// A character that may be in a run of letters, of base64 or of hex digits.
const LETTER: u8 = 1;
/// One that may be in a list of numbers, or in a dump.
const NUMBER: u8 = 2;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut i = 0;
    while i < classes.len() {
        let b = i as u8;
        if base64::is_member(b) {
            classes[i] |= LETTER;
        }
        if b.is_ascii_hexdigit() || matches!(b, b'x' | b'X' | b' ' | b',' | b':' | b'\t' | b'\r' | b'\n') {
            classes[i] |= NUMBER;
        }
        i += 1;
    }
    classes
};

/// What something encoded is seen to hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Suspect {
    /// A text, in which more may be encoded.
    Text(Vec<u8>),
    /// Something that only decoding shows.
    Hidden,
}

impl Suspect {
    /// What some runs hold.
    fn of(runs: &[EncodedRun]) -> Self {
        let is_hidden = |run: &EncodedRun| {
            let said = run.text.bytes();
            charset::utf16(said).is_some() || Packing::of(said).is_some()
        };
        match runs.iter().any(is_hidden) {
            true => Suspect::Hidden,
            false => Suspect::Text(runs.iter().flat_map(|run| run.text.bytes()).copied().collect()),
        }
    }
}

/// What may be encoded in some bytes. Of what is written in numbers, only what holds the letters of `word`, which is in
/// lower case.
pub fn suspects<'a>(bytes: &'a [u8], word: &'a [u8; 4]) -> impl Iterator<Item = Suspect> + 'a {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += BLOCK * dull_blocks(bytes.get(at..)?);
            let block = bytes.get(at..)?.first_chunk::<BLOCK>()?;
            let are_all = |class: u8| block.iter().all(|&b| CLASSES[usize::from(b)] & class != 0);
            let has_digits = || block.iter().filter(|b| b.is_ascii_hexdigit()).count() >= DIGITS;
            let seen = match are_all(LETTER) {
                true => letters(bytes, &mut at),
                false if are_all(NUMBER) && has_digits() => numbers_around(bytes, word, &mut at),
                false => None,
            };
            at += BLOCK;
            if seen.is_some() {
                return seen;
            }
        }
    })
}

/// How many blocks come before one that may be of letters or of numbers: most blocks of most texts have a character below all
/// letters, such as a space, and one above all digits. It is written so that it compiles to a few instructions on vectors.
/// Numbers that say anything go on for several blocks: every other one is looked at.
#[inline]
fn dull_blocks(bytes: &[u8]) -> usize {
    let may_be_letters = |block: &[u8]| !block.iter().fold(false, |any, &b| any | (b < b'+'));
    let may_be_numbers =
        |block: &[u8]| !block.iter().fold(false, |any, &b| any | (b.wrapping_sub(b'g') <= b'w' - b'g'));
    let pairs = bytes.chunks_exact(2 * BLOCK);
    let whole = pairs.len();
    for (nth, pair) in pairs.enumerate() {
        let (one, other) = pair.split_at(BLOCK);
        if may_be_letters(one) || may_be_numbers(one) {
            return 2 * nth;
        }
        if may_be_letters(other) {
            return 2 * nth + 1;
        }
    }
    2 * whole
}

/// What the run of letters holds that the block at `at` is in. Goes on to its end.
fn letters(bytes: &[u8], at: &mut usize) -> Option<Suspect> {
    let before = bytes[..*at].iter().rev().take(BLOCK).take_while(|&&b| base64::is_member(b)).count();
    let behind = bytes[*at..].iter().take_while(|&&b| base64::is_member(b)).count();
    let run = *at - before..*at + behind;
    // The block that is passed over next ends where the run does.
    *at = run.end.saturating_sub(BLOCK).max(*at);
    if run.len() < LEAST {
        return None;
    }
    let text = &bytes[run.clone()];
    let hex = || text.iter().all(u8::is_ascii_hexdigit).then(|| hex::look(text)).flatten();
    let (kept, decode, member) = match base64::look(text) {
        Some(kept) => (kept, base64::runs as Decoder, base64::is_member as IsRunByte),
        None => match hex() {
            Some(kept) => (kept, hex::runs as Decoder, hex::is_member as IsRunByte),
            None => (base32::look(text)?, base32::runs as Decoder, base32::is_member as IsRunByte),
        },
    };
    if kept == PackedKind::Hidden {
        return Some(Suspect::Hidden);
    }
    let above = std::iter::successors(Some(run.clone()), |line| line_above(bytes, line, member));
    let first = above.take(1 + MAX_LINES_ABOVE).last().unwrap_or(run);
    let lines = RunLines::from(bytes, first, member).with_marks(bytes);
    *at = lines.end.saturating_sub(BLOCK).max(*at);
    Some(Suspect::of(&decode(&bytes[lines])))
}

/// The line of a run above another one of its lines.
fn line_above(bytes: &[u8], line: &Range<usize>, member: IsRunByte) -> Option<Range<usize>> {
    let before = bytes[..line.start].strip_suffix(b"\n")?;
    let before = before.strip_suffix(b"\r").unwrap_or(before);
    let length = before.iter().rev().take(line.len() + 1).take_while(|&&b| member(b)).count();
    (length == line.len()).then(|| before.len() - length..before.len())
}

/// What is said by the numbers around the block at `at`, if they are characters. Goes on behind them.
fn numbers_around(bytes: &[u8], word: &[u8; 4], at: &mut usize) -> Option<Suspect> {
    let block = *at;
    *at += STEP - BLOCK;
    let numbers = &bytes[block.saturating_sub(APART)..(block + STEP + APART).min(bytes.len())];
    let says = may_be_characters(&bytes[block..(block + NUMBERS).min(bytes.len())]) && may_say(numbers, word);
    if !says && !starts_gzip(numbers) {
        return None;
    }
    // A list goes back as far as there are numbers; a dump, whose rows have text in them, some rows.
    let is_number = |b: &&u8| CLASSES[usize::from(**b)] & NUMBER != 0;
    let list = bytes[..block].iter().rev().take(MAX_BEFORE).take_while(is_number).count();
    let floor = block - list.max(BEFORE.min(block));
    let start = memchr::memchr(b'\n', &bytes[floor..block]).map_or(floor, |i| floor + i + 1);
    let start = start.min(block - list);
    let decoders: [Decoder; 3] = [numbers::runs, hex::pairs, dump::runs];
    let mut length = BEFORE + BEHIND;
    loop {
        let window = &bytes[start..(start + length).min(bytes.len())];
        let runs: Vec<EncodedRun> = decoders.iter().flat_map(|decode| decode(window)).collect();
        let end = runs.iter().map(|run| run.range.end).max()?;
        // What goes on to the end may go on behind it.
        if end + BEHIND / 2 < window.len() || window.len() < length {
            *at = (start + end).saturating_sub(BLOCK).max(*at);
            return Some(Suspect::of(&runs));
        }
        length *= 2;
    }
}

/// Whether the two bytes that gzip starts with are there, in hex.
fn starts_gzip(numbers: &[u8]) -> bool {
    memchr::memchr2_iter(b'f', b'F', numbers).any(|at| {
        let rest = &numbers[at + 1..];
        let gap =
            rest.iter().take(4).take_while(|b| !b.is_ascii_hexdigit() || rest.starts_with(b", 0x")).count();
        numbers[..at].ends_with(b"1")
            && rest.get(gap..gap + 2).is_some_and(|next| next.eq_ignore_ascii_case(b"8b"))
    })
}

/// Whether the codes of a word's letters stand in one base, each near the next one's, in whatever case and order.
fn may_say(numbers: &[u8], word: &[u8; 4]) -> bool {
    // Which letter a code is, from 1.
    let mut letters = [0u8; 256];
    for (letter, &b) in (1..).zip(word) {
        letters[usize::from(b)] = letter;
        letters[usize::from(b.to_ascii_uppercase())] = letter;
    }
    let letter = |code: u32| letters.get(code as usize).copied().unwrap_or(0);
    // Where a code of each letter ended last in each base, and the two digits before.
    let (mut ends, mut digits) = ([[None; 4]; 3], [NO_DIGIT; 2]);
    for (at, &b) in numbers.iter().enumerate() {
        let [third, second] = digits;
        let first = VALUES[usize::from(b)];
        digits = [second, first];
        if first == NO_DIGIT || second == NO_DIGIT {
            continue;
        }
        let decimal = second * 10 + first;
        let said = [
            letter(second << 4 | first),
            letter(third * 100 + decimal).max(letter(decimal)),
            letter(third << 6 | second << 3 | first),
        ];
        if said == [0; 3] {
            continue;
        }
        for (ends, &letter) in ends.iter_mut().zip(&said).filter(|(_, letter)| **letter > 0) {
            ends[usize::from(letter) - 1] = Some(at);
            let is_near = |pair: &[Option<usize>]| matches!(pair, [Some(one), Some(other)] if one.abs_diff(*other) <= APART);
            if ends.windows(2).all(is_near) {
                return true;
            }
        }
    }
    false
}

/// Whether enough numbers in a row are characters, as decimal, octal or hex digits.
fn may_be_characters(bytes: &[u8]) -> bool {
    // How many characters the numbers so far say in a row, in each base.
    let mut counts = [0; 3];
    let mut numbers = [0u64; 3];
    let (mut digits, mut seen) = (0, 0);
    for &b in bytes.iter().chain(b" ") {
        let digit = VALUES[usize::from(b)];
        if digit != NO_DIGIT {
            for (number, base) in numbers.iter_mut().zip([10, 8, 16]) {
                // What is no digit of a base makes a number that is none of a character.
                *number = if digit < base {
                    number.wrapping_mul(base.into()) + u64::from(digit)
                } else {
                    u64::MAX >> 4
                };
            }
            digits += 1;
            continue;
        }
        // The `x` of `0x4b` starts anew.
        if digits > 0 && !b.is_ascii_alphabetic() {
            seen += 1;
            for ((count, number), size) in counts.iter_mut().zip(numbers).zip([1, digits / 3, digits / 2]) {
                *count = characters(number, size).map_or(0, |characters| *count + characters);
                if *count >= CHARACTERS {
                    return true;
                }
            }
            if seen >= FEW && counts == [0; 3] {
                return false;
            }
        }
        (numbers, digits) = ([0; 3], 0);
    }
    false
}

/// How many characters a number of so many bytes is; `None` when a byte is none, or there are more.
fn characters(number: u64, size: usize) -> Option<usize> {
    let bytes = number.to_be_bytes();
    let (above, bytes) = bytes.split_at(8 - size.clamp(1, 8));
    let can_be = bytes.iter().all(|&b| b == 0 || is_readable(b)) && above.iter().all(|&b| b == 0);
    can_be.then(|| bytes.iter().filter(|&&b| b != 0).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use std::io::Write;

    const SAID: &str = "{\"name\": \"value\", \"other\": \"an example of a longer text\", \"last\": 12345}";

    /// What is seen in an encoded text between others, wherever it starts.
    fn seen(encoded: &str) -> Suspect {
        let mut all = (0..BLOCK).map(|at| {
            let text = format!(
                "{}\nkey = \"{encoded}\";\n{}",
                ".".repeat(at),
                "words and (code) = of other sorts. ".repeat(20)
            );
            let mut seen: Vec<Suspect> = suspects(text.as_bytes(), b"exam").collect();
            seen.dedup();
            assert_eq!(seen.len(), 1, "at {at}: {text}");
            seen.swap_remove(0)
        });
        let first = all.next().expect("one");
        assert!(all.all(|seen| seen == first), "{encoded}");
        first
    }

    #[test]
    fn encoded_texts_are_seen_wherever_they_start() {
        for encoded in
            [STANDARD.encode(SAID), URL_SAFE.encode(SAID), SAID.bytes().map(|b| format!("{b:02x}")).collect()]
        {
            let Suspect::Text(text) = seen(&encoded) else { panic!("{encoded}") };
            assert_eq!(text.trim_ascii_end(), SAID.as_bytes());
        }
        for before in ["x", "xy", "xyz", "path/to/"] {
            let glued = format!("{before}{}", STANDARD.encode(SAID));
            let Suspect::Text(text) = seen(&glued) else { panic!("{glued}") };
            assert!(text.trim_ascii_end().ends_with(&SAID.as_bytes()[3..]), "{glued}");
        }
        let wrapped = STANDARD
            .encode(SAID.repeat(5))
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line))
            .collect::<Vec<_>>()
            .join("\n");
        assert_eq!(seen(&wrapped), Suspect::Text(format!("{}\n", SAID.repeat(5)).into_bytes()));
    }

    #[test]
    fn numbers_that_are_characters_are_seen() {
        let list =
            |form: fn(u8) -> String, between: &str| SAID.bytes().map(form).collect::<Vec<_>>().join(between);
        for encoded in [
            list(|b| b.to_string(), ","),
            list(|b| b.to_string(), ",\n        "),
            list(|b| format!("0x{b:02X}"), ", "),
            list(|b| format!("{b:02x}"), " "),
            list(|b| format!("{b:02x}"), ":"),
        ] {
            let Suspect::Text(text) = seen(&encoded) else { panic!("{encoded}") };
            assert!(String::from_utf8_lossy(&text).contains("an example of a longer text"), "{encoded}");
        }
        let rows = SAID.repeat(9).into_bytes();
        let rows: Vec<String> = rows
            .chunks(16)
            .enumerate()
            .map(|(i, row)| {
                format!("{:08x}: {}", 16 * i, row.iter().map(|b| format!("{b:02x} ")).collect::<String>())
            })
            .collect();
        let Suspect::Text(text) = seen(&format!("\n{}\n", rows.join("\n"))) else { panic!("a dump") };
        assert!(String::from_utf8_lossy(&text).contains(&SAID.repeat(9)));
    }

    #[test]
    fn what_only_decoding_shows_is_seen() {
        let wide: Vec<u8> = SAID.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = SAID.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(SAID.as_bytes()).expect("memory");
        let gzip = gzip.finish().expect("memory");
        let hex = gzip.iter().map(|b| format!("{b:02x}")).collect();
        let behind_a_length = STANDARD.encode([&[99, 0, 0, 0], &gzip[..]].concat());
        let in_a_path = format!("an/address/of/{}", URL_SAFE.encode(&gzip));
        let registry = SAID.bytes().map(|b| format!("{b:02x},00")).collect::<Vec<_>>().join(",");
        let whole = [STANDARD.encode(wide), STANDARD.encode(big), STANDARD.encode(gzip)];
        for encoded in whole.into_iter().chain([hex, behind_a_length, in_a_path, registry]) {
            assert_eq!(seen(&encoded), Suspect::Hidden, "{encoded}");
        }
    }

    #[test]
    fn most_texts_show_nothing() {
        let digest = "eb5204de14acdf93795537cf9dc91c8fb1ef84c966d45b5aaf64652aaaa6ab91";
        let mut state = 7u64;
        let mut drawn = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as u8
        };
        let random: Vec<u8> = (0..30_000).map(|_| drawn()).collect();
        for text in [
            "/".repeat(100),
            "-".repeat(100),
            "=".repeat(100),
            "A".repeat(100),
            "0".repeat(100),
            " ".repeat(100),
            "src/components/long-names/and_more/of_the_same/thing/in/it".to_owned(),
            "a_function_with_a_name_that_says_everything_about_what_it_does_in_full".to_owned(),
            format!("sha256:{digest}  {digest}\n").repeat(9),
            "7c9e1f35-2b48-4d6a-9f01-8e3d5c7b2a94\n".repeat(9),
            "2024-01-01 00:00:00,000 1000 2000 3000\n".repeat(9),
            "1000, 2000, 3000, 4000, 5000, 6000,\n".repeat(9),
            "    \n                                               \n".repeat(9),
        ] {
            assert_eq!(suspects(text.as_bytes(), b"exam").count(), 0, "{text}");
        }
        let images: usize = random
            .chunks(300)
            .map(|bytes| suspects(STANDARD.encode(bytes).as_bytes(), b"exam").count())
            .sum();
        assert!(images <= 1, "{images}");
    }
}
