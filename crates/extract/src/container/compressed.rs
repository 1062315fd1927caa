//! One file, compressed: gzip, zlib, bzip2, xz, Zstandard, Brotli and LZMA. Most may be several streams one after the other.

use super::decoders::{first_zstd_frame, lzma, xz, zstd};
use super::{ContainerKind, HEAD, Walk};
use krea_scan_bounds::memory::{Held, Memory};
use krea_scan_bounds::read_error::{Counted, PackedSize, ReadError, Unpacked};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// How much compressed input is read at once, in bytes.
const BUFFER: usize = 64 << 10;
/// What a bzip2 decoder needs, in bytes.
const BZIP2: u64 = 4 << 20;
/// What a Brotli decoder needs at most: a window of 16 MB, twice.
const BROTLI: u64 = 34 << 20;

/// Endings of compressed files, and what is left when they are undone.
const ENDINGS: [(&str, &str); 14] = [
    (".tgz", ".tar"),
    (".tbz2", ".tar"),
    (".tbz", ".tar"),
    (".txz", ".tar"),
    (".tzst", ".tar"),
    (".tlz", ".tar"),
    (".svgz", ".svg"),
    (".gz", ""),
    (".bz2", ""),
    (".xz", ""),
    (".zst", ""),
    (".zstd", ""),
    (".br", ""),
    (".lzma", ""),
];

/// Reads a compressed file. Its name without the ending is the name of what is in it.
pub fn read_compressed(
    walk: &mut Walk<'_>,
    kind: ContainerKind,
    name: &str,
    input: &mut dyn Read,
) -> io::Result<()> {
    let (input, packed) = Counted::new(input);
    let input = BufReader::with_capacity(BUFFER, input);
    let (memory, inner) = (walk.memory, inner_name(name));
    match kind {
        ContainerKind::Gzip => gzip(walk, inner, packed, input),
        ContainerKind::Bzip2 => {
            let _held = memory.take(BZIP2)?;
            one(walk, LayerKind::Bzip2, inner, packed, bzip2::bufread::MultiBzDecoder::new(input))
        }
        ContainerKind::Xz => {
            let (decoder, _held) = xz(memory, input, true)?;
            one(walk, LayerKind::Xz, inner, packed, decoder)
        }
        ContainerKind::Zlib => {
            one(walk, LayerKind::Zlib, inner, packed, flate2::bufread::ZlibDecoder::new(input))
        }
        ContainerKind::Zstd => one(walk, LayerKind::Zstd, inner, packed, zstd(memory, input)),
        ContainerKind::Brotli => {
            let _held = memory.take(BROTLI)?;
            one(walk, LayerKind::Brotli, inner, packed, brotli_decompressor::Decompressor::new(input, 4096))
        }
        ContainerKind::Lzma => {
            let (mut input, mut head, mut size) = (input, [0; 5], [0; 8]);
            input.read_exact(&mut head)?;
            input.read_exact(&mut size)?;
            let (decoder, _held) = lzma(memory, head, u64::from_le_bytes(size), input)?;
            one(walk, LayerKind::Lzma, inner, packed, decoder)
        }
        _ => Err(io::Error::other("is no compressed file")),
    }
}

/// Tries whether a stream of zlib goes on as one.
#[derive(Debug, Default)]
pub struct ZlibProbe(Option<flate2::Decompress>);

impl ZlibProbe {
    /// Whether the first bytes of a stream unpack.
    pub fn inflates(&mut self, start: &[u8]) -> bool {
        let decoder = self.0.get_or_insert_with(|| flate2::Decompress::new(true));
        decoder.reset(true);
        let read = decoder.decompress(start, &mut [0; 256], flate2::FlushDecompress::None);
        read.is_ok() && decoder.total_out() > 0
    }
}

/// What unpacks to less than this before it fails, in bytes, only looked like packed data.
const MIN_UNPACKED: u64 = 1 << 10;

/// Whether what stands at a place is packed data indeed.
pub fn unpacks(walk: &Walk<'_>, kind: ContainerKind, input: &mut dyn Read) -> bool {
    let start = first_stream(walk.memory, kind, BufReader::with_capacity(BUFFER, input));
    start.is_ok_and(|(_, stream, _held)| stream.take(MIN_UNPACKED).read_to_end(&mut Vec::new()).is_ok())
}

/// Reads packed data that ends somewhere in `input`. Gives how many bytes it takes at least.
pub fn read_first_stream(walk: &mut Walk<'_>, kind: ContainerKind, input: &mut dyn Read) -> io::Result<u64> {
    let (input, packed) = Counted::new(input);
    let (layer, stream, _held) = first_stream(walk.memory, kind, BufReader::with_capacity(BUFFER, input))?;
    one(walk, layer, String::new(), packed.clone(), stream)?;
    Ok(packed.bytes().saturating_sub(BUFFER as u64))
}

/// What undoes one stream, with the memory that it needs.
fn first_stream<'w: 'r, 'r, R: BufRead + 'r>(
    memory: &'w Memory<'w>,
    kind: ContainerKind,
    input: R,
) -> io::Result<(LayerKind, Box<dyn Read + 'r>, Option<Held<'w>>)> {
    Ok(match kind {
        ContainerKind::Zlib => (LayerKind::Zlib, Box::new(flate2::bufread::ZlibDecoder::new(input)), None),
        ContainerKind::Gzip => (LayerKind::Gzip, Box::new(flate2::bufread::GzDecoder::new(input)), None),
        ContainerKind::Bzip2 => {
            let held = memory.take(BZIP2)?;
            (LayerKind::Bzip2, Box::new(bzip2::bufread::BzDecoder::new(input)), Some(held))
        }
        ContainerKind::Xz => {
            let (decoder, held) = xz(memory, input, false)?;
            (LayerKind::Xz, Box::new(decoder), Some(held))
        }
        ContainerKind::Zstd => (LayerKind::Zstd, Box::new(first_zstd_frame(memory, input)), None),
        _ => return Err(io::Error::other("is no compressed file")),
    })
}

fn inner_name(name: &str) -> String {
    for (ending, instead) in ENDINGS {
        let stem = name.len().checked_sub(ending.len()).filter(|&at| at > 0 && name.is_char_boundary(at));
        if let Some(at) = stem.filter(|&at| name[at..].eq_ignore_ascii_case(ending)) {
            return format!("{}{instead}", &name[..at]);
        }
    }
    name.to_owned()
}

fn one(
    walk: &mut Walk<'_>,
    kind: LayerKind,
    inner: String,
    packed: PackedSize,
    decoder: impl Read,
) -> io::Result<()> {
    let mut unpacked = Unpacked::new(walk.budget, walk.level() + 1, packed, decoder);
    walk.member(Layer::named(kind, ""), &inner, &mut unpacked)
}

/// gzip keeps the name of the file it was made from, and may keep a comment. The name is a step of the way when it says
/// more than the compressed file's own.
fn gzip(walk: &mut Walk<'_>, inner: String, packed: PackedSize, input: impl BufRead) -> io::Result<()> {
    let decoder = Gzip::new(input);
    let header = decoder.header();
    let text = |bytes: Option<&[u8]>| bytes.map(|text| String::from_utf8_lossy(text).into_owned());
    let name = header.and_then(|header| text(header.filename())).filter(|name| !name.is_empty());
    let comment = header.and_then(|header| text(header.comment())).filter(|comment| !comment.is_empty());
    if let Some(comment) = comment {
        walk.member(Layer::named(LayerKind::GzipComment, ""), "", &mut comment.as_bytes())?;
    }
    let mut unpacked = Unpacked::new(walk.budget, walk.level() + 1, packed, decoder);
    let Some(name) = name.filter(|name| *name != base_name(&inner)) else {
        return walk.member(Layer::named(LayerKind::Gzip, ""), &inner, &mut unpacked);
    };
    let mut head = Vec::with_capacity(HEAD);
    // An error is met again when what follows is read.
    let _ = (&mut unpacked).take(HEAD as u64).read_to_end(&mut head);
    let step = if ContainerKind::of(&head, &name).is_some() { "" } else { &name };
    walk.member(Layer::named(LayerKind::Gzip, step), &name, &mut Cursor::new(&head).chain(unpacked))
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// gzip, member after member. Zeros at the end are padding.
struct Gzip<R>(Option<flate2::bufread::GzDecoder<R>>);

impl<R: BufRead> Gzip<R> {
    fn new(input: R) -> Self {
        Gzip(Some(flate2::bufread::GzDecoder::new(input)))
    }

    fn header(&self) -> Option<&flate2::GzHeader> {
        self.0.as_ref().and_then(flate2::bufread::GzDecoder::header)
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.0 {
            let read = decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(mut input) = self.0.take().map(flate2::bufread::GzDecoder::into_inner) else { break };
            loop {
                let next = input.fill_buf()?;
                let zeros = next.iter().take_while(|&&byte| byte == 0).count();
                match next.get(zeros) {
                    Some(0x1f) => {
                        input.consume(zeros);
                        self.0 = Some(flate2::bufread::GzDecoder::new(input));
                        break;
                    }
                    Some(_) => return Err(ReadError::new("has bytes behind its end that are no gzip").into()),
                    None if zeros == 0 => return Ok(0),
                    None => input.consume(zeros),
                }
            }
        }
        Ok(0)
    }
}
