//! Pictures that stand as numbers in their stream, or as a fax machine packs them: seen with `--ocr`.

use crate::container::Walk;
use crate::container::picture::{MAX_PIXELS, TOO_LARGE};
use crate::ocr::GrayPicture;
use krea_scan_pdf::file::PdfFile;
use krea_scan_pdf::filter::{self, Filter};
use krea_scan_pdf::object::{Dict, Object, Stream};
use krea_scan_text::Layer;
use std::io::{self, Cursor, Read};

/// No text that matters fits in fewer.
const LEAST_PIXELS: usize = 2_000;
/// The largest picture of a fax machine that is read, packed, in bytes.
const MAX_FAX_BYTES: u64 = 8 << 20;

const UNKNOWN: &str =
    "is a picture in JPEG 2000 or JBIG2, whose pixels are not read; print the page to a PNG and scan that";

/// Reads what is seen in a picture, unless nobody looks at pictures. `name` is the document's.
pub fn read_pixels(
    walk: &mut Walk<'_>,
    file: &PdfFile<'_>,
    name: &str,
    place: Layer,
    stream: &Stream,
    filters: &[Filter],
) -> io::Result<()> {
    if !walk.reads_pixels() {
        return Ok(());
    }
    match filters.split_last() {
        Some((last, before)) if matches!(last.0.as_slice(), b"CCITTFaxDecode" | b"CCF") => {
            let mut fax = Vec::new();
            if let Some(packed) = file.raw(stream, before).and_then(|raw| filter::undo(raw, before)) {
                file.counted(stream, packed).take(MAX_FAX_BYTES).read_to_end(&mut fax)?;
            }
            let head = tiff(&stream.dict, &last.1, fax.len());
            walk.member(place, "picture.tiff", &mut Cursor::new(head).chain(&fax[..]))
        }
        Some((last, _)) if matches!(last.0.as_slice(), b"JPXDecode" | b"JBIG2Decode") => {
            walk.unread_member(place, UNKNOWN);
            Ok(())
        }
        _ => numbers(walk, file, name, place, stream, filters),
    }
}

/// The head of a TIFF around what a fax machine has packed (TIFF 6.0, 11).
fn tiff(dict: &Dict, parameters: &Dict, length: usize) -> Vec<u8> {
    let number = |value: &Object, default: usize| value.count().unwrap_or(default) as u32;
    let width = number(dict.get("Width"), number(dict.get("W"), 1728) as usize);
    let height = number(dict.get("Height"), number(dict.get("H"), 1) as usize);
    let k = parameters.get("K").number().unwrap_or(0.0);
    let columns = number(parameters.get("Columns"), 1728);
    let black = *parameters.get("BlackIs1") == Object::Bool(true);
    let width = if columns > 0 { columns } else { width };
    let tags: [(u16, u32); 9] = [
        (256, width),
        (257, height),
        (258, 1),
        (259, if k < 0.0 { 4 } else { 3 }),
        (262, u32::from(black)),
        (273, 8 + 2 + 9 * 12 + 4),
        (278, height),
        (279, length as u32),
        (292, u32::from(k > 0.0)),
    ];
    let mut head = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, value) in tags {
        head.extend(tag.to_le_bytes());
        head.extend(4_u16.to_le_bytes());
        head.extend(1_u32.to_le_bytes());
        head.extend(value.to_le_bytes());
    }
    head.extend([0; 4]);
    head
}

/// How the numbers of a picture make grey.
enum Colours {
    Gray,
    Rgb,
    Cmyk,
    /// Ink: more is darker.
    Ink,
    /// The grey of each number.
    Table(Vec<u8>),
}

impl Colours {
    /// How many numbers a pixel has.
    fn count(&self) -> usize {
        match self {
            Colours::Gray | Colours::Ink | Colours::Table(_) => 1,
            Colours::Rgb => 3,
            Colours::Cmyk => 4,
        }
    }

    fn of(file: &PdfFile<'_>, value: &Object, depth: usize) -> Option<Self> {
        let value = file.get(value);
        let first = value.array().first().map(|first| file.get(first));
        match first.as_ref().unwrap_or(&value).name() {
            b"DeviceGray" | b"CalGray" | b"G" => Some(Colours::Gray),
            b"DeviceRGB" | b"CalRGB" | b"RGB" => Some(Colours::Rgb),
            b"DeviceCMYK" | b"CMYK" => Some(Colours::Cmyk),
            b"Separation" => Some(Colours::Ink),
            b"ICCBased" => match file.dict(value.array().get(1)?)?.get("N").count()? {
                1 => Some(Colours::Gray),
                3 => Some(Colours::Rgb),
                4 => Some(Colours::Cmyk),
                _ => None,
            },
            b"Indexed" | b"I" if depth == 0 => {
                let base = Self::of(file, value.array().get(1)?, 1)?;
                let mut table = Vec::new();
                match file.get(value.array().get(3)?) {
                    Object::String(bytes) => table = bytes,
                    Object::Stream(stream) => {
                        _ = file.decoded(&stream)?.take(4096).read_to_end(&mut table).ok()?
                    }
                    _ => return None,
                }
                Some(Colours::Table(
                    table.chunks_exact(base.count()).map(|numbers| base.gray(numbers)).collect(),
                ))
            }
            _ => None,
        }
    }

    fn gray(&self, numbers: &[u8]) -> u8 {
        let light =
            |r: u8, g: u8, b: u8| ((u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29) >> 8) as u8;
        match (self, numbers) {
            (Colours::Rgb, &[r, g, b, ..]) => light(r, g, b),
            (Colours::Cmyk, &[c, m, y, k, ..]) => (255 - light(c, m, y)).saturating_sub(k),
            (Colours::Ink, &[ink, ..]) => 255 - ink,
            (Colours::Table(table), &[number, ..]) => table.get(usize::from(number)).copied().unwrap_or(255),
            (_, numbers) => numbers.first().copied().unwrap_or(255),
        }
    }
}

/// Hands on a picture that stands as numbers in its stream.
fn numbers(
    walk: &mut Walk<'_>,
    file: &PdfFile<'_>,
    name: &str,
    place: Layer,
    stream: &Stream,
    filters: &[Filter],
) -> io::Result<()> {
    let number = |key: &str| file.get(stream.dict.get(key)).count().unwrap_or(0);
    let (width, height) = (number("Width"), number("Height"));
    let count = width.saturating_mul(height);
    if count < LEAST_PIXELS {
        return Ok(());
    }
    if count as u64 > MAX_PIXELS {
        walk.unread_member(place, TOO_LARGE);
        return Ok(());
    }
    let is_mask = *stream.dict.get("ImageMask") == Object::Bool(true);
    let bits = if is_mask { 1 } else { number("BitsPerComponent") };
    let colours =
        if is_mask { Some(Colours::Gray) } else { Colours::of(file, stream.dict.get("ColorSpace"), 0) };
    let (Some(colours), 1 | 2 | 4 | 8 | 16) = (colours, bits) else {
        walk.unread_member(
            place,
            "is a picture in colours that are not known here; print the page to a PNG and scan that",
        );
        return Ok(());
    };
    let memory = walk.memory;
    let _held = memory.take(2 * count as u64)?;
    let decode = file.get(stream.dict.get("Decode"));
    let decode: Vec<f64> = decode.array().iter().filter_map(Object::number).collect();
    let is_inverted = decode.len() >= 2 && decode[0] > decode[1];
    let raw = file.raw(stream, filters).and_then(|raw| filter::undo(raw, filters));
    let Some(mut input) = raw.map(|raw| file.counted(stream, raw)) else { return Ok(()) };
    let mut row = vec![0; (width * colours.count() * bits).div_ceil(8)];
    let mut out = Vec::with_capacity(count);
    for _ in 0..height {
        // What is missing is white.
        if input.read_exact(&mut row).is_err() {
            walk.budget.spend(0)?;
            break;
        }
        let sample = |at: usize| {
            let value = match bits {
                8 => row[at],
                16 => row[2 * at],
                _ => row[at * bits / 8] >> (8 - bits - at * bits % 8) & ((1 << bits) - 1),
            };
            let most = if bits >= 8 { 255 } else { (1_u8 << bits) - 1 };
            let value = if is_inverted { most - value } else { value };
            if matches!(colours, Colours::Table(_)) {
                value
            } else {
                (u16::from(value) * 255 / u16::from(most)) as u8
            }
        };
        for x in 0..width {
            let numbers: [u8; 4] =
                std::array::from_fn(
                    |i| if i < colours.count() { sample(x * colours.count() + i) } else { 0 },
                );
            out.push(colours.gray(&numbers));
        }
    }
    out.resize(count, 255);
    let picture = GrayPicture { width: width as u32, height: height as u32, pixels: out };
    walk.budget.member()?;
    walk.layers.push(place);
    let read = walk.pixels(name, &picture);
    walk.left()?;
    read
}
