//! Where strings start and end in a module's data.
//!
//! C ends a string with a NUL. Rust, Go, Zig and Swift do not: they keep its length beside its address, and linkers lay
//! strings end to end. So the addresses that the code and the data hold say where strings start, and an address with a
//! number near it may be a string and its length. It is one when its end is a place where something else starts or no
//! text is. Other numbers look like addresses now and then; such a one cuts nothing outside of a text that is known to
//! hold several strings, nor inside a string.

use std::ops::Range;
use wasmparser::{BinaryReader, FunctionBody, Operator};

/// A longer text than this, in bytes, is no string that has neighbours.
const MAX_STRING: u64 = 64 << 10;
/// Possible strings that are kept in mind.
const MAX_PAIRS: usize = 1 << 20;
/// An address and its length are at most so many instructions apart.
const REACH: usize = 6;
/// Segments whose place in the memory is not known that are looked at for an address.
const MAX_UNPLACED: usize = 4;

/// Something starts here.
const START: u8 = 1;
/// A string starts or ends here.
const EDGE: u8 = 2;

/// A data segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Where its bytes are in the section.
    pub place: Range<usize>,
    /// Where in the memory they go, where that is known.
    pub base: Option<u64>,
}

/// Finds the places of segments that a function copies into the memory, as modules for threads do at their start.
pub fn place_segments(body: &[u8], segments: &mut [Segment]) -> wasmparser::Result<()> {
    let mut constants = [None; 3];
    for operator in FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader()? {
        let operator = operator?;
        if let (Operator::MemoryInit { data_index, .. }, [Some(to), Some(0), Some(_)]) =
            (&operator, constants)
            && let Some(segment) = segments.get_mut(*data_index as usize)
        {
            segment.base.get_or_insert(to);
        }
        constants = [constants[1], constants[2], constant(&operator)];
    }
    Ok(())
}

fn constant(operator: &Operator<'_>) -> Option<u64> {
    match operator {
        Operator::I32Const { value } => Some(u64::from(*value as u32)),
        Operator::I64Const { value } => Some(*value as u64),
        _ => None,
    }
}

/// What is known of the strings in a data section.
pub struct Strings<'d> {
    data: &'d [u8],
    segments: &'d [Segment],
    /// Where segments go, and which, in the order of the memory.
    placed: Vec<(u64, usize)>,
    unplaced: Vec<usize>,
    /// What each byte of the section is.
    marks: Vec<u8>,
    /// Possible strings.
    pairs: Vec<Range<usize>>,
}

impl<'d> Strings<'d> {
    /// Nothing is known of them yet.
    pub fn new(data: &'d [u8], segments: &'d [Segment]) -> Self {
        let mut placed: Vec<(u64, usize)> =
            segments.iter().enumerate().filter_map(|(i, segment)| Some((segment.base?, i))).collect();
        placed.sort_unstable();
        let unplaced =
            (0..segments.len()).filter(|&i| segments[i].base.is_none()).take(MAX_UNPLACED).collect();
        Strings { data, segments, placed, unplaced, marks: vec![0; data.len() + 1], pairs: Vec::new() }
    }

    /// The places in the section that an address may mean, each with its segment's end.
    fn places(&self, address: u64) -> impl Iterator<Item = (usize, usize)> + use<'d> {
        let last = self.placed.partition_point(|(base, _)| *base <= address).checked_sub(1);
        let placed = last.map(|last| self.placed[last]);
        let unplaced: [Option<usize>; MAX_UNPLACED] = std::array::from_fn(|i| self.unplaced.get(i).copied());
        let segments = self.segments;
        placed.into_iter().chain(unplaced.into_iter().flatten().map(|i| (0, i))).filter_map(
            move |(base, i)| {
                let place = &segments[i].place;
                let at = usize::try_from(address - base).ok()?;
                (at < place.len()).then(|| (place.start + at, place.end))
            },
        )
    }

    /// Notes that something starts at an address.
    fn start(&mut self, address: u64) {
        self.places(address).for_each(|(at, _)| self.marks[at] |= START);
    }

    /// Notes that a string of `length` bytes, or of as many 16-bit units, may start at an address.
    fn pair(&mut self, address: u64, length: u64) {
        if length == 0 || length > MAX_STRING || self.pairs.len() >= MAX_PAIRS {
            return;
        }
        for (at, end) in self.places(address) {
            let bytes = if is_wide(&self.data[at..end]) { 2 * length as usize } else { length as usize };
            if bytes <= end - at {
                self.pairs.push(at..at + bytes);
            }
        }
    }

    /// Learns from the addresses that the data holds.
    pub fn read_data(&mut self) {
        for &(base, i) in &self.placed.clone() {
            let place = self.segments[i].place.clone();
            let bytes = &self.data[place];
            let mut words = Words { bytes, at: (base.wrapping_neg() % 4) as usize };
            while let Some(address) = words.next() {
                let at = base + words.at as u64 - 4;
                if self.places(address).next().is_none() {
                    continue;
                }
                self.start(address);
                match (words.peek(0), words.peek(1), words.peek(2)) {
                    (Some(0), Some(length), Some(0)) if at % 8 == 0 => self.pair(address, length),
                    (Some(length), ..) => self.pair(address, length),
                    _ => {}
                }
            }
        }
    }

    /// Learns from the constants in a function.
    pub fn read_code(&mut self, body: &[u8]) -> wasmparser::Result<()> {
        // The last constants, newest first, with the number of the instruction.
        let mut last: [Option<(usize, u64)>; 2] = [None; 2];
        for (i, operator) in
            FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader()?.into_iter().enumerate()
        {
            let operator = operator?;
            if let Some((at, value)) = last[0]
                && at + 1 == i
            {
                // What is loaded from is a part of something.
                if is_load(&operator) {
                    last[0] = None;
                } else {
                    self.start(value);
                    if value >> 32 != 0 {
                        // Two constants that are stored at once.
                        let (address, length) = (value & 0xffff_ffff, value >> 32);
                        self.start(address);
                        self.pair(address, length);
                    }
                }
            }
            let Some(value) = constant(&operator) else { continue };
            for (at, before) in last.into_iter().flatten() {
                if i - at <= REACH {
                    self.pair(before, value);
                    self.pair(value, before);
                }
            }
            last = [Some((i, value)), last[0]];
        }
        Ok(())
    }

    /// Where to cut the text.
    pub fn cuts(self) -> Cuts {
        let Strings { data, segments, mut marks, mut pairs, .. } = self;
        segments.iter().for_each(|segment| marks[segment.place.end] |= START);
        pairs.retain(|pair| marks[pair.end] & START != 0 || !is_text(data[pair.end]));
        for pair in &pairs {
            marks[pair.start] |= EDGE;
            marks[pair.end] |= EDGE;
        }
        pairs.sort_unstable_by_key(|pair| pair.start);
        // A start inside a string is none.
        let mut end = 0;
        for pair in &pairs {
            for mark in &mut marks[end.max(pair.start + 1)..pair.end.max(end.max(pair.start + 1))] {
                *mark &= !START;
            }
            end = end.max(pair.end);
        }
        Cuts { marks }
    }
}

/// Where strings start and end.
pub struct Cuts {
    marks: Vec<u8>,
}

impl Cuts {
    /// Whether a text in the section holds several strings.
    pub fn has_several(&self, text: Range<usize>) -> bool {
        self.marks[text].iter().skip(1).any(|mark| mark & EDGE != 0)
    }

    /// Whether a string starts or ends at a place.
    pub fn is_edge(&self, at: usize) -> bool {
        self.marks[at] != 0
    }
}

/// The 32-bit words of some bytes.
struct Words<'d> {
    bytes: &'d [u8],
    at: usize,
}

impl Words<'_> {
    /// The word that comes `n` words later.
    fn peek(&self, n: usize) -> Option<u64> {
        let at = self.at + 4 * n;
        Some(u64::from(u32::from_le_bytes(self.bytes.get(at..at + 4)?.try_into().ok()?)))
    }

    fn next(&mut self) -> Option<u64> {
        let word = self.peek(0)?;
        self.at += 4;
        Some(word)
    }
}

/// Whether a byte can be in a text.
pub fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..)
}

/// Whether some bytes start with four characters of UTF-16.
pub fn is_wide(bytes: &[u8]) -> bool {
    bytes.len() >= 8
        && bytes[..8].chunks_exact(2).all(|unit| unit[1] == 0 && unit[0] < 0x80 && is_text(unit[0]))
}

fn is_load(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::I32Load { .. }
            | O::I64Load { .. }
            | O::F32Load { .. }
            | O::F64Load { .. }
            | O::I32Load8S { .. }
            | O::I32Load8U { .. }
            | O::I32Load16S { .. }
            | O::I32Load16U { .. }
            | O::I64Load8S { .. }
            | O::I64Load8U { .. }
            | O::I64Load16S { .. }
            | O::I64Load16U { .. }
            | O::I64Load32S { .. }
            | O::I64Load32U { .. }
            | O::V128Load { .. }
    )
}
