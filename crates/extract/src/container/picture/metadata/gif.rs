//! GIF: comments, texts and what applications leave (GIF89a specification, 24 to 26). All of it is cut into blocks of at
//! most 255 bytes.

use super::bytes::{Bytes, cut_short};
use super::{PictureFields, xmp};
use crate::container::Walk;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::LayerKind;
use std::io::{self, Read};

/// What is kept of one comment or text, in bytes.
const MAX_TEXT_BYTES: usize = 4 << 20;
/// XMP is not cut into blocks. These bytes behind it make that good (XMP part 3, 1.1.2).
const XMP_TRAILER: usize = 257;

pub fn read_gif(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
) -> io::Result<()> {
    bytes.skip(6)?;
    let [_, _, _, _, flags, _, _] = bytes.array()?;
    bytes.skip(colors(flags))?;
    // Some programs leave the end mark out, or zeros before it.
    while bytes.left() > 0 {
        match bytes.array()? {
            [0x3b] => return Ok(()),
            [0] => {}
            [0x2c] => {
                let [.., flags] = bytes.array::<9>()?;
                bytes.skip(colors(flags) + 1)?;
                blocks(bytes, |_| ())?;
            }
            [0x21] => {
                let [label] = bytes.array()?;
                extension(walk, bytes, fields, label)?;
            }
            [_] => {
                let reason = format!("is damaged: no block starts at byte {}", bytes.at() - 1);
                return Err(ReadError::new(format!("{reason}; what comes before was read")).into());
            }
        }
    }
    Ok(())
}

/// How long a table of colours is, in bytes.
fn colors(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn extension(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
    label: u8,
) -> io::Result<()> {
    let mut text = Vec::new();
    let mut join = |block: &[u8]| {
        if text.len() + block.len() <= MAX_TEXT_BYTES {
            text.extend_from_slice(block);
        }
    };
    let (kind, name, read) = match label {
        0xfe => (LayerKind::GifComment, "comment".to_owned(), blocks(bytes, join)),
        0x01 | 0xff => {
            let [length] = bytes.array()?;
            let mut head = Vec::new();
            bytes.by_ref().take(u64::from(length)).read_to_end(&mut head)?;
            match label {
                0x01 => (LayerKind::GifText, "text".to_owned(), blocks(bytes, join)),
                _ if head == b"XMP DataXMP" => {
                    // The lengths of blocks are letters of the text.
                    let read = blocks_with(bytes, |length, block| {
                        join(&[length]);
                        join(block);
                    });
                    text.truncate(text.len().saturating_sub(XMP_TRAILER));
                    xmp::read_xmp(walk, fields, &text)?;
                    return read;
                }
                _ => (
                    LayerKind::GifApplication,
                    String::from_utf8_lossy(&head).into_owned(),
                    blocks(bytes, join),
                ),
            }
        }
        _ => return blocks(bytes, |_| ()),
    };
    if !text.is_empty() {
        fields.add(walk, kind, &name, &text)?;
    }
    read
}

/// Reads blocks up to the empty one.
fn blocks(bytes: &mut Bytes<'_>, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    blocks_with(bytes, |_, block| each(block))
}

/// As [`blocks`], with the length of each.
fn blocks_with(bytes: &mut Bytes<'_>, mut each: impl FnMut(u8, &[u8])) -> io::Result<()> {
    let mut block = [0; 255];
    loop {
        let [length] = bytes.array()?;
        if length == 0 {
            return Ok(());
        }
        let length_here = u64::from(length).min(bytes.left());
        let block = &mut block[..length_here as usize];
        bytes.read_exact(block)?;
        each(length, block);
        if length_here < u64::from(length) {
            return Err(cut_short(u64::from(length) - length_here).into());
        }
    }
}
