//! Formats that pack what is in them and are not unpacked here, told by their first bytes: that they were not read is said.

use memchr::memmem;

/// A format: where its magic stands, what it is, and what to do.
struct ForeignFormat {
    at: usize,
    magic: &'static [u8],
    reason: &'static str,
}

const fn format(at: usize, magic: &'static [u8], reason: &'static str) -> ForeignFormat {
    ForeignFormat { at, magic, reason }
}

macro_rules! unpack {
    ($what:literal) => {
        concat!($what, ", which was not unpacked; unpack it and scan what comes out")
    };
}

const FORMATS: [ForeignFormat; 31] = [
    format(0, b"Rar!\x1a\x07", unpack!("is a RAR archive")),
    format(0, b"\x04\x22\x4d\x18", LZ4),
    format(0, b"\x02\x21\x4c\x18", LZ4),
    format(0, b"LZIP\x01", unpack!("is compressed with lzip")),
    format(0, b"\x89LZO\0\r\n\x1a\n", unpack!("is compressed with lzop")),
    format(0, b"LRZI\0", unpack!("is compressed with lrzip")),
    format(0, b"\xff\x06\0\0sNaPpY", unpack!("is compressed with Snappy")),
    format(0, b"\x1f\x9d\x90", unpack!("is compressed with compress")),
    format(0, b"MSCF\0\0\0\0", unpack!("is a cabinet file")),
    format(0, b"MSWIM\0\0\0", unpack!("is a Windows image (WIM)")),
    format(0, b"xar!\0", unpack!("is a xar archive, as macOS packages are")),
    format(0, b"\x60\xea", unpack!("is an ARJ archive")),
    format(2, b"-lh5-", unpack!("is an LHA archive")),
    format(2, b"-lh7-", unpack!("is an LHA archive")),
    format(7, b"**ACE**", unpack!("is an ACE archive")),
    format(0, b"SIT!", unpack!("is a StuffIt archive")),
    format(0, b"StuffIt (c)1997-", unpack!("is a StuffIt archive")),
    format(0, b"zPQ\x01", unpack!("is a ZPAQ archive")),
    format(0, b"7kSt", unpack!("is a ZPAQ archive")),
    format(0, b"\xc7\x71", unpack!("is an old binary cpio archive")),
    format(0, b"hsqs", SQUASHFS),
    format(0, b"mozLz40\0", unpack!("is compressed with LZ4, as Firefox does it")),
    format(0, b"ITSF\x03\0\0\0", unpack!("is a compiled help file")),
    format(
        0,
        b"REDIS00",
        "is a dump of Redis, whose longer values may be packed and were not read; load it and scan what \
         `redis-cli --scan` and `GET` print",
    ),
    format(0, b"QFI\xfb\0\0\0", "is a QEMU disk image, which was not read; mount it and scan its files"),
    format(0, b"KDMV", "is a VMware disk image, which was not read; mount it and scan its files"),
    format(0, b"vhdxfile", "is a virtual hard disk, which was not read; mount it and scan its files"),
    format(
        0,
        b"ORC",
        "is an ORC file, whose columns are packed and were not read; `orc-contents FILE` prints them to scan",
    ),
    format(
        0,
        AVRO,
        "is an Avro file, whose packed blocks were not read; `avro-tools tojson FILE` prints them to scan",
    ),
    format(
        0,
        b"PGDMP",
        "is a dump that `pg_dump` has packed, which was not read; `pg_restore -f dump.sql FILE` writes it as SQL to scan",
    ),
    format(
        0,
        b"PACK\0\0\0\x02",
        "is a pack of git objects, which was not read; `krea-scan --history FOLDER` reads a repository's, `git init` and \
         `git unpack-objects < FILE` make one of a pack alone",
    ),
];

const AVRO: &[u8] = b"Obj\x01";

/// Why a program that unpacks itself was not read.
pub const UPX: &str =
    "is packed with UPX, and was not unpacked; `upx -d FILE` unpacks it, then scan what comes out";
/// Why an installer was not read.
pub const INSTALLER: &str = "is an installer, whose files were not unpacked; unpack it (`7z x`, `innoextract`) and scan what comes out";

pub const LZ4: &str = unpack!("is compressed with LZ4");

/// Why the file system of a snap or of an AppImage was not read.
pub const SQUASHFS: &str =
    "is a squashfs file system, which was not read; `unsquashfs FILE` unpacks it, then scan what comes out";

/// Why a file was not read, and what to do; `None` for what is none of these.
pub fn reason(head: &[u8]) -> Option<&'static str> {
    let is_it = |format: &&ForeignFormat| {
        // The first byte tells nearly all of them apart.
        head.get(format.at) == format.magic.first()
            && head[format.at..].starts_with(format.magic)
            && is_sure(format, head)
    };
    FORMATS.iter().find(is_it).map(|format| format.reason)
}

/// Whether more than a short magic says what a file is.
fn is_sure(format: &ForeignFormat, head: &[u8]) -> bool {
    let u16_at = |at: usize| Some(u16::from_le_bytes([*head.get(at)?, *head.get(at + 1)?]));
    match format.magic {
        // The length of the header, which holds at least 30 bytes, and in it the first header's, at least 26.
        b"\x60\xea" => {
            u16_at(2).is_some_and(|size| (30..=2600).contains(&size))
                && head.get(4).is_some_and(|&first| (26..=60).contains(&first))
        }
        // The mode of the first entry: a file, a folder or a link.
        b"\xc7\x71" => u16_at(6).is_some_and(|mode| matches!(mode >> 12, 4 | 8 | 10)),
        // The version of the file system.
        b"hsqs" => u16_at(28) == Some(4) && u16_at(30) == Some(0),
        // The version of the format, and the size of its blocks (LZ4 Frame Format, "Frame Descriptor").
        b"\x04\x22\x4d\x18" => {
            head.get(4).is_some_and(|flags| flags >> 6 == 1)
                && head.get(5).is_some_and(|block| matches!(block, 0x40 | 0x50 | 0x60 | 0x70))
        }
        // How its blocks are packed, which its head says.
        AVRO => {
            memmem::find(head, b"avro.codec").is_some_and(|at| !head[at..].starts_with(b"avro.codec\x08null"))
        }
        b"ORC" => memchr::memchr(0, head).is_some(),
        b"KDMV" => head.get(4).is_some_and(|version| (1..=3).contains(version)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_magic_alone_says_nothing() {
        for format in &FORMATS {
            let mut head = vec![0; 64];
            head[format.at..format.at + format.magic.len()].copy_from_slice(format.magic);
            let is_short = matches!(
                format.magic,
                b"\x60\xea" | b"\xc7\x71" | b"hsqs" | b"KDMV" | AVRO | b"\x04\x22\x4d\x18"
            );
            assert_eq!(reason(&head).is_none(), is_short, "{:?}", format.magic);
        }
        let mut squashfs = vec![0; 96];
        squashfs[..4].copy_from_slice(b"hsqs");
        squashfs[28] = 4;
        assert_eq!(reason(&squashfs), Some(SQUASHFS));
    }
}
