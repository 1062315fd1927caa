//! How random a text looks: what a machine drew, letter by letter, beside what people write.

/// How surprising two letters in a row are in English and in source code: digit 5 is chance, each step a factor
/// of two. Counted over the words of two large open-source projects, each word once per doubling of its frequency.
const BIGRAMS: [&[u8; 26]; 26] = [
    b"46773463635878262878643353", // a
    b"63336213530631520542500030", // b
    b"72427207616531820546520033", // c
    b"63458323710433630553621231", // d
    b"75786653534778564987455633", // e
    b"51235611700522620444500030", // f
    b"51307245601434430543520020", // g
    b"62227201601323620434411020", // h
    b"65776662214779762677350525", // i
    b"30004000200000300010300000", // j
    b"50126201501413420254311020", // k
    b"72458331802744730256531060", // l
    b"75237133701353660153500030", // m
    b"73777583714445651378552342", // n
    b"45663452534678560866656323", // o
    b"72337224601622650755501030", // p
    b"00000000000000000000503000", // q
    b"84559452704565741566543153", // r
    b"62638436704444662268633043", // s
    b"73549426802544750766513353", // t
    b"55445440522657350667020321", // u
    b"60117000600102411121100000", // v
    b"51225103500214410432101020", // w
    b"30324201400320040125110210", // x
    b"42314220300233340243302000", // y
    b"40016000400112200000201032", // z
];

/// `8-4-4-4-12` hex digits.
pub fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Shannon entropy in bits per character.
pub fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    text.iter().for_each(|&b| counts[usize::from(b)] += 1);
    let total = text.len() as f64;
    counts.iter().filter(|&&n| n > 0).map(|&n| f64::from(n) / total).map(|p| -p * p.log2()).sum()
}

/// How much more likely two letters follow each other in words than by chance, in bits; `None` for other characters.
pub fn pair_bits(a: u8, b: u8) -> Option<i32> {
    let both = a.is_ascii_alphabetic() && b.is_ascii_alphabetic();
    both.then(|| {
        let row = BIGRAMS[usize::from(a.to_ascii_lowercase() - b'a')];
        i32::from(row[usize::from(b.to_ascii_lowercase() - b'a')]) - i32::from(b'5')
    })
}

/// How much likelier than by chance letters follow each other as they do, in powers of two for each two of them: above
/// zero in most words, below it in most texts that are drawn at random.
pub fn familiarity(text: &[u8]) -> f64 {
    let (score, pairs) = bigrams(text);
    f64::from(score) / f64::from(pairs.max(1))
}

/// The sum of [`pair_bits`] over all letters that stand side by side, and their number.
pub fn bigrams(text: &[u8]) -> (i32, i32) {
    let bits = text.windows(2).filter_map(|pair| pair_bits(pair[0], pair[1]));
    bits.fold((0, 0), |(score, pairs), bits| (score + bits, pairs + 1))
}
