//! Where strings start and end in a module's data.
//!
//! C ends a string with a NUL. Rust, Go, Zig and Swift do not: they keep its length beside its address, and linkers lay
//! strings end to end. So the addresses that the code and the data hold say where strings start, and an address with a
//! number near it may be a string and its length. It is one when its end is a place where something else starts or no
//! text is. Other numbers look like addresses now and then; such a one cuts nothing outside of a text that is known to
//! hold several strings, nor inside a string.
//!
//! Linkers sort strings, by length or by content. What the code uses one after the other belongs together, so its order
//! is kept as well.

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

/// Strings whose use is kept in mind.
const MAX_USES: usize = 1 << 20;
/// So many words of a table are looked at for the strings that it names.
const TABLE: usize = 8;

/// Numbers below this are used for so much else that one says little as an address.
const LOW: u64 = 64 << 10;

/// Something starts here.
const START: u8 = 1;
/// A string starts or ends here.
const EDGE: u8 = 2;
/// Something may start here, by a low address.
const MAYBE: u8 = 4;
/// There is a possible string that starts here.
const FIRST: u8 = 8;

#[derive(Clone, Debug)]
pub struct DataSegment {
    /// Where its bytes are in the section.
    pub place: Range<usize>,
    /// Where in the memory they go, where that is known.
    pub base: Option<u64>,
}

/// Finds the places of segments that a function copies into the memory, as modules for threads do at their start.
pub fn place_segments(body: &[u8], segments: &mut [DataSegment]) -> wasmparser::Result<()> {
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

/// Where a string starts and ends.
type Pair = (u32, u32);

/// What is known of the strings in a data section, which has less than 4 GB.
pub struct DataStrings<'d> {
    data: &'d [u8],
    segments: &'d [DataSegment],
    /// Where segments go, and which, in the order of the memory.
    placed: Vec<(u64, usize)>,
    unplaced: Vec<usize>,
    /// What each byte of the section is.
    marks: Vec<u8>,
    /// Possible strings.
    pairs: Vec<Pair>,
    /// What the code uses, in its order.
    uses: Vec<u32>,
}

impl<'d> DataStrings<'d> {
    /// Nothing is known of them yet.
    pub fn new(data: &'d [u8], segments: &'d [DataSegment]) -> Self {
        let mut placed: Vec<(u64, usize)> =
            segments.iter().enumerate().filter_map(|(i, segment)| Some((segment.base?, i))).collect();
        placed.sort_unstable();
        let unplaced =
            (0..segments.len()).filter(|&i| segments[i].base.is_none()).take(MAX_UNPLACED).collect();
        // A run of UTF-16 may lack its last byte; its end is behind the section's then.
        let marks = vec![0; data.len() + 2];
        DataStrings { data, segments, placed, unplaced, marks, pairs: Vec::new(), uses: Vec::new() }
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
        let mark = if address < LOW { MAYBE } else { START };
        self.places(address).for_each(|(at, _)| self.marks[at] |= mark);
    }

    /// Notes that the code uses what is at an address, and what a table there names. What `starts` is one thing from
    /// there on, and not a part of something.
    fn used(&mut self, address: u64, starts: bool) {
        if starts {
            self.start(address);
        }
        for (at, end) in self.places(address) {
            if self.uses.len() < MAX_USES {
                self.uses.push(at as u32);
            }
            let named = DataWords { bytes: &self.data[..end], at };
            for address in (0..TABLE).filter_map(|n| named.peek(n)) {
                let used = self.places(address).map(|(at, _)| at as u32);
                self.uses.extend(used.take(MAX_USES.saturating_sub(self.uses.len())));
            }
        }
    }

    /// Notes that a string of `length` bytes, or of as many 16-bit units, may start at an address.
    fn pair(&mut self, address: u64, length: u64) {
        if length == 0 || length > MAX_STRING || self.pairs.len() >= MAX_PAIRS {
            return;
        }
        for (at, end) in self.places(address) {
            let bytes = if is_wide(&self.data[at..end]) { 2 * length as usize } else { length as usize };
            if bytes <= end - at {
                self.marks[at] |= FIRST;
                self.pairs.push((at as u32, (at + bytes) as u32));
            }
        }
    }

    /// Learns from the addresses that the data holds.
    pub fn read_data(&mut self) {
        for &(base, i) in &self.placed.clone() {
            let place = self.segments[i].place.clone();
            let bytes = &self.data[place];
            let mut words = DataWords { bytes, at: (base.wrapping_neg() % 4) as usize };
            while let Some(address) = words.next() {
                let at = base + words.at as u64 - 4;
                if self.places(address).next().is_none() {
                    continue;
                }
                self.start(address);
                match (words.peek(0), words.peek(1), words.peek(2)) {
                    (Some(0), Some(length), Some(0)) if at.is_multiple_of(8) => self.pair(address, length),
                    (Some(length), ..) => self.pair(address, length),
                    _ => {}
                }
            }
        }
    }

    /// Learns from the constants in a function.
    pub fn read_code(&mut self, body: &[u8]) -> wasmparser::Result<()> {
        let operators = FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader()?;
        // The last constants, newest first, with the number of the instruction.
        let mut last: [Option<(usize, u64)>; 2] = [None; 2];
        let mut after_global = false;
        // How many possible strings were known before each of the last constants.
        let mut known = [self.pairs.len(); 3];
        for (i, operator) in operators.into_iter().enumerate() {
            let operator = operator?;
            if let Some((at, value)) = last[0]
                && at + 1 == i
            {
                let starts = after_global || !is_access(&operator);
                self.used(value, starts);
                if !starts {
                    last[0] = None;
                } else if value >> 32 != 0 {
                    // Two constants that are stored at once.
                    self.used(value & 0xffff_ffff, true);
                    self.pair(value & 0xffff_ffff, value >> 32);
                }
            }
            if matches!(operator, Operator::MemoryInit { .. }) {
                // The length of a segment is not that of a string.
                self.pairs.truncate(known[0]);
                last = [None; 2];
            }
            let Some(value) = constant(&operator) else {
                after_global = matches!(operator, Operator::GlobalGet { .. });
                continue;
            };
            known = [known[1], known[2], self.pairs.len()];
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

    /// What is a string.
    pub fn settle(self) -> Settled<'d> {
        let DataStrings { data, segments, mut marks, mut pairs, uses, .. } = self;
        segments.iter().for_each(|segment| marks[segment.place.end] |= START);
        pairs.retain(|&(_, end)| {
            let next = marks[end as usize];
            next & START != 0 || !is_text(data[end as usize]) || (next & MAYBE != 0 && next & FIRST != 0)
        });
        pairs.sort_unstable();
        pairs.dedup();
        // A start inside a string is none.
        let mut inside = 0;
        for &(start, end) in &pairs {
            let (start, end) = (start as usize, end as usize);
            marks[start] |= EDGE;
            marks[end] |= EDGE;
            let from = inside.max(start + 1);
            inside = inside.max(end);
            marks[from.min(inside)..inside].iter_mut().for_each(|mark| *mark &= !START);
        }
        marks.iter_mut().for_each(|mark| *mark &= START | EDGE);
        Settled { data, marks, strings: pairs, uses }
    }
}

/// Where strings start and end.
pub struct Settled<'d> {
    /// The section.
    pub data: &'d [u8],
    /// What each byte of it is, and two behind it. The bits of [`FREE`] are anybody's.
    pub marks: Vec<u8>,
    strings: Vec<Pair>,
    /// The places that the code uses, in its order.
    pub uses: Vec<u32>,
}

/// Bits of a mark that say nothing of strings.
pub const FREE: u8 = !(START | EDGE);

impl Settled<'_> {
    /// Where a text in the section is to be cut, when it is cut anywhere.
    pub fn cuts(&self, text: Range<usize>) -> Vec<usize> {
        let start = text.start as u32;
        let first = self.strings.partition_point(|string| string.0 < start);
        let mut from_here = self.strings[first..].iter().take_while(|string| string.0 == start);
        // With or without C's NUL.
        let is_one = from_here
            .any(|string| string.1 as usize == text.end || string.1 as usize == text.end + 1)
            || self.has_its_length_before(&text);
        let inner = text.start + 1..text.end;
        if is_one || !self.marks[inner.clone()].iter().any(|mark| mark & EDGE != 0) {
            return Vec::new();
        }
        inner.filter(|&at| self.marks[at] & (START | EDGE) != 0).collect()
    }

    /// Whether the length of a text stands before it, in bytes, as in AssemblyScript's objects.
    fn has_its_length_before(&self, text: &Range<usize>) -> bool {
        let before = text.start.checked_sub(4).and_then(|from| self.data[from..text.start].try_into().ok());
        before.is_some_and(|bytes| u32::from_le_bytes(bytes) as usize == text.len())
    }
}

/// The 32-bit words of some bytes.
struct DataWords<'d> {
    bytes: &'d [u8],
    at: usize,
}

impl DataWords<'_> {
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

/// Whether an instruction that comes behind an address reads a part of what is there. What a global adds to is a whole.
fn is_access(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::I32Add
            | O::I64Add
            | O::I32Load { .. }
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
