//! Names and comments in zips: UTF-8, or the character set of the first PCs.

/// The upper half of code page 437.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A name or a comment. Many programs write UTF-8 without saying so.
pub fn text(bytes: &[u8], flags: u16) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) if flags & 1 << 11 != 0 => String::from_utf8_lossy(bytes).into_owned(),
        Err(_) => bytes.iter().map(|&byte| character(byte)).collect(),
    }
}

fn character(byte: u8) -> char {
    match byte.checked_sub(128) {
        Some(upper) => CP437.chars().nth(usize::from(upper)).unwrap_or(char::REPLACEMENT_CHARACTER),
        None => char::from(byte),
    }
}

/// The checksum that zips have for a name.
pub fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_utf_8_or_what_the_first_pcs_wrote() {
        assert_eq!(CP437.chars().count(), 128);
        assert_eq!(text(b"sch\x81ssel-\xe1\xff", 0), "schüssel-ß\u{a0}");
        assert_eq!(text("schüssel".as_bytes(), 0), "schüssel");
        assert_eq!(text(b"a\xffb", 1 << 11), "a\u{fffd}b");
    }
}
