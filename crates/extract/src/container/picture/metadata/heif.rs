//! HEIF, which HEIC and AVIF are: EXIF in an item of its own (ISO/IEC 23008-12, A.2.1).

use super::bytes::Bytes;
use super::{MAX_FIELD_BYTES, PictureFields, ifd};
use crate::container::Walk;
use krea_scan_bounds::read_error::ReadError;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

pub fn read_heif(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
) -> io::Result<()> {
    let mut reader = ::exif::Reader::new();
    let few = Few { bytes, left: MAX_FIELD_BYTES };
    let found = reader.continue_on_error(true).read_from_container(&mut BufReader::new(few));
    // What is wrong inside of EXIF is told when it is read.
    match found.or_else(|error| error.distill_partial_result(|_| ())) {
        Ok(exif) => ifd::nested(walk, fields, exif.buf()),
        Err(::exif::Error::NotFound(_)) => Ok(()),
        Err(error) => Err(ReadError::new(format!("holds EXIF that was only read as it is: {error}")).into()),
    }
}

/// So much of a picture and no more.
struct Few<'b, 'a> {
    bytes: &'b mut Bytes<'a>,
    left: u64,
}

impl Read for Few<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left as usize);
        let read = self.bytes.read(&mut buffer[..most])?;
        self.left -= read as u64;
        match read {
            0 if self.left == 0 && !buffer.is_empty() => Err(io::Error::other("there is too much of it")),
            read => Ok(read),
        }
    }
}

impl Seek for Few<'_, '_> {
    /// A place behind the end is the end.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(to) => to,
            SeekFrom::Current(by) => self.bytes.at().saturating_add_signed(by),
            SeekFrom::End(by) => self.bytes.size().saturating_add_signed(by),
        };
        self.bytes.go_to(to.min(self.bytes.size()))?;
        Ok(self.bytes.at())
    }
}
