//! What to look for in raw bytes: Krea's name, and the forms of it that are sure to stand in what it is encoded in. All are
//! made from the name.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD_NO_PAD;

/// The name, in lower case.
pub const WORD: &[u8; 4] = b"krea";
/// How it is written by people.
const SPELT: [&[u8]; 3] = [b"krea", b"Krea", b"KREA"];
/// How many spellings in upper and lower case it has. They are the first needles.
pub const SPELLINGS: usize = 1 << WORD.len();

/// The second row of a dump that shows characters but no codes, or codes in which the name can be cut: where it starts.
const ROWS: [&[u8]; 3] = [b"\n0000020 ", b"\n0000010 ", b"\n0040: "];

/// The needles for any bytes. No more than a vector of the search takes at once: it is several times slower with more.
pub fn plain() -> Vec<Vec<u8>> {
    let spelling = |upper: usize| {
        let case = |(i, b): (usize, &u8)| if upper >> i & 1 == 1 { b.to_ascii_uppercase() } else { *b };
        WORD.iter().enumerate().map(case).collect()
    };
    let mut needles: Vec<Vec<u8>> = (0..SPELLINGS).map(spelling).collect();
    needles.extend(base64());
    needles.extend(ends().flat_map(|end| [hex(&end, ""), hex(&end, "-")]));
    needles.extend(ROWS.iter().map(|row| row.to_vec()));
    needles
}

/// The needles for bytes that hold zeros: with one or three of them between the characters.
pub fn wide() -> Vec<Vec<u8>> {
    let spaced = |text: &[u8], zeros: usize| {
        let between = |b: &u8| std::iter::once(*b).chain(std::iter::repeat_n(0, zeros)).collect::<Vec<_>>();
        text.iter().flat_map(between).take((zeros + 1) * (text.len() - 1) + 1).collect()
    };
    let words = SPELT.iter().flat_map(|word| [spaced(word, 1), spaced(word, 3)]);
    words.chain(base64().iter().map(|text| spaced(text, 1))).collect()
}

/// The name in base64 behind any number of other bytes: the characters that do not depend on its neighbours.
fn base64() -> Vec<Vec<u8>> {
    let at_each = |word: &[u8]| {
        [0, 1, 2].map(|shift| {
            let padded = [&[0; 2][..shift], word].concat();
            STANDARD_NO_PAD.encode(&padded).as_bytes()[(shift * 8).div_ceil(6)..padded.len() * 8 / 6].to_vec()
        })
    };
    let mut needles: Vec<Vec<u8>> = SPELT.iter().copied().flat_map(at_each).collect();
    needles.sort();
    needles.dedup();
    needles
}

/// What stands behind the first letter: its digits are the same in hex, whatever case digits are in.
fn ends() -> impl Iterator<Item = Vec<u8>> {
    let end = &WORD[1..];
    [end.to_vec(), end.to_ascii_uppercase()].into_iter()
}

fn hex(text: &[u8], between: &str) -> Vec<u8> {
    text.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needles_fit_the_fast_search() {
        let (plain, wide) = (plain(), wide());
        assert!(plain.len() <= 32 && wide.len() <= 32, "{} {}", plain.len(), wide.len());
        assert!(plain.iter().chain(&wide).all(|needle| needle.len() >= 4));
    }

    #[test]
    fn base64_has_the_name_at_each_place() {
        let mut needles = ["a3JlY", "S3JlY", "S1JFQ", "tyZW", "tSRU", "rcmVh", "LcmVh", "LUkVB"]
            .map(|n| n.as_bytes().to_vec());
        needles.sort();
        assert_eq!(base64(), needles);
    }
}
