//! Zstandard (RFC 8878): frame after frame, within a memory, and as far as a damaged one goes.
//!
//! [`ruzstd`] decodes one frame, does not look at its checksum, and keeps what it has decoded to itself when it comes upon a
//! damage. [`Zstd`] makes a reader of it that does what one expects.

mod peek;

pub use peek::Peek;

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::error::Error;
use std::io::{self, BufRead, Read};

/// What a decoder needs besides the window, in bytes.
const BESIDES: u64 = 1 << 20;
/// An empty block that is the last one, and a checksum (RFC 8878, 3.1.1.2).
const END: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// Decodes Zstandard, all frames of a reader. For each of them it asks `allow` for memory, in bytes; what that gives is kept
/// as long as the frame is read.
pub struct Zstd<R, A, H> {
    allow: A,
    place: Place<R, H>,
    only_first: bool,
}

enum Place<R, H> {
    Between(Peek<R>),
    In(Box<Frame<R, H>>),
    End,
}

struct Frame<R, H> {
    decoder: FrameDecoder,
    input: Watched<Peek<R>>,
    /// Why nothing comes behind what was decoded.
    failed: Option<io::Error>,
    _held: H,
}

impl<R: BufRead, A: FnMut(u64) -> io::Result<H>, H> Zstd<R, A, H> {
    /// Decodes all frames of `input`.
    pub fn new(input: R, allow: A) -> Self {
        Zstd { allow, place: Place::Between(Peek::new(input)), only_first: false }
    }

    /// Decodes the first frame of `input`, whatever stands behind it.
    pub fn first_frame(input: R, allow: A) -> Self {
        Zstd { only_first: true, ..Self::new(input, allow) }
    }

    /// Starts the next frame, if there is one.
    fn start(&mut self, mut input: Peek<R>) -> io::Result<Place<R, H>> {
        loop {
            let head = input.peek(18)?;
            if head.is_empty() {
                return Ok(Place::End);
            }
            let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] = *head else { break };
            let length = 8 + u64::from(u32::from_le_bytes([a, b, c, d]));
            if io::copy(&mut (&mut input).take(length), &mut io::sink())? < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let need = need(input.peek(18)?).ok_or(io::ErrorKind::InvalidData)?;
        let held = (self.allow)(need)?;
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(need);
        let mut input = Watched { inner: input, error: None };
        decoder.init(&mut input).map_err(|error| input.read_error(&error))?;
        Ok(Place::In(Box::new(Frame { decoder, input, failed: None, _held: held })))
    }
}

impl<R: BufRead, A: FnMut(u64) -> io::Result<H>, H> Read for Zstd<R, A, H> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            self.place = match std::mem::replace(&mut self.place, Place::End) {
                Place::Between(input) => self.start(input)?,
                Place::In(mut frame) => match frame.read(buffer)? {
                    0 if self.only_first => Place::End,
                    0 => Place::Between(frame.input.inner),
                    read => {
                        self.place = Place::In(frame);
                        return Ok(read);
                    }
                },
                Place::End => return Ok(0),
            };
        }
    }
}

impl<R: BufRead, H> Frame<R, H> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.decoder.is_finished() {
                let (said, made) =
                    (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
                return match said.is_some() && said != made {
                    true => Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum does not fit")),
                    false => Ok(0),
                };
            }
            let strategy = BlockDecodingStrategy::UptoBlocks(1);
            if let Err(error) = self.decoder.decode_blocks(&mut self.input, strategy) {
                self.failed = Some(self.input.read_error(&error));
                // The decoder gives away all that it has only at the end of a frame.
                self.decoder.decode_blocks(&END[..], BlockDecodingStrategy::All).map_err(io::Error::other)?;
            }
        }
        self.decoder.read(buffer)
    }
}

/// What a frame needs, in bytes (RFC 8878, 3.1.1.1); `None` when it is no frame.
fn need(head: &[u8]) -> Option<u64> {
    let [0x28, 0xb5, 0x2f, 0xfd, descriptor, rest @ ..] = head else { return None };
    if descriptor & 0x20 == 0 {
        let byte = *rest.first()?;
        // The decoder takes the next power of two.
        let window = 1u64 << (10 + (byte >> 3) + u8::from(byte & 7 > 0));
        return Some(window + BESIDES);
    }
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let (length, plus) = [(1, 0), (2, 256), (4, 0), (8, 0)][usize::from(descriptor >> 6)];
    let mut size = [0; 8];
    size[..length].copy_from_slice(rest.get(dictionary..dictionary + length)?);
    Some(u64::from_le_bytes(size).saturating_add(plus).min(1 << 60) + BESIDES)
}

/// A reader that keeps its error: a decoder makes another one of it.
struct Watched<R> {
    inner: R,
    error: Option<io::Error>,
}

impl<R> Watched<R> {
    /// What a decoder's error stands for.
    fn read_error(&mut self, error: &FrameDecoderError) -> io::Error {
        if let Some(error) = self.error.take() {
            return error;
        }
        let mut cause: Option<&dyn Error> = Some(error);
        while let Some(error) = cause {
            match error.downcast_ref::<io::Error>() {
                Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return io::Error::new(io::ErrorKind::UnexpectedEof, "incomplete frame");
                }
                _ => cause = error.source(),
            }
        }
        io::Error::new(io::ErrorKind::InvalidData, error.to_string())
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.error = Some(error);
            }
            kind.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out with so much memory, and how it ends.
    fn decode(input: impl Read, most: u64) -> (Vec<u8>, io::Result<usize>) {
        let allow = |need| if need > most { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(()) };
        let mut out = Vec::new();
        let end = Zstd::new(io::BufReader::new(input), allow).read_to_end(&mut out);
        (out, end)
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_checksum(true).unwrap();
        io::Write::write_all(&mut encoder, text).unwrap();
        encoder.finish().unwrap()
    }

    fn text() -> Vec<u8> {
        (0..40_000u32)
            .flat_map(|n| format!("line {n} {}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
            .collect()
    }

    #[test]
    fn what_a_frame_needs_stands_in_its_head() {
        let window = |head: &[u8]| need(head).map(|need| need - BESIDES);
        assert_eq!(window(&[0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x88]), Some(128 << 20));
        assert_eq!(window(&[0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x81]), Some(128 << 20));
        assert_eq!(window(&[0x28, 0xb5, 0x2f, 0xfd, 0x24, 5]), Some(5));
        assert_eq!(window(&[0x28, 0xb5, 0x2f, 0xfd, 0x60, 0, 1]), Some(512));
        assert_eq!(window(b"\x28\xb5\x2f"), None);
    }

    #[test]
    fn all_frames_are_read_and_those_of_no_text_are_passed_over() {
        let note = [&b"\x5a\x2a\x4d\x18\x04\0\0\0"[..], b"note"].concat();
        let all =
            [&note, &packed(b"one "), &packed(b""), &note, &packed(b"two")].map(|part| &part[..]).concat();
        let (out, end) = decode(&all[..], 16 << 20);
        assert_eq!((&out[..], end.unwrap()), (&b"one two"[..], 7));
    }

    #[test]
    fn what_is_before_a_cut_comes_out() {
        let (text, file) = (text(), packed(&text()));
        for length in [file.len() / 2, file.len() - 1] {
            let (out, end) = decode(&file[..length], 16 << 20);
            assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            assert!(out.len() > text.len() / 3 && text.starts_with(&out), "{}", out.len());
        }
    }

    #[test]
    fn a_checksum_that_does_not_fit_is_told_behind_the_text() {
        let (text, mut file) = (text(), packed(&text()));
        *file.last_mut().unwrap() ^= 1;
        let (out, end) = decode(&file[..], 16 << 20);
        assert!(out == text);
        assert_eq!(end.unwrap_err().to_string(), "its checksum does not fit");
    }

    #[test]
    fn a_frame_gets_no_more_memory_than_is_allowed_and_the_error_of_a_reader_is_handed_on() {
        let (_, end) = decode(&packed(&text())[..], BESIDES);
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::OutOfMemory);

        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let file = packed(&text());
        let (out, end) = decode(file[..file.len() / 2].chain(Broken), 16 << 20);
        assert!(!out.is_empty());
        assert_eq!(end.unwrap_err().to_string(), "the disk is gone");
    }

    #[test]
    fn no_damage_is_silent_or_a_crash() {
        let (text, file) = (text(), packed(&text()));
        let mut random = 1u32;
        let mut next = |below: usize| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) as usize % below
        };
        for _ in 0..300 {
            let mut damaged = file.clone();
            for _ in 0..=next(3) {
                let most = if next(2) == 0 { 300 } else { damaged.len() };
                let at = next(most);
                damaged[at] = next(256) as u8;
            }
            let (out, end) = decode(&damaged[..], 16 << 20);
            assert!(end.is_err() || out == text);
        }
    }
}
