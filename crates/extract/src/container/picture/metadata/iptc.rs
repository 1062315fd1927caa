//! IPTC (IIM 4.2) and the resources of Photoshop that it is kept in (Adobe Photoshop File Formats Specification, Image
//! Resource Blocks).

use super::{PictureFields, xmp};
use crate::container::Walk;
use krea_scan_text::LayerKind;
use std::io;

/// Reads EXIF that is a part of something else.
pub type ReadExif = fn(&mut Walk<'_>, &mut PictureFields<'_>, &[u8]) -> io::Result<()>;

/// Reads Photoshop's resources, or IPTC alone; EXIF in them is given to `exif`. A damaged resource ends them; they have been read as they are.
pub fn resources(
    walk: &mut Walk<'_>,
    fields: &mut PictureFields<'_>,
    bytes: &[u8],
    exif: ReadExif,
) -> io::Result<()> {
    read_all(walk, fields, bytes, Some(exif))
}

/// As [`resources`], of those in EXIF, which hold no EXIF.
pub fn inside_exif(walk: &mut Walk<'_>, fields: &mut PictureFields<'_>, bytes: &[u8]) -> io::Result<()> {
    read_all(walk, fields, bytes, None)
}

fn read_all(
    walk: &mut Walk<'_>,
    fields: &mut PictureFields<'_>,
    mut rest: &[u8],
    exif: Option<ReadExif>,
) -> io::Result<()> {
    rest = rest.strip_prefix(b"Photoshop 3.0\0").unwrap_or(rest);
    // Raw profiles hold IPTC alone as well.
    if rest.first() == Some(&TAG) {
        return read_iptc(walk, fields, rest);
    }
    while let Some((id, value, behind)) = resource(rest) {
        rest = behind;
        match id {
            0x0404 => read_iptc(walk, fields, value)?,
            0x0422 => exif.map_or(Ok(()), |read| read(walk, fields, value))?,
            0x0424 => xmp::read_xmp(walk, fields, value)?,
            0x03f0 => fields.add(walk, LayerKind::Photoshop, "caption", value)?,
            0x040b => fields.add(walk, LayerKind::Photoshop, "URL", value)?,
            _ => {}
        }
    }
    Ok(())
}

/// The first resource: its number, what it holds, and what stands behind it.
fn resource(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let rest = bytes.strip_prefix(b"8BIM")?;
    let (id, rest) = rest.split_first_chunk::<2>()?;
    let name = usize::from(*rest.first()?) + 1;
    let (length, rest) = rest.get(name.next_multiple_of(2)..)?.split_first_chunk::<4>()?;
    let length = u32::from_be_bytes(*length) as usize;
    let value = rest.get(..length)?;
    let behind = rest.get(length.checked_next_multiple_of(2)?..).unwrap_or_default();
    Some((u16::from_be_bytes(*id), value, behind))
}

/// What each dataset starts with.
const TAG: u8 = 0x1c;

/// Reads the datasets of IPTC.
fn read_iptc(walk: &mut Walk<'_>, fields: &mut PictureFields<'_>, mut rest: &[u8]) -> io::Result<()> {
    while let Some((record, number, value, behind)) = dataset(rest) {
        rest = behind;
        match (record, name(number)) {
            (2, Some(name)) => fields.add(walk, LayerKind::Iptc, name, value)?,
            // The record's version, and character sets.
            (1, _) | (2, None) if value.len() < 8 => {}
            _ => fields.add(walk, LayerKind::Iptc, &format!("{record}:{number}"), value)?,
        }
    }
    Ok(())
}

/// The first dataset: its record, its number in that, what it holds, and what stands behind it.
fn dataset(bytes: &[u8]) -> Option<(u8, u8, &[u8], &[u8])> {
    let ([TAG, record, number, a, b], rest) = bytes.split_first_chunk::<5>()? else { return None };
    let length = u16::from_be_bytes([*a, *b]);
    // A long one says in how many bytes its length stands.
    let (length, rest) = match length & 0x8000 {
        0 => (usize::from(length), rest),
        _ => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7fff))?;
            let number =
                digits.iter().try_fold(0u32, |sum, &digit| Some(sum.checked_mul(256)? + u32::from(digit)));
            (number? as usize, rest)
        }
    };
    let (value, behind) = rest.split_at_checked(length)?;
    Some((*record, *number, value, behind))
}

/// What the text datasets of record 2 are called, as exiftool has it.
fn name(number: u8) -> Option<&'static str> {
    Some(match number {
        5 => "ObjectName",
        7 => "EditStatus",
        15 => "Category",
        20 => "SupplementalCategories",
        22 => "FixtureIdentifier",
        25 => "Keywords",
        26 => "ContentLocationCode",
        27 => "ContentLocationName",
        40 => "SpecialInstructions",
        65 => "OriginatingProgram",
        80 => "By-line",
        85 => "By-lineTitle",
        90 => "City",
        92 => "Sub-location",
        95 => "Province-State",
        101 => "Country-PrimaryLocationName",
        103 => "OriginalTransmissionReference",
        105 => "Headline",
        110 => "Credit",
        115 => "Source",
        116 => "CopyrightNotice",
        118 => "Contact",
        120 => "Caption-Abstract",
        121 => "LocalCaption",
        122 => "Writer-Editor",
        184 => "JobID",
        187 => "UniqueDocumentID",
        221 => "Prefs",
        230 => "DocumentNotes",
        231 => "DocumentHistory",
        _ => return None,
    })
}
