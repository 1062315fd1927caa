//! Packed data inside a file that is no container: behind the script that unpacks it, behind a picture, in a program, in the
//! cache of a browser. Told by the first bytes of a packed stream, wherever they stand.
//!
//! What looks like a start and does not unpack is no packed data: nothing is said of it.

use super::compressed::ZlibProbe;
use super::{ContainerBytes, ContainerKind, ContainerVisitor, Seekable, Walk};
use super::{compressed, foreign, seven_zip};
use crate::ocr::Ocr;
use aho_corasick::packed::{Config, Searcher};
use krea_scan_bounds::limits::Limits;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, SeekFrom};
use std::sync::LazyLock;

/// So many starts are kept of one file.
const MAX_STARTS: usize = 4096;
/// All that stands behind the start of a 7z is copied: it is done for so many of them, where one is what there is.
const MAX_ARCHIVES: usize = 8;
/// How many bytes from a start on are looked at before it counts.
const LOOK: usize = 64;

/// What is looked for, and how many bytes of the stream come before it.
const STARTS: [(&[u8], usize, ContainerKind); 14] = [
    (b"\x1f\x8b\x08", 0, ContainerKind::Gzip),
    (b"\x28\xb5\x2f\xfd", 0, ContainerKind::Zstd),
    (b"\xfd7zXZ\0", 0, ContainerKind::Xz),
    (b"1AY&SY", 4, ContainerKind::Bzip2),
    (b"7z\xbc\xaf\x27\x1c", 0, ContainerKind::SevenZip),
    (b"hsqs", 0, ContainerKind::Foreign(foreign::SQUASHFS)),
    (b"\x04\x22\x4d\x18", 0, ContainerKind::Foreign(foreign::LZ4)),
    (b"UPX!", 0, ContainerKind::Foreign(foreign::UPX)),
    (b"\xef\xbe\xad\xdeNullsoftInst", 0, ContainerKind::Foreign(foreign::INSTALLER)),
    (b"Inno Setup Setup Data (", 0, ContainerKind::Foreign(foreign::INSTALLER)),
    (b"\x78\x01", 0, ContainerKind::Zlib),
    (b"\x78\x5e", 0, ContainerKind::Zlib),
    (b"\x78\x9c", 0, ContainerKind::Zlib),
    (b"\x78\xda", 0, ContainerKind::Zlib),
];

/// Finds all of them at once, at memory speed where the processor can.
static SEARCHER: LazyLock<Option<Searcher>> = LazyLock::new(|| {
    let build = |config: &mut Config| config.builder().extend(STARTS.map(|(magic, ..)| magic)).build();
    build(&mut Config::new()).or_else(|| build(Config::new().only_rabin_karp(true)))
});

/// Where packed data may start in a file.
#[derive(Debug, Default)]
pub struct PackedParts {
    /// In rising order.
    starts: Vec<(u64, ContainerKind)>,
    /// There are more than are kept.
    more: bool,
    /// Its own pixels are packed with zlib, and are no text.
    is_picture: bool,
    /// Tries streams of zlib.
    inflater: ZlibProbe,
}

impl PackedParts {
    /// For a file of a kind.
    pub fn of(kind: Option<ContainerKind>) -> Self {
        PackedParts { is_picture: matches!(kind, Some(ContainerKind::Picture(_))), ..Self::default() }
    }

    /// Looks at a stretch of the file, which stands at `offset` in it. Stretches may overlap.
    pub fn look(&mut self, bytes: &[u8], offset: u64) {
        let Some(searcher) = &*SEARCHER else { return };
        for found in searcher.find_iter(bytes) {
            let (_, before, kind) = STARTS[found.pattern().as_usize()];
            let Some(start) = found.start().checked_sub(before) else { continue };
            let at = offset + start as u64;
            let is_new = at > 0 && self.starts.last().is_none_or(|(last, _)| at > *last);
            let is_wanted = is_new && !(self.is_picture && kind == ContainerKind::Zlib);
            if !is_wanted || !self.is_start(kind, &bytes[start..]) {
                continue;
            }
            if self.starts.len() == MAX_STARTS {
                self.more = true;
                return;
            }
            self.starts.push((at, kind));
        }
    }

    /// Whether there may be any.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Whether a start is one by what stands behind its magic.
    fn is_start(&mut self, kind: ContainerKind, bytes: &[u8]) -> bool {
        match kind {
            // Flags, how hard it was compressed, and on which system: those that are defined (RFC 1952, 2.3.1).
            ContainerKind::Gzip => {
                matches!(bytes, [_, _, _, 0..=0x1f, _, _, _, _, 0 | 2 | 4, 0..=13 | 255, ..])
            }
            // The reserved bit of a frame's header is zero (RFC 8878, 3.1.1.1.1).
            ContainerKind::Zstd => bytes.get(4).is_some_and(|flags| flags & 8 == 0),
            ContainerKind::Zlib => self.inflater.inflates(&bytes[..bytes.len().min(LOOK)]),
            ContainerKind::Bzip2 => matches!(bytes, [b'B', b'Z', b'h', b'1'..=b'9', ..]),
            // The version of the packer and the format of the program: behind the mark, or behind a length (its `PackHeader` and
            // `l_info`).
            ContainerKind::Foreign(foreign::UPX) => [4, 6]
                .into_iter()
                .any(|at| matches!(bytes.get(at..at + 2), Some([10..=20, 1..=44 | 129..=142]))),
            // A version, or two sizes below 512 MB, the second one that of all that follows. A program that only knows the mark has
            // other texts there.
            ContainerKind::Foreign(foreign::INSTALLER) if bytes.starts_with(b"Inno") => {
                matches!(bytes.get(23..26), Some([b'0'..=b'9', b'.', b'0'..=b'9']))
            }
            ContainerKind::Foreign(foreign::INSTALLER) => {
                let size = |at| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
                let is_size = |size: &u32| (1..1 << 29).contains(size);
                let all = size(20).filter(is_size);
                size(16).filter(is_size).is_some_and(|head| all.is_some_and(|all| head <= all))
            }
            ContainerKind::Foreign(reason) => {
                foreign::reason(&bytes[..bytes.len().min(LOOK)]) == Some(reason)
            }
            _ => true,
        }
    }
}

/// Hands all that is in the packed parts of a file to `visitor`, as [`super::walk`] does.
pub fn walk_parts(
    parts: &PackedParts,
    input: &mut dyn Seekable,
    size: u64,
    limits: Limits,
    ocr: Option<&Ocr>,
    visitor: &mut dyn ContainerVisitor,
) {
    super::with_walk(size, limits, ocr, visitor, |walk| {
        let (mut end, mut archives, mut more, mut told) = (0, 0, parts.more, Vec::new());
        for &(at, kind) in &parts.starts {
            // What looks like a start in the middle of packed data is a part of that.
            if at < end {
                continue;
            }
            // It is marked in more places than one, and told once.
            if matches!(kind, ContainerKind::Foreign(_)) {
                if told.contains(&kind) {
                    continue;
                }
                told.push(kind);
            }
            if kind == ContainerKind::SevenZip {
                archives += 1;
                more |= archives > MAX_ARCHIVES;
                if archives > MAX_ARCHIVES {
                    continue;
                }
            }
            match packed_part(walk, at, kind, input) {
                Ok(length) => end = at + length,
                Err(error) => walk.failed(&error),
            }
            if walk.budget.exceeded().is_some() {
                return;
            }
        }
        if more {
            walk.unread(
                "has more stretches that look packed than are looked at; the last of them were not unpacked",
            );
        }
    });
}

/// Reads the packed data at a place, if it is any. Gives how many of the file's bytes it takes at least.
fn packed_part(
    walk: &mut Walk<'_>,
    at: u64,
    kind: ContainerKind,
    input: &mut dyn Seekable,
) -> io::Result<u64> {
    input.seek(SeekFrom::Start(at))?;
    let step = Layer::named(LayerKind::Offset, &at.to_string());
    let length = match kind {
        ContainerKind::Foreign(reason) => {
            walk.unread_member(step, reason);
            return Ok(0);
        }
        ContainerKind::SevenZip => {
            if !seven_zip::is_start(input)? {
                return Ok(0);
            }
            input.seek(SeekFrom::Start(at))?;
            walk.layers.push(step);
            walk.open(kind, "", ContainerBytes::Stream(&mut &mut *input));
            0
        }
        _ => {
            if !compressed::unpacks(walk, kind, input) {
                return Ok(0);
            }
            input.seek(SeekFrom::Start(at))?;
            walk.layers.push(step);
            compressed::read_first_stream(walk, kind, input)?
        }
    };
    walk.layers.pop();
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::testing::Collected;
    use std::io::{Cursor, Write};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).and_then(|()| encoder.finish()).expect("memory takes it")
    }

    fn collect(bytes: &[u8]) -> Collected {
        let (mut parts, mut collected) = (PackedParts::default(), Collected::default());
        // In stretches that overlap.
        parts.look(&bytes[..bytes.len() / 2], 0);
        parts.look(&bytes[bytes.len() / 3..], (bytes.len() / 3) as u64);
        let (input, size) = (&mut Cursor::new(bytes), bytes.len() as u64);
        walk_parts(&parts, input, size, Limits::default(), None, &mut collected);
        collected
    }

    #[test]
    fn what_stands_before_and_behind_packed_data_does_not_matter() {
        let (first, second) = ("a text of some length\n".repeat(99), "another one\n".repeat(99));
        let bytes =
            [b"#!/bin/sh\n\0", &gzip(first.as_bytes())[..], b"between", &gzip(second.as_bytes()), b"end"];
        let collected = collect(&bytes.concat());
        let ways = ["offset 11 \u{2192} gzip ", &format!("offset {} \u{2192} gzip ", 18 + bytes[1].len())];
        let expected = [(ways[0].to_owned(), first), (ways[1].to_owned(), second)];
        assert_eq!((collected.members, collected.unread), (expected.to_vec(), vec![]));
    }

    #[test]
    fn a_program_that_unpacks_itself_is_told_once() {
        let mark = b"UPX!\x0d\x16\x02\x08";
        let collected = collect(&[&[0; 99][..], mark, &[0; 99], mark, &[0; 99]].concat());
        assert_eq!(collected.unread, [format!("offset 99: {}", foreign::UPX)]);
        let installers = [
            &b"\xef\xbe\xad\xdeNullsoftInst\x10\x20\0\0\x10\x20\x30\0"[..],
            b"Inno Setup Setup Data (6.2.0)",
        ];
        for mark in installers {
            let collected = collect(&[&[0; 99][..], mark, &[0; 99]].concat());
            assert_eq!(collected.unread, [format!("offset 99: {}", foreign::INSTALLER)]);
        }
        assert!(
            collect(b"\0Inno Setup Setup Data (\xef\xbe\xad\xdeNullsoftInst and other words")
                .unread
                .is_empty()
        );
        assert!(collect(b"\0the mark is UPX! and stands in a text").unread.is_empty());
    }

    #[test]
    fn what_only_looks_packed_is_passed_over_and_what_is_cut_short_is_told() {
        let text: Vec<u8> = (0..20_000u32)
            .flat_map(|i| format!("{:x} ", i.wrapping_mul(2_654_435_769)).into_bytes())
            .collect();
        let packed = gzip(&text);
        let header =
            [b"\0".as_slice(), &packed[..10], b"is how gzip starts, and no more of it is here"].concat();
        let collected = collect(&header);
        assert_eq!((collected.members.len(), collected.unread.len()), (0, 0));
        let collected = collect(&[b"\0", &packed[..packed.len() / 2]].concat());
        assert_eq!((collected.members.len(), collected.unread.len()), (1, 1), "{:?}", collected.unread);
    }
}
