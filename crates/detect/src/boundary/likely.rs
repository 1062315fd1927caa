//! How likely a text is a secret of its length and alphabet, and how likely what follows it is the start of something
//! else: both in bits, against the same number of characters drawn from letters and digits.
//!
//! Only differences count. Services draw a number of random bytes and spell them in hex or base64, or draw a round
//! number of letters, so that few lengths are common.

use krea_scan_token::randomness;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// What no text of an alphabet can be.
const NEVER: f64 = -200.0;
/// That something stands behind a value without a border between them.
const NEIGHBOUR: f64 = -3.0;
/// What stands there is a word, and it is no word that can be told from a drawn text, in bits.
const A_WORD: f64 = 3.0;
const DRAWN: f64 = -7.0;
const A_PATH: f64 = 2.0;
/// How far what follows is looked at, in bytes.
const REACH: usize = 16;

/// The start of an address, by its scheme.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?-u)(?:(https?|wss?|ftps?|ssh|git|file|data|redis|postgres(?:ql)?|mysql|mongodb|amqp)|[a-z]{3,10})://")
        .expect("a constant pattern")
});
/// A day, or an id with what makes a token of it.
static DAY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?-u)(?:19|20)\d\d-[01]\d-[0-3]\d").expect("a constant pattern"));
static ID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?-u)[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?:[^0-9a-fA-F]|$)")
        .expect("a constant pattern")
});

/// What a text is spelled in: the smallest alphabet that has all its letters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alphabet {
    lower_hex: bool,
    lower: bool,
    upper_hex: bool,
    upper: bool,
    /// `-` and `_`.
    url: bool,
    /// `+` and `/`.
    standard: bool,
    padding: bool,
}

impl Alphabet {
    pub fn add(&mut self, b: u8) {
        match b {
            b'0'..=b'9' => {}
            b'a'..=b'f' => self.lower_hex = true,
            b'g'..=b'z' => self.lower = true,
            b'A'..=b'F' => self.upper_hex = true,
            b'G'..=b'Z' => self.upper = true,
            b'-' | b'_' => self.url = true,
            b'=' => self.padding = true,
            _ => self.standard = true,
        }
    }

    /// The alphabet of a text.
    pub fn of(text: &[u8]) -> Self {
        let mut alphabet = Alphabet::default();
        text.iter().for_each(|&b| alphabet.add(b));
        alphabet
    }

    fn has_marks(self) -> bool {
        self.url || self.standard || self.padding
    }

    /// Whether it is that of digits in base 16, in one case.
    pub fn is_hex(self) -> bool {
        !(self.lower || self.upper || self.has_marks() || self.lower_hex && self.upper_hex)
    }

    /// How many bits less one of its letters says than one of 62.
    fn missing_bits(self) -> f64 {
        const OF_62: f64 = 5.954_196_310_386_875;
        match self {
            _ if self.is_hex() => OF_62 - 4.0,
            _ if self.has_marks() => OF_62 - 6.0,
            _ if !(self.upper || self.upper_hex) || !(self.lower || self.lower_hex) => {
                OF_62 - 5.169_925_001_442_312
            }
            _ => 0.0,
        }
    }
}

/// How likely a text of an alphabet and a length is a secret, in bits.
pub fn secret_bits(alphabet: Alphabet, length: usize, padding: usize) -> f64 {
    if alphabet.url && alphabet.standard {
        return NEVER;
    }
    length_bits(alphabet, length, padding) + length as f64 * alphabet.missing_bits()
}

fn length_bits(alphabet: Alphabet, length: usize, padding: usize) -> f64 {
    if alphabet.is_hex() {
        return match length {
            32 | 40 | 64 => 0.0,
            48 | 56 | 96 | 128 => -1.5,
            _ if length.is_multiple_of(2) => -5.0,
            _ => -9.0,
        };
    }
    if padding > 0 {
        // Base64 is padded to groups of four.
        return match length {
            _ if !length.is_multiple_of(4) || padding > 2 => NEVER,
            44 | 32 | 64 | 24 | 88 => 0.0,
            _ => -2.0,
        };
    }
    match length {
        32 | 43 | 64 => 0.0,
        22 | 24 | 40 | 48 | 86 => -1.5,
        44 if alphabet.standard => -1.5,
        16 | 20 | 21 | 27 | 28 | 30 | 36 | 42 | 44 | 50 | 54 | 56 | 60 | 72 | 80 | 88 | 96 | 100 | 128 => {
            -5.0
        }
        // No number of bytes is spelled so in base64.
        _ if alphabet.has_marks() && length % 4 == 1 => -9.0,
        _ => -7.0,
    }
}

/// How likely `rest`, which stands right behind a value, is something else than more of it, in bits. The first `inside`
/// bytes of it are letters that a value may have.
pub fn neighbour_bits(rest: &[u8], inside: usize) -> f64 {
    let rest = &rest[..rest.len().min(256)];
    // A cheap look first: this is asked of every letter of a value.
    let may_be_address = || memchr::memmem::find(&rest[..rest.len().min(REACH)], b"://").is_some();
    let has_dash = |at: usize| rest.get(at) == Some(&b'-');
    let address = may_be_address().then(|| ADDRESS.captures(rest)).flatten();
    let known = match address {
        Some(address) if address.get(1).is_some() => 12.0,
        Some(_) => 6.0,
        None if has_dash(8) && ID.is_match(rest) => 14.0,
        None if has_dash(4) && DAY.is_match(rest) => 12.0,
        None if is_chunk(rest, inside) => 12.0,
        None => 0.0,
    };
    NEIGHBOUR
        + match inside {
            _ if known > 0.0 => known,
            // A number, a mark of what comes next.
            0 | 1 => 0.0,
            2 => -2.0,
            _ => written_bits(&rest[..inside.min(REACH)]),
        }
}

/// How likely `before`, letters that stand right before a value, are words and not its own first ones, in bits.
pub fn written_before_bits(before: &[u8]) -> f64 {
    let near = &before[before.len().saturating_sub(REACH)..];
    NEIGHBOUR + word_bits(near.windows(2).rev().map(|pair| [pair[0], pair[1]]))
}

/// Four capitals, or the mark of a page of Ogg, and numbers: how chunks, frames and pages of media files start.
fn is_chunk(rest: &[u8], inside: usize) -> bool {
    let Some((mark, numbers)) = rest.split_at_checked(4).filter(|_| inside == 4) else { return false };
    let is_mark =
        mark[0].is_ascii_uppercase() && mark.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let zeros = numbers.iter().take(8).filter(|&&b| b == 0).count();
    mark == b"OggS" && numbers.first() == Some(&0) || is_mark && numbers.len() >= 8 && (3..8).contains(&zeros)
}

/// How much more likely a text was written by people than drawn, in bits.
fn written_bits(text: &[u8]) -> f64 {
    // A path starts so.
    let (text, path) = text.strip_prefix(b"/").map_or((text, 0.0), |text| (text, A_PATH));
    word_bits(text.windows(2).map(|pair| [pair[0], pair[1]])) + path
}

/// How much more likely letters follow each other as in words than by chance, in small letters with a few humps or in
/// capitals: as far as that is likeliest, since where a word ends is not known.
fn word_bits(pairs: impl Iterator<Item = [u8; 2]>) -> f64 {
    let (mut small, mut capital, mut most) = (0.0, 0.0, 0f64);
    for pair in pairs {
        let upper = pair.map(|b| b.is_ascii_uppercase());
        let (of_small, of_capital) = match (randomness::pair_bits(pair[0], pair[1]), upper) {
            (None, _) if pair.iter().any(u8::is_ascii_digit) => (-3.0, -3.0),
            (None, _) => (-1.0, -1.0),
            (Some(bits), [false, false]) => (f64::from(bits) + 1.5, f64::from(bits) - 3.0),
            (Some(bits), [true, true]) => (f64::from(bits) - 3.0, f64::from(bits) + 1.5),
            (Some(bits), [first, _]) => {
                (f64::from(bits) - if first { 1.0 } else { 2.5 }, f64::from(bits) - 3.0)
            }
        };
        (small, capital) = (small + of_small, capital + of_capital);
        most = most.max(small).max(capital);
    }
    f64::max(most - A_WORD, DRAWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(text: &str) -> f64 {
        let padding = text.bytes().rev().take_while(|&b| b == b'=').count();
        secret_bits(Alphabet::of(text.as_bytes()), text.len(), padding)
    }

    #[test]
    fn what_services_draw_is_likelier_than_one_letter_more() {
        let hex = "9f3c1e7ab2d4850f6e1c9b7a3d52f80e";
        let base62 = "Qm4Zt8Lx2Vb9Kp7Rn3Wc6Jd1Ys5Gf0EuAhTiOoPzXkA";
        for (text, more) in [
            (hex.to_owned(), "4"),
            (hex.to_owned(), "_"),
            (hex.to_owned(), "E"),
            (base62[..32].to_owned(), "g"),
            (base62[..43].to_owned(), "-"),
            (base62[..43].to_owned(), "/"),
            (format!("{}=", &base62[..43]), "="),
        ] {
            assert!(bits(&text) > bits(&format!("{text}{more}")), "{text} {more}");
        }
    }

    #[test]
    fn padding_fills_a_group_of_four() {
        let text = "Qm4Zt8Lx2Vb9Kp7Rn3Wc6Jd1Ys5Gf0EuAhTiOoPzXkA";
        assert!(bits(&format!("{}=", &text[..43])) > -10.0);
        assert!(bits(&format!("{}==", &text[..42])) > -10.0);
        assert!(bits(&format!("{}=", &text[..42])) < -100.0);
        assert!(bits(&format!("{}==", &text[..43])) < -100.0);
    }

    #[test]
    fn what_is_written_is_told_from_what_is_drawn() {
        for (rest, inside) in [
            ("https://api.example.com", 5),
            ("runtime.Pinner", 7),
            ("/rustc/59807616e1fa", 18),
            ("2026-06-02 11:00", 10),
            ("OggS\0\u{4}\0\0\0\0\0\0", 4),
            ("TIT2\0\0\0\u{5}\0\0\u{3}x", 4),
            ("0d39c392-6dc9-4d71-aa42-fcd790990ab4:x", 36),
            ("application/json", 16),
        ] {
            assert!(neighbour_bits(rest.as_bytes(), inside) > 0.0, "{rest}");
        }
        for (rest, inside) in [("k9Xv2Qm7Zp4Lt8Rw", 16), ("zQxJ\0", 4), ("OGGS\0\0\0\0\0\0\0\0", 4)] {
            assert!(neighbour_bits(rest.as_bytes(), inside) < -3.0, "{rest}");
        }
    }
}
