//! cpio, which RPM packages and the first file system of Linux are packed in: the formats with numbers in digits, `newc`, `crc`
//! and `odc` (cpio(5)).

use super::Walk;
use krea_scan_bounds::read_error::{ReadError, SizedReader};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, Cursor, Read};

/// How a header starts.
const NEWC: [&[u8]; 2] = [b"070701", b"070702"];
const ODC: &[u8] = b"070707";
/// The longest name, in bytes.
const MAX_NAME: u64 = 64 << 10;
/// What the last entry is called.
const TRAILER: &str = "TRAILER!!!";

/// Whether a file starts with a header of a known format.
pub fn is_cpio(head: &[u8]) -> bool {
    Format::of(head).is_some_and(|format| format.entry(head).is_some())
}

#[derive(Clone, Copy)]
enum Format {
    /// Numbers in hex; names and files start at places that four divides.
    Newc,
    /// Numbers in octal, and no padding.
    Odc,
}

/// What a header says.
struct CpioEntry {
    name: u64,
    size: u64,
}

impl Format {
    fn of(head: &[u8]) -> Option<Format> {
        match head.get(..6)? {
            magic if NEWC.contains(&magic) => Some(Format::Newc),
            ODC => Some(Format::Odc),
            _ => None,
        }
    }

    /// How long a header is, in bytes.
    fn header(self) -> usize {
        match self {
            Format::Newc => 110,
            Format::Odc => 76,
        }
    }

    fn entry(self, header: &[u8]) -> Option<CpioEntry> {
        let (name, size, radix) = match self {
            Format::Newc => (header.get(94..102)?, header.get(54..62)?, 16),
            Format::Odc => (header.get(59..65)?, header.get(65..76)?, 8),
        };
        let number = |digits: &[u8]| u64::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok();
        let entry = CpioEntry { name: number(name)?, size: number(size)? };
        (1..=MAX_NAME).contains(&entry.name).then_some(entry)
    }

    /// What stands behind `length` bytes to fill them up.
    fn padding(self, length: u64) -> u64 {
        match self {
            Format::Newc => length.wrapping_neg() % 4,
            Format::Odc => 0,
        }
    }
}

pub fn read_cpio(walk: &mut Walk<'_>, input: &mut dyn Read) -> io::Result<()> {
    let level = walk.level();
    loop {
        let damaged = || ReadError::new("is damaged or cut short: an entry's header cannot be read");
        let mut header = vec![0; 6];
        input.read_exact(&mut header).map_err(|_| damaged())?;
        let format = Format::of(&header).ok_or_else(damaged)?;
        header.resize(format.header(), 0);
        input.read_exact(&mut header[6..]).map_err(|_| damaged())?;
        let entry = format.entry(&header).ok_or_else(damaged)?;
        let mut name = Vec::new();
        let mut body = SizedReader::new(&mut *input, entry.name, level);
        body.read_to_end(&mut name)?;
        body.skip()?;
        let before = format.padding(header.len() as u64 + entry.name);
        SizedReader::new(&mut *input, before, level).skip()?;
        let name = String::from_utf8_lossy(name.strip_suffix(b"\0").unwrap_or(&name));
        if name == TRAILER {
            return behind(walk, input);
        }
        let mut body = SizedReader::new(&mut *input, entry.size, level);
        if entry.size > 0 {
            walk.member(Layer::named(LayerKind::Cpio, &name), &name, &mut body)?;
        }
        body.skip()?;
        SizedReader::new(&mut *input, format.padding(entry.size), level).skip()?;
    }
}

/// What stands behind the end of an archive and the zeros that fill it up: the next one, compressed or not.
fn behind(walk: &mut Walk<'_>, input: &mut dyn Read) -> io::Result<()> {
    let mut first = [0];
    while input.read(&mut first)? == 1 {
        if first != [0] {
            let rest = &mut Cursor::new(first).chain(input);
            return walk.member(Layer::named(LayerKind::Cpio, ""), "", rest);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::container::testing::collect;

    fn newc(name: &str, text: &str) -> String {
        let fields = [0, 0o100_644, 0, 0, 1, 0, text.len(), 0, 0, 0, 0, name.len() + 1, 0];
        let header: String = fields.iter().map(|field| format!("{field:08x}")).collect();
        let padded = |text: String| format!("{text}{}", "\0".repeat(text.len().wrapping_neg() % 4));
        padded(format!("070701{header}{name}\0")) + &padded(text.to_owned())
    }

    fn odc(name: &str, text: &str) -> String {
        format!("070707{:042o}{:011o}{:06o}{:011o}{name}\0{text}", 0, 0, name.len() + 1, text.len())
    }

    #[test]
    fn entries_are_read_and_what_stands_behind_the_end() {
        for entry in [newc, odc] {
            let first = [entry("a", "one"), entry("dir/b", "two, two"), entry("TRAILER!!!", "")].concat();
            let second = [newc("c", "three"), newc("TRAILER!!!", "")].concat();
            let collected = collect("initrd", [first, "\0".repeat(300), second].concat().as_bytes());
            assert_eq!(
                collected.texts(),
                [("cpio a", "one"), ("cpio dir/b", "two, two"), ("cpio  → cpio c", "three")]
            );
            assert!(collected.unread.is_empty(), "{:?}", collected.unread);
        }
    }

    #[test]
    fn what_is_cut_short_is_told() {
        let whole = newc("a", "one") + &newc("b", "two");
        let collected = collect("a.cpio", whole.as_bytes());
        assert_eq!((collected.members.len(), collected.unread.len()), (2, 1));
    }
}
