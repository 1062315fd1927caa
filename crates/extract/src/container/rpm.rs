//! An RPM package: what it says of itself, with its scripts, and a compressed cpio
//! (<https://rpm-software-management.github.io/rpm/manual/format_v4.html>).

use super::Walk;
use krea_scan_bounds::read_error::{ReadError, SizedReader};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, Cursor, Read};

pub const MAGIC: &[u8] = &[0xed, 0xab, 0xee, 0xdb];

/// What stands before the first header, in bytes.
const LEAD: u64 = 96;
/// How a header starts.
const HEADER: [u8; 4] = [0x8e, 0xad, 0xe8, 1];
/// An entry of a header's index, in bytes.
const INDEX_ENTRY: u64 = 16;

pub fn read_rpm(walk: &mut Walk<'_>, input: &mut dyn Read) -> io::Result<()> {
    SizedReader::new(&mut *input, LEAD, walk.level()).skip()?;
    let signature = header(walk, input, "signature")?;
    SizedReader::new(&mut *input, signature.wrapping_neg() % 8, walk.level()).skip()?;
    header(walk, input, "header")?;
    // LZMA has no magic and is told by its name; these are its usual parameters.
    let mut start = [0; 3];
    input.read_exact(&mut start)?;
    let name = if start == [0x5d, 0, 0] { "payload.cpio.lzma" } else { "payload.cpio" };
    walk.member(Layer::named(LayerKind::Rpm, "payload"), name, &mut Cursor::new(start).chain(input))
}

/// Hands on what a header holds. Gives its length, in bytes.
fn header(walk: &mut Walk<'_>, input: &mut dyn Read, name: &str) -> io::Result<u64> {
    let mut start = [0; 16];
    input.read_exact(&mut start)?;
    if start[..4] != HEADER {
        return Err(ReadError::new("is damaged: a header does not start as one").into());
    }
    let number =
        |at: usize| u64::from(u32::from_be_bytes([start[at], start[at + 1], start[at + 2], start[at + 3]]));
    let length = number(8) * INDEX_ENTRY + number(12);
    let mut body = SizedReader::new(&mut *input, length, walk.level());
    walk.member(Layer::named(LayerKind::Rpm, name), "", &mut body)?;
    body.skip()?;
    Ok(length)
}

#[cfg(test)]
mod tests {
    use crate::container::testing::collect;

    fn header(index: u32, store: &str) -> Vec<u8> {
        let length = u32::try_from(store.len()).expect("a short text");
        let start = [&super::HEADER[..], &[0; 4], &index.to_be_bytes(), &length.to_be_bytes()].concat();
        [start, vec![0; 16 * index as usize], store.as_bytes().to_vec()].concat()
    }

    #[test]
    fn headers_and_the_payload_are_read() {
        let signature = header(1, "abc");
        let padding = vec![0; 5];
        let lead = [super::MAGIC, &[0; 92]].concat();
        let package = [lead, signature, padding, header(2, "a script\0"), b"a payload".to_vec()].concat();
        let collected = collect("a.rpm", &package);
        let ways: Vec<_> = collected.members.iter().map(|(way, _)| way.as_str()).collect();
        assert_eq!(ways, ["rpm signature", "rpm header", "rpm payload"]);
        assert!(collected.members[1].1.ends_with("a script\0"));
        assert_eq!((collected.members[2].1.as_str(), collected.unread.len()), ("a payload", 0));
    }
}
