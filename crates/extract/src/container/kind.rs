//! What a file is, told by its first bytes.

use super::compressed::ZlibProbe;
#[cfg(not(all(feature = "documents", feature = "images")))]
use super::left_out;
use super::{HEAD, Seekable, cpio, deb, document, foreign, picture, record, rpm, zip};
use crate::has_ending;
use memchr::memmem;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    /// A zip, whatever it calls itself: jar, apk, ipa, xpi, crx, vsix, nupkg, whl, docx.
    Zip,
    /// A tar, with or without the magic of POSIX and GNU.
    Tar,
    /// cpio with numbers in digits.
    Cpio,
    /// A Debian package.
    Deb,
    Rpm,
    Gzip,
    /// A zlib stream, which an object of git is.
    Zlib,
    Bzip2,
    Xz,
    Zstd,
    /// Brotli, which has no magic and is told by its name.
    Brotli,
    /// LZMA as it was before xz, told by its name.
    Lzma,
    SevenZip,
    /// asar, which Electron apps are packed in.
    Asar,
    /// The configuration of a container image: JSON that holds its environment and how it was built.
    ImageConfig,
    /// A bundle made by `git bundle`.
    GitBundle,
    /// A pointer to a file that Git LFS keeps elsewhere.
    LfsPointer,
    /// An archive of a kind that is not read.
    Foreign(&'static str),
    /// A WebAssembly module or component.
    Wasm,
    /// Hermes bytecode, which is what a React Native app ships.
    Hermes,
    Picture(picture::PictureFormat),
    Document(document::DocumentFormat),
    /// A chat, a mail, a recording.
    Record(record::RecordFormat),
}

impl ContainerKind {
    /// What a file is, by its first bytes ([`super::HEAD`] are enough) and, where a format has no magic, its name.
    #[inline]
    pub fn of(head: &[u8], name: &str) -> Option<ContainerKind> {
        match head {
            [b'P', b'K', 3, 4, ..]
            | [b'P', b'K', 5, 6, ..]
            | [b'P', b'K', 7, 8, b'P', b'K', 3, 4, ..]
            | [b'P', b'K', b'0', b'0', b'P', b'K', 3, 4, ..]
            | [b'C', b'r', b'2', b'4', ..] => Some(ContainerKind::Zip),
            [0x1f, 0x8b, 8, ..] => Some(ContainerKind::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => {
                Some(ContainerKind::Bzip2)
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(ContainerKind::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(ContainerKind::Zstd),
            [0, b'a', b's', b'm', ..] => Some(ContainerKind::Wasm),
            [0xc6, 0x1f, 0xbc, 0x03, 0xc1, 0x03, 0x19, 0x1f, ..] => Some(ContainerKind::Hermes),
            // A frame that holds nothing of the data may come first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(ContainerKind::Zstd),
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some(ContainerKind::SevenZip),
            [4, 0, 0, 0, ..] if is_asar(head) => Some(ContainerKind::Asar),
            [b'#', b' ', b'v', b'2' | b'3', rest @ ..] if is_git_bundle(rest) => {
                Some(ContainerKind::GitBundle)
            }
            [b'v', ..] if is_lfs_pointer(head) => Some(ContainerKind::LfsPointer),
            [b'#', b'!', ..] if memmem::find(head, b"\nPK\x03\x04").is_some() => Some(ContainerKind::Zip),
            [b'{', ..] if is_image_config(head) => Some(ContainerKind::ImageConfig),
            [b'!', b'<', ..] if head.starts_with(deb::MAGIC) => Some(ContainerKind::Deb),
            [0xed, ..] if head.starts_with(rpm::MAGIC) => Some(ContainerKind::Rpm),
            [b'0', b'7', ..] if cpio::is_cpio(head) => Some(ContainerKind::Cpio),
            [0x78, 1 | 0x5e | 0x9c | 0xda, ..] if ZlibProbe::default().inflates(head) => {
                Some(ContainerKind::Zlib)
            }
            _ if is_tar(head) => Some(ContainerKind::Tar),
            _ if ends_with(name, BROTLI) && !is_text(head) => Some(ContainerKind::Brotli),
            [0..=224, 0, 0, ..] if LZMA.iter().any(|ending| ends_with(name, ending)) => {
                Some(ContainerKind::Lzma)
            }
            _ => None,
        }
        .or_else(|| foreign::reason(head).map(ContainerKind::Foreign))
        .or_else(|| picture::PictureFormat::of(head, name).map(ContainerKind::Picture))
        .filter(|kind| kind.may_start_with_text() || !is_text(head))
        .or_else(|| document::DocumentFormat::of(head, name).map(ContainerKind::Document))
        .or_else(|| record::RecordFormat::of(head, name).map(ContainerKind::Record))
        .or_else(|| document::DocumentFormat::of_text(head, name).map(ContainerKind::Document))
    }

    /// Whether all of the start may be text. A text that begins with another format's magic is a text about it.
    fn may_start_with_text(self) -> bool {
        matches!(self, ContainerKind::ImageConfig | ContainerKind::GitBundle | ContainerKind::LfsPointer)
    }

    /// Whether a file of this kind says something as it is, too, wherever it is: it is read as it is, and taken apart. What an
    /// archive holds is only in its members.
    pub fn is_read_as_it_is(self) -> bool {
        matches!(self, ContainerKind::Picture(_) | ContainerKind::Document(_) | ContainerKind::Record(_))
    }

    /// Whether there may be anything in a file of this kind, all of which is `bytes`. A cheap look.
    pub fn may_hold(self, bytes: &[u8]) -> bool {
        match self {
            ContainerKind::Document(format) => format.may_hold(bytes),
            _ => true,
        }
    }

    /// Whether a name may be what tells a container.
    pub fn is_in_name(name: &str) -> bool {
        ends_with(name, BROTLI) || LZMA.iter().any(|ending| ends_with(name, ending))
    }

    /// Whether packed data may stand somewhere in what a file seems to be: it is no text, or a script.
    pub fn may_hold_packed_parts(head: &[u8]) -> bool {
        head.starts_with(b"#!") || memchr::memchr(0, &head[..head.len().min(HEAD)]).is_some()
    }

    pub fn is_picture(self) -> bool {
        matches!(self, ContainerKind::Picture(_))
    }

    /// What stands behind it, told by the file's end.
    pub fn behind(input: &mut dyn Seekable) -> Option<ContainerKind> {
        zip::is_at_end(input).then_some(ContainerKind::Zip)
    }

    /// Whether a file of this kind is text that people write and open, with source maps in it perhaps.
    pub fn is_text(self) -> bool {
        match self {
            ContainerKind::Picture(format) => format.is_text(),
            ContainerKind::Document(format) => format.is_text(),
            ContainerKind::Record(format) => format.is_text(),
            _ => false,
        }
    }

    /// Why nothing in it can be read, and what to do; `None` for what can be.
    pub fn unreadable(self) -> Option<&'static str> {
        match self {
            ContainerKind::GitBundle => Some(
                "is a git bundle, whose objects were not read; run `git clone --mirror FILE FOLDER` and \
                 `krea-scan --history FOLDER`",
            ),
            ContainerKind::LfsPointer => {
                Some("is a Git LFS pointer, not the file itself; run `git lfs pull` and scan again")
            }
            ContainerKind::Foreign(reason) => Some(reason),
            #[cfg(not(feature = "documents"))]
            ContainerKind::Document(format) if !format.is_text() => Some(left_out::DOCUMENTS),
            #[cfg(not(feature = "images"))]
            ContainerKind::Picture(_) => Some(left_out::IMAGES),
            _ => None,
        }
    }
}

/// Endings of formats that have no magic.
const BROTLI: &str = ".br";
const LZMA: [&str; 2] = [".lzma", ".tlz"];

fn ends_with(name: &str, ending: &str) -> bool {
    name.len() > ending.len() && has_ending(name, ending)
}

/// Whether a start of a file is text, to the last character that is whole.
pub(super) fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && head.len() >= HEAD => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b'))
}

/// An asar's header: JSON in two nested pickles.
fn is_asar(head: &[u8]) -> bool {
    head.get(16) == Some(&b'{') && memmem::find(&head[16..], b"\"files\"").is_some()
}

/// A pointer as <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md> has it: text of less than 1024 bytes.
fn is_lfs_pointer(head: &[u8]) -> bool {
    head.len() < HEAD
        && head.starts_with(b"version https://git-lfs.github.com/spec/v")
        && memmem::find(head, b"\noid sha256:").is_some()
}

/// The start of an image's configuration, whose keys are in the order of the alphabet or of OCI's specification.
fn is_image_config(head: &[u8]) -> bool {
    let head = &head[..head.len().min(HEAD)];
    let has = |key: &[u8]| memmem::find(head, key).is_some();
    has(b"\"architecture\"")
        && (has(b"\"config\"") || has(b"\"rootfs\"") || has(b"\"history\"") || has(b"\"created\""))
}

/// A bundle's header, behind its version: capabilities, commits that it builds upon, refs (gitformat-bundle(5)).
fn is_git_bundle(head: &[u8]) -> bool {
    let Some(first) = head.strip_prefix(b" git bundle\n") else { return false };
    let id = first.strip_prefix(b"-").unwrap_or(first);
    first.starts_with(b"@") || (id.len() >= 40 && id[..40].iter().all(u8::is_ascii_hexdigit))
}

/// A tar's first header: the magic of POSIX and GNU, or a checksum that fits (the tar of Unix V7 has no magic).
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512) else { return false };
    if &header[257..262] == b"ustar" && matches!(header[262], 0 | b' ') {
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
