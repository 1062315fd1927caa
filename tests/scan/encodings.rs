//! The corpus again, as other editors, systems and tools write it: encodings, line ends, bytes around the
//! text, very long lines. What is found and what is ignored must not change.

use crate::support::corpus::{self, Case};
use crate::support::tokens::{self, Alphabet};

/// Each case with its bytes changed; lines stay, columns are not checked.
fn changed(change: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<Case> {
    let cases = corpus::load().into_iter();
    cases
        .filter_map(|case| {
            let bytes = change(&case.text)?;
            Some(Case { bytes, columns: false, ..case })
        })
        .collect()
}

fn check(cases: &[Case]) {
    if !cases.is_empty() {
        corpus::assert_none(&corpus::check_tree(cases), cases.len());
    }
}

fn utf16(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.then_some(0xfeff).into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[test]
fn windows_line_ends() {
    check(&changed(|text| (!text.contains('\r')).then(|| text.replace('\n', "\r\n").into_bytes())));
}

#[test]
fn no_newline_at_the_end() {
    check(&changed(|text| Some(text.trim_end_matches(['\r', '\n']).as_bytes().to_vec())));
}

#[test]
fn utf8_with_a_byte_order_mark() {
    check(&changed(|text| Some([b"\xef\xbb\xbf", text.as_bytes()].concat())));
}

#[test]
fn utf16_little_endian_with_a_mark() {
    check(&changed(|text| Some(utf16(text, true, u16::to_le_bytes))));
}

#[test]
fn utf16_big_endian_with_a_mark() {
    check(&changed(|text| Some(utf16(text, true, u16::to_be_bytes))));
}

#[test]
fn utf16_little_endian_without_a_mark() {
    check(&changed(|text| Some(utf16(text, false, u16::to_le_bytes))));
}

#[test]
fn utf16_big_endian_without_a_mark() {
    check(&changed(|text| Some(utf16(text, false, u16::to_be_bytes))));
}

/// Bytes that are no UTF-8, before and behind the interesting lines.
#[test]
fn latin_1() {
    check(&changed(|text| {
        // Frames of tables have no place in it.
        if text.contains(|c| matches!(c, '\u{2500}'..='\u{257f}')) {
            return None;
        }
        let body = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'));
        let end = "\n\u{a0}\u{e9}crit par l'\u{e9}quipe \u{ab} m\u{e9}dia \u{bb}\n";
        Some(body.chain(end.chars().map(|c| c as u8)).collect())
    }));
}

/// What `strings` would show: assignments inside a compiled program.
#[test]
fn text_between_binary_bytes() {
    let mut cases = Vec::new();
    for (n, alphabet) in Alphabet::ALL.into_iter().enumerate() {
        for (kind, around) in [("KREA_API_KEY=", ""), ("\"kreaApiKey\":\"", "\""), ("KREA_API_TOKEN\0", "\0")]
        {
            let label = format!("{{{{pair-{}}}}}", alphabet.name());
            let path = format!("find/binary/{n}-{}.bin", kind.len());
            let mut case = corpus::expand(&path, &format!("{kind}{label}{around}"));
            let mut random = tokens::Random::new("binary", n as u64);
            let mut noise = |length: usize| -> Vec<u8> {
                (0..length).map(|_| random.next() as u8).filter(|byte| *byte != b'\n').collect()
            };
            let (before, after) = (noise(5000), noise(5000));
            let parts: [&[u8]; 5] = [b"\x7fELF\x02\x01\0\0", &before, b"\0\0\0", &case.bytes, b"\0\0\0"];
            case.bytes = [parts.concat(), after].concat();
            case.columns = false;
            cases.push(case);
        }
    }
    check(&cases);
}

/// One line of five megabytes, with a token at the start, the end and across every likely window border.
#[test]
fn a_token_anywhere_in_a_very_long_line() {
    const LENGTH: usize = 5 << 20;
    let mut borders: Vec<usize> = (12..=22).map(|bits| 1 << bits).collect();
    borders.extend([3 << 20, 1_000_000, 65_535, 131_071, LENGTH / 2]);
    let mut cases = Vec::new();
    // The border cuts the name, the sign between, the id, the colon, the secret, or its last character.
    for (n, cut) in [3, 12, 13, 14, 30, 50, 51, 60, 80, 81, 82].into_iter().enumerate() {
        let mut template = String::new();
        let mut places: Vec<usize> = borders.iter().map(|border| border - cut).collect();
        places.extend([0, LENGTH]);
        places.sort_unstable();
        places.dedup_by(|next, place| *next < *place + 200);
        let filler =
            "function(t,e,n){\"use strict\";return n.d(e,\"a\",(function(){return r})),t.exports=e},";
        let mut at = 0;
        for (i, place) in places.into_iter().enumerate() {
            while at < place {
                let step = filler.len().min(place - at);
                template.push_str(&filler[..step]);
                at += step;
            }
            let piece = format!("KREA_API_KEY:\"{{{{pair-hex#{}}}}}\",", i + 1);
            // Every expanded piece has the length of its token, so the later places stay exact.
            let path = format!("find/long/{n}.js");
            at += piece.len() - format!("{{{{pair-hex#{}}}}}", i + 1).len()
                + tokens::pair(Alphabet::Hex, tokens::hash(&path) ^ (i as u64 + 1)).len();
            template.push_str(&piece);
        }
        cases.push(corpus::expand(&format!("find/long/{n}.js"), &template));
    }
    check(&cases);
}
