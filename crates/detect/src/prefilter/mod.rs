//! The first look: one pass over raw bytes for `krea` in any case, then a second one for what may hide it. Nearly every blob
//! ends here, so this sets the speed of a scan.
//!
//! What the second look comes by is read by the same steps that the detector takes: what they undo is seen here.

mod needles;

use super::detection_run::MAX_DEPTH;
use super::{boundary, names};
use aho_corasick::{AhoCorasick, packed};
use krea_scan_text::encoded::prefilter::{Suspect, suspects};
use krea_scan_text::{Text, charset, escapes};
use needles::{SPELLINGS, WORD};

/// How far to both sides of a needle it can depend on whether it is a name or a part of a longer word, in bytes.
const AROUND: usize = 64;
/// Where a text in two bytes a character has its first zero, at the latest.
const FIRST_ZERO: usize = 64;

/// A multi-needle search.
#[derive(Debug)]
pub struct Prefilter {
    plain: Searcher,
    wide: Searcher,
    reach: usize,
}

#[derive(Debug)]
enum Searcher {
    /// SIMD.
    Packed(packed::Searcher),
    /// Where the processor has none, and for more needles than it takes.
    Automaton(AhoCorasick),
}

impl Searcher {
    fn new(needles: &[Vec<u8>]) -> Self {
        match packed::Config::new().builder().extend(needles).build() {
            Some(packed) => Searcher::Packed(packed),
            None => Searcher::Automaton(
                AhoCorasick::new(needles).expect("a few dozen short needles are within every limit"),
            ),
        }
    }

    /// Whether a hit counts: `counts` is asked for the needle's number and place.
    fn any(&self, bytes: &[u8], counts: impl Fn(usize, usize) -> bool) -> bool {
        match self {
            Searcher::Packed(packed) => {
                packed.find_iter(bytes).any(|hit| counts(hit.pattern().as_usize(), hit.start()))
            }
            Searcher::Automaton(automaton) => automaton
                .find_overlapping_iter(bytes)
                .any(|hit| counts(hit.pattern().as_usize(), hit.start())),
        }
    }
}

impl Prefilter {
    /// The search for `krea` and its disguises.
    pub fn krea() -> Self {
        Prefilter::new(Searcher::new(&needles::plain()), 0)
    }

    /// The search for `krea` and, in lower, upper or title case or as written, the keywords of a team's own rules.
    pub fn with_keywords<'a>(keywords: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles = needles::plain();
        needles.extend(keywords.into_iter().map(|keyword| keyword.as_bytes().to_vec()));
        let longest = needles.iter().map(Vec::len).max().unwrap_or(0);
        match AhoCorasick::builder().ascii_case_insensitive(true).build(&needles) {
            Ok(automaton) => Prefilter::new(Searcher::Automaton(automaton), longest),
            Err(_) => Prefilter::new(Searcher::new(&needles), longest),
        }
    }

    fn new(plain: Searcher, longest: usize) -> Self {
        Prefilter { plain, wide: Searcher::new(&needles::wide()), reach: longest.max(AROUND) + 2 * AROUND }
    }

    /// The longest stretch that has to be seen in one piece, in bytes, besides encoded runs.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// Whether there is anything in `bytes` worth a second look. `linkReact` is not.
    #[inline]
    pub fn hits(&self, bytes: &[u8]) -> bool {
        self.is_in(bytes) || self.is_hidden_in(bytes, MAX_DEPTH)
    }

    /// Whether the name, or a needle that stands for it, is there.
    fn is_in(&self, bytes: &[u8]) -> bool {
        let counts = |needle: usize, at: usize| needle >= SPELLINGS || may_be_name(bytes, at);
        self.plain.any(bytes, counts)
            || (memchr::memchr(0, bytes).is_some() && self.wide.any(bytes, |_, _| true))
    }

    /// Whether something that hides the name is there. What is encoded is followed no further than `depth` steps.
    fn is_hidden_in(&self, bytes: &[u8], depth: usize) -> bool {
        if depth == 0 {
            return false;
        }
        let is_in_view = |stretch: std::ops::Range<usize>| {
            escapes::unescape(&Text::plain(&bytes[stretch])).is_some_and(|view| self.is_in(view.bytes()))
        };
        let goes_deeper = |text: &[u8]| self.is_in(text) || self.is_hidden_in(text, depth - 1);
        escapes::any_suspect(bytes, WORD, is_in_view)
            || suspects(bytes, WORD).any(|seen| match seen {
                Suspect::Text(text) => goes_deeper(&text),
                Suspect::Hidden => true,
            })
            || (memchr::memchr(0, &bytes[..bytes.len().min(FIRST_ZERO)]).is_some()
                && charset::utf16(bytes)
                    .is_some_and(|encoding| goes_deeper(charset::decode_utf16(bytes, encoding).bytes())))
    }
}

/// Whether a hit of `krea` is Krea's name, or is once what stands around it is undone: `\nkrea`, `%0Akrea`, `=3Dkrea`, a colour
/// of a terminal. In a binary, letters may be lengths.
fn may_be_name(bytes: &[u8], at: usize) -> bool {
    let is_in_pickle = || boundary::is_marked(bytes, at) && names::is_krea_mention(&bytes[at..], 0);
    names::is_krea_mention(bytes, at)
        || boundary::is_string(bytes, &(at..at + WORD.len()))
        || is_in_pickle()
        // In a binary the name may stand right before an id.
        || escapes::starts_as_uuid(&bytes[at + WORD.len()..])
        || {
            let window = &bytes[at.saturating_sub(AROUND)..(at + AROUND).min(bytes.len())];
            // Mail says elsewhere that it is quoted.
            at.checked_sub(3).is_some_and(|at| bytes[at] == b'=') || is_name_in_view(window)
        }
}

/// Whether the name is in some bytes once they are undone.
fn is_name_in_view(window: &[u8]) -> bool {
    escapes::unescape(&Text::plain(window)).is_some_and(|view| {
        let view = view.bytes();
        let is_word = |at: &usize| view[*at..*at + WORD.len()].eq_ignore_ascii_case(WORD);
        (0..=view.len().saturating_sub(WORD.len())).filter(is_word).any(|at| names::is_krea_mention(view, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn hits(text: impl AsRef<[u8]>) -> bool {
        Prefilter::krea().hits(text.as_ref())
    }

    #[test]
    fn the_name_is_seen_in_any_case_and_in_no_longer_word() {
        for text in ["x_krea_x", "KREA=", "Krea", "api.krea.ai"] {
            assert!(hits(text), "{text}");
        }
        assert!(hits(b"\xa2gservicedkreafapiKeyx") && hits(b"\x0b\x57kreaff48817f-0000"));
        assert!(hits("(dp0\nVkrea_api_key\np1\n") && hits("p2\nsVkreaKey\n") && !hits("p2\nsVkreative\n"));
        for text in [
            "nothing to see: KRE A, kr-ea, Korea",
            "linkReact, breakreader, Ukrea",
            r"\\linkReact%20breakreader",
        ] {
            assert!(!hits(text), "{text}");
        }
    }

    #[test]
    fn what_stands_before_the_name_may_be_an_escape() {
        for escape in [
            r"\n",
            r"\x0a",
            r"\u000a",
            "%0a",
            "%250A",
            "=0a",
            "\x1b[0m",
            "\x1b[01;31m\x1b[K",
            r"\012",
            r"\x00",
            r"\u0000",
            "&#10;",
            "#012",
            "^[[0m",
            "^@",
            "\u{200b}",
            "&nbsp;",
            "_x000A_",
            r"\\n",
            r"\t",
            "%253D",
            "%26",
        ] {
            assert!(hits(format!("a=1 {escape}krea_api_key")), "{escape}");
        }
    }

    #[test]
    fn the_name_is_seen_in_a_wrapped_binary_wherever_a_line_ends() {
        for zeros in 600..600 + 57 {
            let said = b"KREA_API_KEY=some value of a token, which goes on and on, over more than one line";
            let encoded = STANDARD.encode([&vec![0; zeros][..], said, &[0; 500]].concat());
            let lines = encoded.as_bytes().chunks(76).flat_map(|line| [line, b"\n"].concat());
            assert!(hits(lines.collect::<Vec<u8>>()), "{zeros}");
        }
    }

    #[test]
    fn the_name_is_seen_in_two_and_four_bytes_a_character() {
        for word in ["krea", "KREA", "Krea"] {
            let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let widest: Vec<u8> = word.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
            for bytes in [&wide[..], &wide[..7], &widest, &widest[..13]] {
                assert!(hits(bytes) && hits([&b"\x01\0"[..], bytes].concat()));
            }
            assert!(hits(word.chars().map(|c| format!(r"{c}\x00")).collect::<String>()));
        }
    }

    #[test]
    fn a_team_s_keywords_are_seen_in_any_case() {
        let prefilter = Prefilter::with_keywords(["acme_"]);
        assert!(prefilter.hits(b"ACME_TOKEN"));
        assert!(prefilter.hits(b"Krea"));
        assert!(!prefilter.hits(b"token"));
    }

    #[test]
    fn what_a_needle_hangs_on_fits_the_reach() {
        let longest = "\x1b[".to_owned() + &"0;".repeat(AROUND / 2 - 2) + "m";
        assert!(longest.len() < AROUND && longest.len() + "krea_".len() > AROUND);
        let stretch = format!("{longest}krea_");
        assert!(hits(&stretch) && !hits(&stretch[1..]), "without its first byte no escape is there");
        assert!(Prefilter::krea().reach() >= stretch.len());
        assert!(!hits("\x1b[0mkreative"), "what stands behind it counts as well");
        // What tells the name from a longer word may end so far behind it, too.
        assert!(Prefilter::krea().reach() >= 2 * AROUND);
    }

    #[test]
    fn a_team_s_longest_keyword_fits_the_reach() {
        let keyword = "acme_".repeat(100);
        let prefilter = Prefilter::with_keywords([keyword.as_str()]);
        assert!(prefilter.hits(keyword.as_bytes()) && !prefilter.hits(&keyword.as_bytes()[1..]));
        assert!(prefilter.reach() >= keyword.len());
    }

    #[test]
    fn a_text_in_two_bytes_a_character_may_begin_with_letters_of_one() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        // No needle has letters of two widths, so only the text as it is meant has the name.
        let hidden = wide(&"\u{416}".repeat(20).chars().chain("k\\x72ea_key".chars()).collect::<String>());
        assert!(hits(hidden));
    }
}
