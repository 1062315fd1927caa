//! The streams.

use crate::container::{Seekable, Walk};
use cfb::CompoundFile;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

/// No more streams are read.
const MAX_STREAMS: usize = 100_000;
/// What the tables of the file take at most for each byte of it: one part of so many.
const TABLES: u64 = 16;

const ENCRYPTED: &str =
    "is an Office file that is encrypted with a password; open it, save it without one and scan that";

/// Reads a compound file. `name` is its own.
pub fn read_ole(walk: &mut Walk<'_>, name: &str, mut input: &mut dyn Seekable) -> io::Result<()> {
    let size = input.seek(io::SeekFrom::End(0))?;
    input.rewind()?;
    let memory = walk.memory;
    let _held = memory.take(size / TABLES)?;
    let mut file = CompoundFile::open(&mut input).map_err(damaged)?;
    let streams: Vec<PathBuf> = file
        .walk()
        .filter(|entry| entry.is_stream() && !entry.is_empty())
        .map(|entry| entry.path().to_owned())
        .take(MAX_STREAMS)
        .collect();
    if is_encrypted(&mut file, &streams) {
        walk.unread(ENCRYPTED);
    }
    let mut bodies = (false, false);
    for path in &streams {
        walk.budget.spend(0)?;
        let property = Property::of(path);
        bodies.0 |= property.is_some_and(|property| matches!(property.id, 0x1000 | 0x1013));
        bodies.1 |= property.is_some_and(|property| property.id == COMPRESSED_BODY);
        let shown = shown(path, property);
        let attached = property.filter(|property| property.id == ATTACHED);
        let own = attached.and_then(|_| attached_name(&mut file, path)).unwrap_or_else(|| name.to_owned());
        let place = Layer::named(
            if attached.is_some() { LayerKind::Attachment } else { LayerKind::Ole },
            if attached.is_some() { &own } else { &shown },
        );
        // A mark says that what comes is UTF-16.
        let mark: &[u8] = if property.is_some_and(|property| property.is_wide) { b"\xff\xfe" } else { b"" };
        match file.open_stream(path) {
            Ok(stream) => walk.member(place, &own, &mut Cursor::new(mark).chain(stream))?,
            Err(error) => walk.unread_member(place, &damaged(error).to_string()),
        }
    }
    if bodies == (false, true) {
        walk.unread("has a body that is only there as compressed RTF, which was not read; save the mail as .eml and scan that");
    }
    Ok(())
}

fn damaged(error: io::Error) -> io::Error {
    ReadError::new(format!("is damaged or cut short: {error}")).into()
}

/// Whether what the file holds is encrypted: MS-OFFCRYPTO, MS-DOC 2.5.1 (`fEncrypted`) and MS-XLS 2.4.117 (`FilePass`).
fn is_encrypted<F: Read + Seek>(file: &mut CompoundFile<F>, streams: &[PathBuf]) -> bool {
    let has = |name: &str| streams.iter().any(|path| path == Path::new(name));
    if has("/EncryptedPackage") {
        return true;
    }
    let mut head = |name: &str| {
        let mut head = [0; 64];
        file.open_stream(name).and_then(|mut stream| stream.read_exact(&mut head)).ok().map(|()| head)
    };
    let is_word = head("/WordDocument").is_some_and(|head| head[..2] == [0xec, 0xa5] && head[11] & 1 == 1);
    let is_sheet = head("/Workbook").or_else(|| head("/Book")).is_some_and(|head| {
        let behind = 4 + usize::from(u16::from_le_bytes([head[2], head[3]]));
        head.get(behind..behind + 2) == Some(&[0x2f, 0])
    });
    is_word || is_sheet
}

/// The compressed RTF of a mail's body, and the bytes of an attached file.
const COMPRESSED_BODY: u16 = 0x1009;
const ATTACHED: u16 = 0x3701;

/// A property of a mail, as its stream's name says: `__substg1.0_1000001F` (MS-OXMSG, 2.4).
#[derive(Clone, Copy, Debug)]
struct Property {
    id: u16,
    /// Whether it is UTF-16.
    is_wide: bool,
}

impl Property {
    fn of(path: &Path) -> Option<Self> {
        let digits = path.file_name()?.to_str()?.strip_prefix("__substg1.0_")?;
        let number = u32::from_str_radix(digits.get(..8)?, 16).ok()?;
        Some(Property { id: (number >> 16) as u16, is_wide: number & 0xffff == 0x1f })
    }

    fn name(self) -> Option<&'static str> {
        Some(match self.id {
            0x0037 | 0x0e1d => "subject",
            0x007d => "headers",
            0x0070 => "conversation",
            0x0c1a | 0x0042 => "sender",
            0x0c1f | 0x0065 => "sender's address",
            0x0e02..=0x0e04 => "recipients",
            0x1000 => "body",
            0x1013 => "HTML body",
            COMPRESSED_BODY => "compressed body",
            0x3704 | 0x3707 => "attachment's name",
            _ => return None,
        })
    }
}

/// What a stream is called.
fn shown(path: &Path, property: Option<Property>) -> String {
    if let Some(name) = property.and_then(Property::name) {
        return name.to_owned();
    }
    let shown: String = path.to_string_lossy().chars().filter(|letter| !letter.is_control()).collect();
    shown.trim_start_matches('/').to_owned()
}

/// The name of an attached file, which stands beside it.
fn attached_name<F: Read + Seek>(file: &mut CompoundFile<F>, path: &Path) -> Option<String> {
    let beside = |name: &str| path.with_file_name(name);
    ["__substg1.0_3707001F", "__substg1.0_3704001F"].iter().find_map(|name| {
        let mut bytes = Vec::new();
        file.open_stream(beside(name)).ok()?.take(512).read_to_end(&mut bytes).ok()?;
        let (text, _) = encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes);
        let text = text.trim_end_matches('\0').to_owned();
        (!text.is_empty()).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use crate::container::testing::{Collected, collect};
    use std::io::{Cursor, Write};

    fn file(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        for (path, bytes) in streams {
            if let Some((storage, _)) = path.rsplit_once('/').filter(|(storage, _)| !storage.is_empty()) {
                file.create_storage_all(storage).unwrap();
            }
            file.create_stream(path).unwrap().write_all(bytes).unwrap();
        }
        file.into_inner().into_inner()
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn members(collected: &Collected) -> Vec<(&str, &str)> {
        collected.members.iter().map(|(way, text)| (way.as_str(), text.as_str())).collect()
    }

    #[test]
    fn streams_and_properties_of_mails_have_names() {
        let bytes = file(&[
            ("/__substg1.0_0037001E", b"a subject"),
            ("/__attach_version1.0_#00000000/__substg1.0_37010102", b"attached"),
            ("/__attach_version1.0_#00000000/__substg1.0_3707001F", &wide("a.txt")),
            ("/\u{5}SummaryInformation", b"summary"),
        ]);
        let collected = collect("a.msg", &bytes);
        let found = members(&collected);
        assert!(found.contains(&("ole subject", "a subject")), "{found:?}");
        assert!(found.contains(&("attachment a.txt", "attached")), "{found:?}");
        assert!(found.contains(&("ole SummaryInformation", "summary")), "{found:?}");
        assert_eq!(collected.unread, [""; 0]);
    }

    #[test]
    fn what_is_not_read_is_told() {
        let locked = collect("a.docx", &file(&[("/EncryptedPackage", b"\0\0"), ("/EncryptionInfo", b"x")]));
        assert!(locked.unread[0].contains("encrypted with a password"), "{:?}", locked.unread);
        let body = collect("a.msg", &file(&[("/__substg1.0_10090102", b"packed")]));
        assert!(body.unread[0].contains("compressed RTF"), "{:?}", body.unread);
        let mut word = vec![0xec, 0xa5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        word.resize(100, 0);
        assert!(collect("a.doc", &file(&[("/WordDocument", &word)])).unread[0].contains("encrypted"));
        let cut = collect("a.doc", &file(&[("/a", b"b")])[..600]);
        assert!(cut.unread[0].contains("is damaged or cut short"), "{:?}", cut.unread);
    }
}
