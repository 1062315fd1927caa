//! The first look: one pass over raw bytes for `krea` in any case and its disguises. Nearly every blob ends here,
//! so this sets the speed of a scan.

use super::{boundary, names};
use aho_corasick::{AhoCorasick, packed};

/// How many spellings in upper and lower case `krea` has. They are the first needles.
const SPELLINGS: usize = 16;
/// How far to both sides of a needle it can depend on whether it is a name or a part of a longer word, in bytes.
const AROUND: usize = 48;

/// `krea`, `Krea` and `KREA` in base64 at each alignment: the characters that do not depend on the neighbours.
const BASE64_NEEDLES: [&str; 8] = ["a3JlY", "S3JlY", "S1JFQ", "tyZW", "tSRU", "rcmVh", "LcmVh", "LUkVB"];

/// `krea`, `Krea` and `KREA` in hex, as escapes, percent-encoded and as lists of character codes: the part that does
/// not depend on the first letter's case, begun where other texts seldom begin so.
const CODE_NEEDLES: [&str; 18] = [
    "b726561",
    "B726561",
    "b524541",
    "B524541",
    r"\x72\x65\x61",
    r"\x52\x45\x41",
    r"72\u0065\u0061",
    r"52\u0045\u0041",
    "%72%65%61",
    "%52%45%41",
    "72,0x65,0x61",
    "52,0x45,0x41",
    "72, 0x65, 0x61",
    "52, 0x45, 0x41",
    "14,101,97",
    "82,69,65",
    "14, 101, 97",
    "82, 69, 65",
];

/// A multi-needle search.
#[derive(Debug)]
pub struct Prefilter {
    searcher: Searcher,
    reach: usize,
}

#[derive(Debug)]
enum Searcher {
    /// SIMD.
    Packed(packed::Searcher),
    /// Where the processor has none, and for more needles than it takes.
    Automaton(AhoCorasick),
}

impl Prefilter {
    /// The search for `krea` and its disguises.
    pub fn krea() -> Self {
        Prefilter::new(&krea_needles())
    }

    /// The search for `krea` and, in lower, upper or title case or as written, the keywords of a team's own rules.
    pub fn with_keywords<'a>(keywords: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles = krea_needles();
        needles.extend(keywords.into_iter().map(|keyword| keyword.as_bytes().to_vec()));
        let reach = longest(&needles);
        match AhoCorasick::builder().ascii_case_insensitive(true).build(&needles) {
            Ok(automaton) => Prefilter { searcher: Searcher::Automaton(automaton), reach },
            Err(_) => Prefilter::new(&needles),
        }
    }

    fn new(needles: &[Vec<u8>]) -> Self {
        let packed = packed::Config::new().builder().extend(needles).build();
        let searcher = match packed {
            Some(packed) => Searcher::Packed(packed),
            None => Searcher::Automaton(
                AhoCorasick::new(needles).expect("a few dozen short needles are within every limit"),
            ),
        };
        Prefilter { searcher, reach: longest(needles) }
    }

    /// The longest stretch that has to be seen in one piece, in bytes.
    pub fn reach(&self) -> usize {
        self.reach + 2 * AROUND
    }

    /// Whether there is anything in `bytes` worth a second look. `linkReact` is not.
    #[inline]
    pub fn hits(&self, bytes: &[u8]) -> bool {
        let counts = |needle: usize, at: usize| needle >= SPELLINGS || may_be_name(bytes, at);
        match &self.searcher {
            Searcher::Packed(packed) => {
                packed.find_iter(bytes).any(|hit| counts(hit.pattern().as_usize(), hit.start()))
            }
            Searcher::Automaton(automaton) => automaton
                .find_overlapping_iter(bytes)
                .any(|hit| counts(hit.pattern().as_usize(), hit.start())),
        }
    }
}

/// Whether a hit of `krea` is Krea's name, or may be once an escape in front of it is undone: `\nkrea`, `%0Akrea`,
/// `=3Dkrea`, `\u000akrea`, a colour of a terminal. In a binary, letters may be lengths.
fn may_be_name(bytes: &[u8], at: usize) -> bool {
    let before = |distance: usize| at.checked_sub(distance).map(|at| bytes[at]);
    names::is_krea_mention(bytes, at)
        || boundary::is_string(bytes, &(at..at + 4))
        || matches!(before(2), Some(b'\\'))
        || matches!(before(3), Some(b'%' | b'=' | b'\\'))
        || matches!(before(4), Some(b'\\'))
        || matches!(before(6), Some(b'\\'))
        || (before(1) == Some(b'm') && matches!(before(2), Some(b'0'..=b'9' | b'[')))
}

fn longest(needles: &[Vec<u8>]) -> usize {
    needles.iter().map(Vec::len).max().unwrap_or(0)
}

fn krea_needles() -> Vec<Vec<u8>> {
    let word = *b"krea";
    let mut needles: Vec<Vec<u8>> = (0..1u8 << word.len())
        .map(|upper| {
            let case = |(i, b): (usize, &u8)| if upper >> i & 1 == 1 { b.to_ascii_uppercase() } else { *b };
            word.iter().enumerate().map(case).collect()
        })
        .collect();
    needles.extend(BASE64_NEEDLES.iter().map(|needle| needle.as_bytes().to_vec()));
    needles.extend(CODE_NEEDLES.iter().map(|needle| needle.as_bytes().to_vec()));
    // UTF-16, both ways: with a zero byte between the letters.
    for word in ["krea", "Krea", "KREA"].iter().chain(&BASE64_NEEDLES) {
        needles.push(word.bytes().flat_map(|b| [b, 0]).take(2 * word.len() - 1).collect());
    }
    needles
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::{Engine as _, engine::general_purpose::STANDARD};

    #[test]
    fn krea_is_seen_in_every_disguise() {
        let prefilter = Prefilter::krea();
        for word in ["krea", "KREA", "Krea"] {
            assert!(prefilter.hits(format!("x_{word}_x").as_bytes()));
        }
        for word in ["krea", "KREA", "Krea"] {
            let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(prefilter.hits(&wide));
            assert!(prefilter.hits(&[&[0], &wide[..7]].concat()));
            for padding in ["", "x", "xy"] {
                let encoded = STANDARD.encode(format!("{padding}{word}_API_KEY"));
                assert!(prefilter.hits(encoded.as_bytes()), "{word} behind {padding:?}");
            }
        }
        for word in ["krea", "KREA", "Krea"] {
            let each = |form: &dyn Fn(u8) -> String, between: &str| {
                word.bytes().map(form).collect::<Vec<_>>().join(between)
            };
            for seen in [
                each(&|b| format!("{b:02x}"), ""),
                each(&|b| format!("{b:02X}"), ""),
                each(&|b| format!(r"\x{b:02x}"), ""),
                each(&|b| format!(r"\x{b:02X}"), ""),
                each(&|b| format!(r"\u{b:04x}"), ""),
                each(&|b| format!("%{b:02X}"), ""),
                each(&|b| b.to_string(), ","),
                each(&|b| b.to_string(), ", "),
                each(&|b| format!("0x{b:02x}"), ","),
                each(&|b| format!("0x{b:02X}"), ", "),
            ] {
                assert!(prefilter.hits(seen.as_bytes()), "{seen}");
            }
        }
        assert!(!prefilter.hits(b"nothing to see: KRE A, kr-ea, Korea"));
        assert!(!prefilter.hits(b"linkReact, breakreader, Ukrea"));
        assert!(prefilter.hits(b"\xa2gservicedkreafapiKeyx"));
        for escaped in
            [r"\nkrea", r"\x0akrea", r"\u000akrea", "%0akrea", "=0akrea", "\x1b[0mkrea", r"\012krea"]
        {
            assert!(prefilter.hits(format!("a=1{escaped}_api_key").as_bytes()), "{escaped}");
        }
    }

    #[test]
    fn a_team_s_keywords_are_seen_in_any_case() {
        let prefilter = Prefilter::with_keywords(["acme_"]);
        assert!(prefilter.hits(b"ACME_TOKEN"));
        assert!(prefilter.hits(b"Krea"));
        assert!(!prefilter.hits(b"token"));
    }
}
