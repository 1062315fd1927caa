//! What a file is, told by its first bytes.

/// A kind of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A zip, whatever it calls itself: jar, apk, ipa, xpi, crx, vsix, nupkg, whl, docx.
    Zip,
    /// A tar, with or without the magic of POSIX and GNU.
    Tar,
    /// gzip.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
    /// Brotli, which has no magic and is told by its name.
    Brotli,
    /// A WebAssembly module or component.
    Wasm,
    /// Hermes bytecode, which is what a React Native app ships.
    Hermes,
}

impl Kind {
    /// What a file is, by its first bytes ([`super::HEAD`] are enough) and, where a format has no magic, its name.
    #[inline]
    pub fn of(head: &[u8], name: &str) -> Option<Kind> {
        match head {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'C', b'r', b'2', b'4', ..] => Some(Kind::Zip),
            [0x1f, 0x8b, 8, ..] => Some(Kind::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Some(Kind::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Kind::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Kind::Zstd),
            [0, b'a', b's', b'm', ..] => Some(Kind::Wasm),
            [0xc6, 0x1f, 0xbc, 0x03, 0xc1, 0x03, 0x19, 0x1f, ..] => Some(Kind::Hermes),
            _ if is_tar(head) => Some(Kind::Tar),
            _ if name.len() > 3
                && name.get(name.len() - 3..).is_some_and(|end| end.eq_ignore_ascii_case(".br")) =>
            {
                Some(Kind::Brotli)
            }
            _ => None,
        }
    }

    /// Why nothing in it can be read, and what to do; `None` for what can be.
    pub fn unreadable(self) -> Option<&'static str> {
        None
    }
}

/// A tar's first header: the magic of POSIX and GNU, or a checksum that fits (the tar of Unix V7 has no magic).
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512) else { return false };
    if &header[257..262] == b"ustar" {
        return true;
    }
    // The cheap look first: a mode, and a checksum, in octal digits.
    let is_octal = |field: &[u8]| field.iter().all(|b| matches!(b, b'0'..=b'7' | b' ' | 0));
    if header[0] == 0 || !is_octal(&header[100..108]) || !is_octal(&header[148..156]) {
        return false;
    }
    let digits: String = header[148..156].iter().filter(|b| b.is_ascii_digit()).map(|&b| b as char).collect();
    let sum: u32 = header
        .iter()
        .enumerate()
        .map(|(i, &b)| if (148..156).contains(&i) { 32 } else { u32::from(b) })
        .sum();
    u32::from_str_radix(&digits, 8) == Ok(sum)
}
