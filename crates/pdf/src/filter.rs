//! What the bytes of a stream are packed with (ISO 32000-2, 7.4), undone while they are read. Pictures are not decoded here.
//!
//! As lenient as viewers are: checksums are not looked at, and a stream that ends too soon gives what came before.

use crate::object::Dict;
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufRead, BufReader, Read};

/// How much packed input is read at once, in bytes.
const BUFFER: usize = 16 << 10;
/// A filter's name and its parameters.
pub type Filter = (Vec<u8>, Dict);
/// No more filters are applied one after the other.
pub const MAX_FILTERS: usize = 8;
/// The longest row of a picture that is put together again, in bytes.
const MAX_ROW: usize = 1 << 20;

/// Undoes filters. `None` where one of them is not known, or makes pixels.
pub fn undo<'d>(raw: Box<dyn Read + 'd>, filters: &[Filter]) -> Option<Box<dyn Read + 'd>> {
    let mut input = raw;
    for (name, parameters) in filters.iter().take(MAX_FILTERS) {
        let packed = BufReader::with_capacity(BUFFER, input);
        input = match name.as_slice() {
            b"FlateDecode" | b"Fl" => predicted(Box::new(Flate::Start(packed)), parameters),
            b"LZWDecode" | b"LZW" => predicted(Box::new(Lzw::new(packed, parameters)), parameters),
            b"ASCIIHexDecode" | b"AHx" => Box::new(FilterSteps::new(packed, hex)),
            b"ASCII85Decode" | b"A85" => Box::new(FilterSteps::new(packed, base85)),
            b"RunLengthDecode" | b"RL" => Box::new(FilterSteps::new(packed, runs)),
            b"Crypt" => Box::new(packed),
            _ => return None,
        };
    }
    Some(input)
}

/// Deflate behind the two bytes of zlib's head, which some programs leave out.
enum Flate<R> {
    /// Nothing was read.
    Start(R),
    /// The head is passed.
    Body(DeflateDecoder<R>),
    /// Nothing is left to decode.
    End,
}

impl<R: BufRead> Read for Flate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Flate::Start(_) = self
            && let Flate::Start(mut packed) = std::mem::replace(self, Flate::End)
        {
            // Some streams have a line's end too many before them.
            while matches!(packed.fill_buf()?.first(), Some(b'\r' | b'\n')) {
                packed.consume(1);
            }
            let head = packed.fill_buf()?;
            let is_zlib = matches!(head, [method, flags, ..]
                if method & 15 == 8 && u32::from(*method) * 256 % 31 == (31 - u32::from(*flags) % 31) % 31);
            packed.consume(if is_zlib { 2 } else { 0 });
            *self = Flate::Body(DeflateDecoder::new(packed));
        }
        match self {
            Flate::Body(decoder) => match decoder.read(buffer) {
                // The end is missing; what came before it is all there is.
                Err(_) if decoder.get_mut().fill_buf()?.is_empty() => Ok(0),
                read => read,
            },
            _ => Ok(0),
        }
    }
}

struct Lzw<R> {
    packed: R,
    decoder: weezl::decode::Decoder,
    ended: bool,
}

impl<R: BufRead> Lzw<R> {
    fn new(packed: R, parameters: &Dict) -> Self {
        let order = weezl::BitOrder::Msb;
        let decoder = match parameters.get("EarlyChange").count() {
            Some(0) => weezl::decode::Decoder::new(order, 8),
            _ => weezl::decode::Decoder::with_tiff_size_switch(order, 8),
        };
        Lzw { packed, decoder, ended: false }
    }
}

impl<R: BufRead> Read for Lzw<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buffer.is_empty() {
            let input = self.packed.fill_buf()?;
            let is_last = input.is_empty();
            let step = self.decoder.decode_bytes(input, buffer);
            self.packed.consume(step.consumed_in);
            match step.status {
                Ok(weezl::LzwStatus::Ok) => {}
                Ok(weezl::LzwStatus::NoProgress) => self.ended = is_last,
                Ok(weezl::LzwStatus::Done) => self.ended = true,
                Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "corrupt LZW stream")),
            }
            if step.consumed_out > 0 {
                return Ok(step.consumed_out);
            }
        }
        Ok(0)
    }
}

/// A filter that is undone step by step: a step reads a little and appends what it stands for. It says whether it goes on.
struct FilterSteps<R, S> {
    packed: R,
    step: S,
    out: Vec<u8>,
    given: usize,
    goes_on: bool,
}

impl<R: BufRead, S: FnMut(&mut R, &mut Vec<u8>) -> io::Result<bool>> FilterSteps<R, S> {
    fn new(packed: R, step: S) -> Self {
        FilterSteps { packed, step, out: Vec::new(), given: 0, goes_on: true }
    }
}

impl<R: BufRead, S: FnMut(&mut R, &mut Vec<u8>) -> io::Result<bool>> Read for FilterSteps<R, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.out.len() {
            self.out.clear();
            self.given = 0;
            while self.goes_on && self.out.len() < BUFFER {
                self.goes_on = (self.step)(&mut self.packed, &mut self.out)?;
            }
        }
        let length = (self.out.len() - self.given).min(buffer.len());
        buffer[..length].copy_from_slice(&self.out[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

fn byte(packed: &mut impl BufRead) -> io::Result<Option<u8>> {
    let byte = packed.fill_buf()?.first().copied();
    packed.consume(usize::from(byte.is_some()));
    Ok(byte)
}

/// Two hex digits.
fn hex(packed: &mut impl BufRead, out: &mut Vec<u8>) -> io::Result<bool> {
    let mut high = None;
    loop {
        let next = byte(packed)?.filter(|&byte| byte != b'>');
        let Some(next) = next else {
            out.extend(high.map(|high: u32| (high * 16) as u8));
            return Ok(false);
        };
        let Some(digit) = (next as char).to_digit(16) else { continue };
        let Some(high) = high.replace(digit) else { continue };
        out.push((high * 16 + digit) as u8);
        return Ok(true);
    }
}

/// Five characters for four bytes.
fn base85(packed: &mut impl BufRead, out: &mut Vec<u8>) -> io::Result<bool> {
    let (mut value, mut count) = (0_u32, 0);
    while count < 5 {
        match byte(packed)? {
            Some(b'z') if count == 0 => {
                out.extend([0; 4]);
                return Ok(true);
            }
            Some(digit @ b'!'..=b'u') => {
                value = value.wrapping_mul(85).wrapping_add(u32::from(digit - b'!'));
                count += 1;
            }
            Some(b'~') | None => {
                if count > 1 {
                    for _ in count..5 {
                        value = value.wrapping_mul(85).wrapping_add(84);
                    }
                    out.extend(&value.to_be_bytes()[..count - 1]);
                }
                return Ok(false);
            }
            Some(_) => {}
        }
    }
    out.extend(value.to_be_bytes());
    Ok(true)
}

/// A run of bytes as they are, or of one byte.
fn runs(packed: &mut impl BufRead, out: &mut Vec<u8>) -> io::Result<bool> {
    match byte(packed)? {
        None | Some(128) => Ok(false),
        Some(length @ 0..=127) => packed.take(u64::from(length) + 1).read_to_end(out).map(|read| read > 0),
        Some(length) => {
            let repeated = byte(packed)?;
            out.extend(
                repeated.into_iter().flat_map(|byte| std::iter::repeat_n(byte, 257 - usize::from(length))),
            );
            Ok(repeated.is_some())
        }
    }
}

/// Undoes what was done to make rows of numbers pack better.
fn predicted<'d>(input: Box<dyn Read + 'd>, parameters: &Dict) -> Box<dyn Read + 'd> {
    let predictor = parameters.get("Predictor").count().unwrap_or(1);
    if predictor < 2 {
        return input;
    }
    let value = |name, default| parameters.get(name).count().unwrap_or(default).clamp(1, MAX_ROW);
    let bits = value("Colors", 1) * value("BitsPerComponent", 8).min(16);
    let row = (bits.saturating_mul(value("Columns", 1))).div_ceil(8).min(MAX_ROW);
    let distance = bits.div_ceil(8).min(row);
    let mut above = vec![0; row];
    let step = move |packed: &mut BufReader<Box<dyn Read + 'd>>, out: &mut Vec<u8>| {
        let mut kind = 0;
        if predictor >= 10 {
            match byte(packed)? {
                Some(tag) => kind = tag,
                None => return Ok(false),
            }
        }
        let mut line = Vec::with_capacity(row);
        packed.take(row as u64).read_to_end(&mut line)?;
        for at in 0..line.len() {
            let left = if at >= distance { line[at - distance] } else { 0 };
            let corner = if at >= distance { above[at - distance] } else { 0 };
            let guess = match (predictor, kind) {
                (2, _) | (_, 1) => left,
                (_, 2) => above[at],
                (_, 3) => u8::midpoint(left, above[at]),
                (_, 4) => paeth(left, above[at], corner),
                _ => 0,
            };
            line[at] = line[at].wrapping_add(guess);
        }
        out.extend(&line);
        let whole = line.len() == row;
        above[..line.len()].copy_from_slice(&line);
        Ok(whole)
    };
    Box::new(FilterSteps::new(BufReader::with_capacity(BUFFER, input), step))
}

/// The neighbour that is nearest to what a slope would give (PNG, 9.4).
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
    let near = |value: i16| (a + b - c - value).abs();
    if near(a) <= near(b) && near(a) <= near(c) {
        left
    } else if near(b) <= near(c) {
        above
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;
    use std::io::Write;

    fn read(raw: &[u8], filters: &[Filter]) -> Vec<u8> {
        let mut out = Vec::new();
        undo(Box::new(raw), filters).unwrap().read_to_end(&mut out).unwrap();
        out
    }

    fn plain(name: &str) -> Filter {
        (name.as_bytes().to_vec(), Dict::default())
    }

    #[test]
    fn every_filter_for_text() {
        assert_eq!(read(b"48 65 6C6c 6>", &[plain("ASCIIHexDecode")]), b"Hell`");
        assert_eq!(read(b"87cUR\nDZ~>", &[plain("A85")]), b"Hello");
        assert_eq!(read(b"\x01ab\xfec\x80zz", &[plain("RunLengthDecode")]), b"abccc");
        let lzw = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        assert_eq!(read(&lzw, &[plain("LZWDecode")]), b"-----A---B");
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(b"hello hello hello").unwrap();
        let zlib = zlib.finish().unwrap();
        assert_eq!(read(&zlib, &[plain("Fl")]), b"hello hello hello");
        assert_eq!(read(&zlib[2..], &[plain("FlateDecode")]), b"hello hello hello");
        let without_checksum = &zlib[..zlib.len() - 4];
        assert_eq!(read(without_checksum, &[plain("FlateDecode")]), b"hello hello hello");
        let hex: String = zlib.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(read(hex.as_bytes(), &[plain("AHx"), plain("FlateDecode")]), b"hello hello hello");
        assert!(undo(Box::new(&b""[..]), &[plain("DCTDecode")]).is_none());
    }

    #[test]
    fn rows_are_put_together_again() {
        let parameters = |predictor: f64| {
            let entry = |name: &str, value| (name.as_bytes().to_vec(), Object::Number(value));
            Dict(vec![entry("Predictor", predictor), entry("Columns", 3.0)])
        };
        let undone = |rows: &[u8], predictor| {
            let mut out = Vec::new();
            predicted(Box::new(rows), &parameters(predictor)).read_to_end(&mut out).unwrap();
            out
        };
        let rows = [0, 1, 2, 3, 1, 1, 1, 1, 2, 1, 1, 1, 3, 1, 1, 1, 4, 1, 1, 1];
        let expected = [1, 2, 3, 1, 2, 3, 2, 3, 4, 2, 3, 4, 3, 4, 5];
        assert_eq!(undone(&rows, 15.0), expected);
        assert_eq!(undone(&[1, 1, 1, 5, 1, 1], 2.0), [1, 2, 3, 5, 6, 7]);
    }
}
