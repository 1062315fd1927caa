//! From bytes and the names of glyphs to letters (ISO 32000-2, annex D, and the Adobe Glyph List).

use encoding_rs::{MACINTOSH, WINDOWS_1252};

/// The upper part of the standard encoding, from 0xa0 on. A full stop stands for what has no letter.
const STANDARD: &str =
    ".¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ.–†‡·.¶•‚„”»…‰.¿.`´ˆ˜¯˘˙¨.˚¸.˝˛ˇ—................Æ.ª....ŁØŒº.....æ...ı..łøœß....";

/// The letters of a simple encoding.
pub fn simple(name: &[u8]) -> [Option<char>; 256] {
    std::array::from_fn(|code| {
        let code = code as u8;
        match (name, code) {
            (_, 0..=0x1f | 0x7f) => None,
            (_, 0x20..=0x7e) => Some(code as char),
            (b"WinAnsiEncoding", _) => letter(WINDOWS_1252, code),
            (b"MacRomanEncoding", _) => letter(MACINTOSH, code),
            (_, 0x80..=0x9f) => None,
            _ => STANDARD.chars().nth(usize::from(code) - 0xa0).filter(|&letter| letter != '.'),
        }
    })
}

fn letter(encoding: &'static encoding_rs::Encoding, code: u8) -> Option<char> {
    let code = [code];
    encoding.decode_without_bom_handling(&code).0.chars().next()
}

/// What a glyph of a name stands for; `None` where the name says nothing.
pub fn glyph(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    // What stands behind a full stop is a variant.
    let base = name.split('.').next().filter(|base| !base.is_empty())?;
    base.split('_').map(component).collect()
}

fn component(name: &str) -> Option<String> {
    if let Ok(found) = NAMES.binary_search_by_key(&name, |(name, _)| name) {
        return Some(NAMES[found].1.to_string());
    }
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Some(letter.to_string());
    }
    if let "ff" | "fi" | "fl" | "ffi" | "ffl" = name {
        return Some(name.to_owned());
    }
    let code = |digits: &str| {
        let is_hex = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten().and_then(char::from_u32)
    };
    if let Some(digits) = name.strip_prefix("uni") {
        let codes = digits.as_bytes().chunks(4).map(|digits| code(std::str::from_utf8(digits).ok()?));
        return codes.collect::<Option<String>>().filter(|text| !text.is_empty());
    }
    code(name.strip_prefix('u')?).map(String::from)
}

/// A string that is text: UTF-16, UTF-8, or nearly Latin-1.
pub fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|&byte| plain(byte)).collect(),
    }
}

/// A character of PDFDocEncoding (table D.2).
fn plain(byte: u8) -> char {
    const UPPER: [char; 33] = [
        '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ',
        'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{fffd}', '€',
    ];
    match byte {
        b'\r' => '\n',
        0x80..=0xa0 => UPPER[usize::from(byte - 0x80)],
        _ => byte as char,
    }
}

/// A letter as it looks when it is drawn: every hyphen is one, and ligatures are letters.
pub fn as_drawn(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{ad}' | '\u{2010}' | '\u{2011}' => out.push('-'),
            '\u{a0}' | '\t' | '\n' | '\r' | '\u{2000}'..='\u{200a}' => out.push(' '),
            '\u{fb00}' => out.push_str("ff"),
            '\u{fb01}' => out.push_str("fi"),
            '\u{fb02}' => out.push_str("fl"),
            '\u{fb03}' => out.push_str("ffi"),
            '\u{fb04}' => out.push_str("ffl"),
            '\u{200b}'..='\u{200f}' | '\u{feff}' => {}
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

/// Names of glyphs, sorted.
const NAMES: [(&str, char); 180] = [
    ("AE", 'Æ'),
    ("Aacute", 'Á'),
    ("Acircumflex", 'Â'),
    ("Adieresis", 'Ä'),
    ("Agrave", 'À'),
    ("Aring", 'Å'),
    ("Atilde", 'Ã'),
    ("Ccedilla", 'Ç'),
    ("Eacute", 'É'),
    ("Ecircumflex", 'Ê'),
    ("Edieresis", 'Ë'),
    ("Egrave", 'È'),
    ("Eth", 'Ð'),
    ("Euro", '€'),
    ("Iacute", 'Í'),
    ("Icircumflex", 'Î'),
    ("Idieresis", 'Ï'),
    ("Igrave", 'Ì'),
    ("Lslash", 'Ł'),
    ("Ntilde", 'Ñ'),
    ("OE", 'Œ'),
    ("Oacute", 'Ó'),
    ("Ocircumflex", 'Ô'),
    ("Odieresis", 'Ö'),
    ("Ograve", 'Ò'),
    ("Oslash", 'Ø'),
    ("Otilde", 'Õ'),
    ("Scaron", 'Š'),
    ("Thorn", 'Þ'),
    ("Uacute", 'Ú'),
    ("Ucircumflex", 'Û'),
    ("Udieresis", 'Ü'),
    ("Ugrave", 'Ù'),
    ("Yacute", 'Ý'),
    ("Ydieresis", 'Ÿ'),
    ("Zcaron", 'Ž'),
    ("aacute", 'á'),
    ("acircumflex", 'â'),
    ("acute", '\u{b4}'),
    ("adieresis", 'ä'),
    ("ae", 'æ'),
    ("agrave", 'à'),
    ("ampersand", '&'),
    ("aring", 'å'),
    ("asciicircum", '^'),
    ("asciitilde", '~'),
    ("asterisk", '*'),
    ("at", '@'),
    ("atilde", 'ã'),
    ("backslash", '\\'),
    ("bar", '|'),
    ("braceleft", '{'),
    ("braceright", '}'),
    ("bracketleft", '['),
    ("bracketright", ']'),
    ("breve", '\u{2d8}'),
    ("brokenbar", '¦'),
    ("bullet", '•'),
    ("caron", '\u{2c7}'),
    ("ccedilla", 'ç'),
    ("cedilla", '\u{b8}'),
    ("cent", '¢'),
    ("circumflex", '\u{2c6}'),
    ("colon", ':'),
    ("comma", ','),
    ("copyright", '©'),
    ("currency", '¤'),
    ("dagger", '†'),
    ("daggerdbl", '‡'),
    ("degree", '°'),
    ("dieresis", '\u{a8}'),
    ("divide", '÷'),
    ("dollar", '$'),
    ("dotaccent", '\u{2d9}'),
    ("dotlessi", 'ı'),
    ("eacute", 'é'),
    ("ecircumflex", 'ê'),
    ("edieresis", 'ë'),
    ("egrave", 'è'),
    ("eight", '8'),
    ("ellipsis", '…'),
    ("emdash", '—'),
    ("endash", '–'),
    ("equal", '='),
    ("eth", 'ð'),
    ("exclam", '!'),
    ("exclamdown", '¡'),
    ("five", '5'),
    ("florin", 'ƒ'),
    ("four", '4'),
    ("fraction", '⁄'),
    ("germandbls", 'ß'),
    ("grave", '`'),
    ("greater", '>'),
    ("guillemotleft", '«'),
    ("guillemotright", '»'),
    ("guilsinglleft", '‹'),
    ("guilsinglright", '›'),
    ("hungarumlaut", '\u{2dd}'),
    ("hyphen", '-'),
    ("hyphenminus", '-'),
    ("iacute", 'í'),
    ("icircumflex", 'î'),
    ("idieresis", 'ï'),
    ("igrave", 'ì'),
    ("less", '<'),
    ("logicalnot", '¬'),
    ("lslash", 'ł'),
    ("macron", '\u{af}'),
    ("minus", '−'),
    ("mu", 'µ'),
    ("multiply", '×'),
    ("nbspace", '\u{a0}'),
    ("nine", '9'),
    ("nonbreakingspace", '\u{a0}'),
    ("ntilde", 'ñ'),
    ("numbersign", '#'),
    ("oacute", 'ó'),
    ("ocircumflex", 'ô'),
    ("odieresis", 'ö'),
    ("oe", 'œ'),
    ("ogonek", '\u{2db}'),
    ("ograve", 'ò'),
    ("one", '1'),
    ("onehalf", '½'),
    ("onequarter", '¼'),
    ("onesuperior", '¹'),
    ("ordfeminine", 'ª'),
    ("ordmasculine", 'º'),
    ("oslash", 'ø'),
    ("otilde", 'õ'),
    ("paragraph", '¶'),
    ("parenleft", '('),
    ("parenright", ')'),
    ("percent", '%'),
    ("period", '.'),
    ("periodcentered", '·'),
    ("perthousand", '‰'),
    ("plus", '+'),
    ("plusminus", '±'),
    ("question", '?'),
    ("questiondown", '¿'),
    ("quotedbl", '"'),
    ("quotedblbase", '„'),
    ("quotedblleft", '“'),
    ("quotedblright", '”'),
    ("quoteleft", '‘'),
    ("quoteright", '’'),
    ("quotesinglbase", '‚'),
    ("quotesingle", '\''),
    ("registered", '®'),
    ("ring", '\u{2da}'),
    ("scaron", 'š'),
    ("section", '§'),
    ("semicolon", ';'),
    ("seven", '7'),
    ("sfthyphen", '\u{ad}'),
    ("six", '6'),
    ("slash", '/'),
    ("softhyphen", '\u{ad}'),
    ("space", ' '),
    ("sterling", '£'),
    ("thorn", 'þ'),
    ("three", '3'),
    ("threequarters", '¾'),
    ("threesuperior", '³'),
    ("tilde", '\u{2dc}'),
    ("trademark", '™'),
    ("two", '2'),
    ("twosuperior", '²'),
    ("uacute", 'ú'),
    ("ucircumflex", 'û'),
    ("udieresis", 'ü'),
    ("ugrave", 'ù'),
    ("underscore", '_'),
    ("yacute", 'ý'),
    ("ydieresis", 'ÿ'),
    ("yen", '¥'),
    ("zcaron", 'ž'),
    ("zero", '0'),
];
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glyphs_have_names() {
        assert!(NAMES.is_sorted());
        let names = [
            ("A", "A"),
            ("hyphen", "-"),
            ("seven", "7"),
            ("seven.tnum", "7"),
            ("f_i", "fi"),
            ("ffi", "ffi"),
            ("uni0041", "A"),
            ("uni00660069", "fi"),
            ("u1F511", "🔑"),
            ("colon", ":"),
        ];
        for (name, text) in names {
            assert_eq!(glyph(name.as_bytes()).as_deref(), Some(text), "{name}");
        }
        for name in ["g12", "cid123", ".notdef", "", "uni00"] {
            assert_eq!(glyph(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn letters_of_simple_encodings() {
        assert_eq!(simple(b"WinAnsiEncoding")[0x93], Some('“'));
        assert_eq!(simple(b"MacRomanEncoding")[0xd2], Some('“'));
        assert_eq!(simple(b"StandardEncoding")[0xaa], Some('“'));
        assert_eq!((simple(b"")[0xb1], simple(b"")[0xfb], simple(b"")[0xff]), (Some('–'), Some('ß'), None));
        assert_eq!(text(b"\xfe\xff\0K\x20\xac"), "K€");
        assert_eq!(text(b"a\x84b\xe9"), "a—bé");
        assert_eq!(as_drawn("a\u{ad}b\u{a0}\u{fb01}\0"), "a-b fi");
    }
}
