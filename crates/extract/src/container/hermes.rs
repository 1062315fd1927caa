//! Hermes bytecode, which a React Native app ships as `index.android.bundle` or `main.jsbundle`: its string table.
//!
//! The header is the same up to the size of the string storage in every version that React Native has shipped
//! (`BytecodeFileHeader` in Hermes' `BytecodeFileFormat.h`). What follows it is not: the headers of the functions have
//! one size or another. The kinds of the strings, which come next, must add up to the number of strings; so a size is
//! right where they do, and a version that nobody has seen yet can be read as long as this holds.

use super::segments::{SegmentReader, SegmentSource, TextSegment};
use super::{Seekable, Walk};
use krea_scan_bounds::limits::Metered;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, Read, SeekFrom};

/// The header, in bytes.
const HEADER: u64 = 128;
/// Where the header's version stands, and its counts from the file's length on; 32 bits each.
const VERSION: usize = 8;
const COUNTS: usize = 32;
/// The header of a function, in bytes: up to version 97, from 98 on, and what a later one may have.
const FUNCTION_HEADERS: [u64; 6] = [16, 12, 20, 24, 8, 32];
/// Tables and storage that are larger than this, in bytes, are not held in memory. An app's have a few megabytes.
const MAX_TABLE_BYTES: u64 = 32 << 20;
/// The length that stands for an entry of the overflow table.
const OVERFLOW: u32 = 0xff;

/// Reads the string table: a string a line, in the table's order, which keeps what one function uses together.
pub fn read_hermes(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let size = input.seek(SeekFrom::End(0))?;
    input.rewind()?;
    let mut head = [0; HEADER as usize];
    input.read_exact(&mut head)?;
    let header = HermesHeader::new(&head);
    let Some(tables) = header.tables(input, size)? else {
        let version = header.version;
        walk.unread(&format!(
            "is Hermes bytecode of version {version}, whose string table is not where it should be"
        ));
        return Ok(());
    };
    let wanted = header.small_bytes() + header.overflow_bytes() + header.storage;
    if wanted > MAX_TABLE_BYTES {
        walk.unread(&format!(
            "has a string table of {wanted} bytes; one of at most {MAX_TABLE_BYTES} is read"
        ));
        return Ok(());
    }
    let memory = walk.memory;
    // And its longest line.
    let _held = memory.take(2 * wanted)?;
    input.seek(SeekFrom::Start(tables))?;
    let mut part = |length: u64| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (&mut *input).take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let strings = HermesStrings {
        small: part(header.small_bytes())?,
        overflow: part(header.overflow_bytes())?,
        storage: part(header.storage)?,
        next: 0,
        lost: 0,
    };
    let missing = header.storage - strings.storage.len() as u64;
    let mut text = SegmentReader::new(strings);
    let mut metered = Metered::new(walk.budget, &mut text);
    walk.member(Layer::named(LayerKind::Hermes, "string table"), "string table", &mut metered)?;
    match text.into_source().lost {
        0 if missing == 0 => Ok(()),
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the last of its strings are missing")),
        lost => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{lost} of its strings are nowhere in it"),
        )),
    }
}

/// What the header says of the strings.
struct HermesHeader {
    version: u32,
    functions: u64,
    kinds: u64,
    identifiers: u64,
    strings: u64,
    overflow: u64,
    storage: u64,
}

impl HermesHeader {
    fn new(head: &[u8; HEADER as usize]) -> Self {
        let word = |at: usize| number(head, at).unwrap_or_default();
        let count = |n: usize| u64::from(word(COUNTS + 4 * n));
        HermesHeader {
            version: word(VERSION),
            functions: count(2),
            kinds: count(3),
            identifiers: count(4),
            strings: count(5),
            overflow: count(6),
            storage: count(7),
        }
    }

    fn small_bytes(&self) -> u64 {
        4 * self.strings
    }

    fn overflow_bytes(&self) -> u64 {
        8 * self.overflow
    }

    /// Where the tables start in a file of `size` bytes, if they are found.
    fn tables(&self, input: &mut dyn Seekable, size: u64) -> io::Result<Option<u64>> {
        for function in FUNCTION_HEADERS {
            let kinds = HEADER + function * self.functions;
            let tables = kinds + 4 * self.kinds + 4 * self.identifiers;
            if tables + self.small_bytes() + self.overflow_bytes() > size || 4 * self.kinds > MAX_TABLE_BYTES
            {
                continue;
            }
            input.seek(SeekFrom::Start(kinds))?;
            let mut runs = vec![0; 4 * self.kinds as usize];
            input.read_exact(&mut runs)?;
            // A run is a count and, in the highest bits, the kind: one bit of it, two in the oldest versions.
            let run = |at: usize| u64::from(number(&runs, 4 * at).unwrap_or_default() & 0x3fff_ffff);
            let counts = (0..self.kinds as usize).map(run);
            if counts.clone().all(|count| count > 0) && counts.sum::<u64>() == self.strings {
                return Ok(Some(tables));
            }
        }
        Ok(None)
    }
}

/// The strings, as text with one on each line.
struct HermesStrings {
    small: Vec<u8>,
    overflow: Vec<u8>,
    storage: Vec<u8>,
    /// The entry that comes next.
    next: usize,
    /// Entries that name no place in the storage.
    lost: u64,
}

impl SegmentSource for HermesStrings {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        Ok(self.next_line(&mut segment.text).is_some())
    }
}

impl HermesStrings {
    /// Appends the next line; `None` behind the last one.
    fn next_line(&mut self, line: &mut Vec<u8>) -> Option<()> {
        let entry = number(&self.small, 4 * self.next)?;
        self.next += 1;
        let (is_utf16, small_offset, small_length) = (entry & 1 == 1, entry >> 1 & 0x7f_ffff, entry >> 24);
        let place = if small_length == OVERFLOW {
            let at = 8 * small_offset as usize;
            number(&self.overflow, at).zip(number(&self.overflow, at + 4))
        } else {
            Some((small_offset, small_length))
        };
        let bytes = place.and_then(|(offset, length)| {
            let length = (length as usize).checked_mul(if is_utf16 { 2 } else { 1 })?;
            self.storage.get(offset as usize..)?.get(..length)
        });
        let Some(bytes) = bytes else {
            self.lost += 1;
            return Some(());
        };
        if is_utf16 {
            let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
            for c in char::decode_utf16(units) {
                let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
                line.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        } else if bytes.is_ascii() {
            line.extend_from_slice(bytes);
        } else {
            // Latin-1.
            for &byte in bytes {
                line.extend_from_slice(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        line.push(b'\n');
        Some(())
    }
}

/// The 32 bits at `at`, little-endian.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use crate::container::testing::{Collected, collect};

    /// A string, in UTF-16 or not.
    type Text<'t> = (&'t str, bool);

    /// Bytecode that holds strings: its function headers take `function` bytes each.
    fn bytecode(version: u32, function: usize, strings: &[Text<'_>]) -> Vec<u8> {
        let (mut small, mut overflow, mut storage) = (Vec::new(), Vec::new(), Vec::new());
        for (text, wide) in strings {
            let offset = storage.len() as u32;
            let length = if *wide {
                let units: Vec<u16> = text.encode_utf16().collect();
                storage.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
                units.len() as u32
            } else {
                // Latin-1.
                storage.extend(text.chars().map(|c| c as u8));
                text.chars().count() as u32
            };
            let entry = if length < 255 && offset < 1 << 23 {
                offset << 1 | length << 24
            } else {
                overflow.extend([offset, length].iter().flat_map(|n| n.to_le_bytes()));
                (overflow.len() as u32 / 8 - 1) << 1 | 255 << 24
            };
            small.extend((entry | u32::from(*wide)).to_le_bytes());
        }
        let (functions, count) = (3, strings.len() as u32);
        let overflows = overflow.len() as u32 / 8;
        let counts = [0, 0, functions, 1, 2, count, overflows, storage.len() as u32];
        let mut bytes = 0x1f19_03c1_03bc_1fc6_u64.to_le_bytes().to_vec();
        bytes.extend(version.to_le_bytes());
        bytes.resize(32, 0);
        bytes.extend(counts.iter().flat_map(|n| n.to_le_bytes()));
        bytes.resize(128 + function * functions as usize, 0);
        // One run of strings that are no identifiers, and two hashes of identifiers.
        bytes.extend(count.to_le_bytes());
        bytes.extend([0xaa; 8]);
        bytes.extend([small, overflow, storage].concat());
        bytes
    }

    const STRINGS: [Text<'_>; 4] =
        [("KREA_API_KEY", false), ("ключ \u{1f511}", true), ("é", false), ("https://api.krea.ai", false)];

    #[track_caller]
    fn lines(bytes: &[u8]) -> Vec<String> {
        let Collected { members, unread } = collect("index.android.bundle", bytes);
        assert!(unread.is_empty(), "{unread:?}");
        let [(way, text)] = members.as_slice() else { panic!("{members:?}") };
        assert_eq!(way, "hermes string table");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_string_has_a_line_in_every_layout() {
        for (version, function) in [(60, 16), (96, 16), (98, 12), (123, 20)] {
            assert_eq!(lines(&bytecode(version, function, &STRINGS)), STRINGS.map(|(text, _)| text));
        }
    }

    #[test]
    fn long_strings_are_in_the_overflow_table() {
        let long = "0123456789".repeat(100);
        assert_eq!(
            lines(&bytecode(96, 16, &[("a", false), (&long, false), (&long, true)])),
            ["a", &long, &long]
        );
    }

    #[test]
    fn a_layout_that_is_not_known_is_said() {
        let collected = collect("main.jsbundle", &bytecode(200, 18, &STRINGS));
        assert!(collected.members.is_empty());
        let [reason] = collected.unread.as_slice() else { panic!("{collected:?}") };
        assert!(reason.contains("Hermes bytecode of version 200"), "{reason}");
    }

    #[test]
    fn a_table_that_is_cut_short_is_said_and_read_up_to_there() {
        let whole = bytecode(96, 16, &STRINGS);
        let collected = collect("main.jsbundle", &whole[..whole.len() - 5]);
        assert!(collected.members[0].1.starts_with("KREA_API_KEY\n"), "{collected:?}");
        assert_eq!(collected.unread.len(), 1, "{collected:?}");
        assert!(collected.unread[0].contains("cut short"), "{collected:?}");
    }

    #[test]
    fn tables_that_would_fill_the_memory_are_not_read() {
        let mut bytes = bytecode(96, 16, &STRINGS);
        // The size of the storage.
        bytes[60..64].copy_from_slice(&(1u32 << 30).to_le_bytes());
        let collected = collect("main.jsbundle", &bytes);
        assert!(collected.members.is_empty());
        assert!(collected.unread[0].contains("string table of"), "{collected:?}");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let whole = bytecode(96, 16, &STRINGS);
        for at in 8..whole.len() {
            collect("a", &whole[..at]);
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                collect("a", &changed);
            }
        }
    }
}
