//! WebAssembly: the strings in a module's data, its imports, its custom sections, and the modules in a component.
//!
//! A module's data is one memory image, in which compilers lay strings end to end; [`strings`] finds where each ends.
//! The section before it, the code, is read one function at a time for that.

mod strings;
#[cfg(test)]
mod tests;
mod text;

use super::segments::SegmentReader;
use super::{Seekable, Walk};
use krea_scan_bounds::limits::Metered;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use strings::{DataSegment, DataStrings};
use text::DataText;
use wasmparser::{BinaryReader, DataKind, DataSectionReader, ImportSectionReader, Operator};

/// Sections that are looked into are held in memory up to this size, in bytes.
const MAX_SECTION_BYTES: u64 = 32 << 20;
/// What is known of strings takes less than this, in bytes.
const MAX_STRINGS: u64 = 40 << 20;
/// Functions that are larger than this, in bytes, are passed over. Engines allow half of it.
const MAX_FUNCTION: u64 = 16 << 20;
/// Engines allow so many data segments.
const MAX_SEGMENTS: usize = 100_000;
/// The ids of the sections that are read.
const CUSTOM: u8 = 0;
const IMPORTS: u8 = 2;
const CODE: u8 = 10;
const DATA: u8 = 11;
/// In a component: a module, and another component.
const MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// What is read, from any place.
type WasmInput<'i> = BufReader<&'i mut dyn Seekable>;

/// Reads a module or a component.
pub fn read_wasm(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let size = input.seek(SeekFrom::End(0))?;
    input.rewind()?;
    let mut input = BufReader::new(input);
    let mut head = [0; 8];
    input.read_exact(&mut head)?;
    let is_component = head[6] == 1;
    let (mut code, mut inner, mut at) = (None, 0, head.len() as u64);
    while at < size {
        walk.budget.spend(0)?;
        let mut id = [0];
        input.read_exact(&mut id)?;
        let length = u64::from(leb(&mut input)?);
        let start = input.stream_position()?;
        let section = start..(start + length).min(size);
        match (is_component, id[0]) {
            (_, CUSTOM) => custom(walk, &mut input, &section)?,
            (true, MODULE | COMPONENT) => {
                let name = format!("{} {inner}", if id[0] == MODULE { "module" } else { "component" });
                inner += 1;
                member(walk, &name, &mut (&mut input).take(section.end - section.start))?;
            }
            (false, IMPORTS) => imports(walk, &mut input, &section)?,
            (false, CODE) => code = Some(section.clone()),
            (false, DATA) => data(walk, &mut input, code.clone(), &section)?,
            _ => {}
        }
        if start + length > size {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "its last section goes beyond its end"));
        }
        at = section.end;
        seek(&mut input, at)?;
    }
    Ok(())
}

fn member(walk: &mut Walk<'_>, name: &str, input: &mut dyn Read) -> io::Result<()> {
    let mut metered = Metered::new(walk.budget, input);
    walk.member(Layer::named(LayerKind::Wasm, name), name, &mut metered)
}

/// Hands on a custom section as it is.
fn custom(walk: &mut Walk<'_>, input: &mut WasmInput<'_>, section: &Range<u64>) -> io::Result<()> {
    let length = u64::from(leb(input)?);
    let start = input.stream_position()?;
    if start + length > section.end {
        return Err(damaged("a section's name goes beyond the section"));
    }
    let mut name = Vec::new();
    input.take(length).read_to_end(&mut name)?;
    let name = format!("custom section {}", String::from_utf8_lossy(&name));
    member(walk, &name, &mut input.take(section.end - start - length))
}

/// Hands on what a module imports, a name a line: some compilers pass string constants that way.
fn imports(walk: &mut Walk<'_>, input: &mut WasmInput<'_>, section: &Range<u64>) -> io::Result<()> {
    let memory = walk.memory;
    let _held = memory.take(2 * (section.end - section.start).min(MAX_SECTION_BYTES))?;
    let Some(bytes) = held(walk, input, section, "imports")? else { return Ok(()) };
    let (mut names, mut module) = (String::new(), "");
    let reader = ImportSectionReader::new(BinaryReader::new(&bytes, 0)).map_err(damaged)?;
    let mut broken = None;
    for import in reader.into_imports() {
        match import {
            Ok(import) => {
                if import.module != module {
                    module = import.module;
                    names.extend([module, "\n"]);
                }
                names.extend([import.name, "\n"]);
            }
            Err(error) => {
                broken = Some(damaged(error));
                break;
            }
        }
    }
    member(walk, "imports", &mut names.as_bytes())?;
    broken.map_or(Ok(()), Err)
}

/// Hands on the strings of the data segments.
fn data(
    walk: &mut Walk<'_>,
    input: &mut WasmInput<'_>,
    code: Option<Range<u64>>,
    section: &Range<u64>,
) -> io::Result<()> {
    let (length, code_length) =
        (section.end - section.start, code.as_ref().map_or(0, |code| code.end - code.start));
    // The section, what is known of each byte, its longest line, and the strings.
    let (memory, strings) = (walk.memory, (length + code_length).min(MAX_STRINGS));
    let _held = memory.take(3 * length.min(MAX_SECTION_BYTES) + strings)?;
    let Some(bytes) = held(walk, input, section, "data segments")? else { return Ok(()) };
    let reader = DataSectionReader::new(BinaryReader::new(&bytes, 0)).map_err(damaged)?;
    if reader.count() as usize > MAX_SEGMENTS {
        walk.unread(&format!("has {} data segments; the first {MAX_SEGMENTS} are read", reader.count()));
    }
    let (mut segments, mut broken) = (Vec::new(), None);
    for segment in reader.into_iter().take(MAX_SEGMENTS) {
        match segment {
            Ok(segment) => {
                let end = segment.range.end as usize;
                let base = match segment.kind {
                    DataKind::Active { offset_expr, .. } => Some(base(offset_expr.get_operators_reader())),
                    DataKind::Passive => None,
                };
                segments.push(DataSegment { place: end - segment.data.len()..end, base });
            }
            Err(error) => {
                broken = Some(damaged(error));
                break;
            }
        }
    }
    if let Some(code) = &code
        && segments.iter().any(|segment| segment.base.is_none())
    {
        functions(walk, input, code, |body| strings::place_segments(body, &mut segments))?;
    }
    let mut found = DataStrings::new(&bytes, &segments);
    found.read_data();
    if let Some(code) = &code
        && functions(walk, input, code, |body| found.read_code(body))? > 0
    {
        walk.unread("some of its functions cannot be read; strings in its data may run into each other");
    }
    let name = if segments.len() == 1 { "data segment 0".to_owned() } else { "data segments".to_owned() };
    member(walk, &name, &mut SegmentReader::new(DataText::new(&segments, found.settle())))?;
    broken.map_or(Ok(()), Err)
}

/// A section's bytes; says that they are not read when they are too many.
fn held(
    walk: &mut Walk<'_>,
    input: &mut WasmInput<'_>,
    section: &Range<u64>,
    what: &str,
) -> io::Result<Option<Vec<u8>>> {
    let length = section.end - section.start;
    if length > MAX_SECTION_BYTES {
        walk.unread(&format!(
            "has {length} bytes of {what}; in at most {MAX_SECTION_BYTES} are strings told apart"
        ));
        return Ok(None);
    }
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Where in the memory a segment goes: the constants in its expression. What a global adds is not known, and the code
/// that is placed with the segment adds it to its constants as well.
fn base(expression: wasmparser::OperatorsReader<'_>) -> u64 {
    let constant = |operator| match operator {
        Ok(Operator::I32Const { value }) => u64::from(value as u32),
        Ok(Operator::I64Const { value }) => value as u64,
        _ => 0,
    };
    expression.into_iter().map(constant).fold(0, u64::wrapping_add)
}

/// Reads the functions of a code section one after the other. Gives the number of those that could not be.
fn functions(
    walk: &mut Walk<'_>,
    input: &mut WasmInput<'_>,
    code: &Range<u64>,
    mut each: impl FnMut(&[u8]) -> wasmparser::Result<()>,
) -> io::Result<usize> {
    seek(input, code.start)?;
    let (count, mut at, mut failed) = (leb(input)?, input.stream_position()?, 0);
    let mut body = Vec::new();
    for _ in 0..count {
        walk.budget.spend(0)?;
        let length = u64::from(leb(input)?);
        let start = input.stream_position()?;
        at = at.max(start) + length;
        if at > code.end {
            return Ok(failed + 1);
        }
        if length > MAX_FUNCTION {
            failed += 1;
        } else {
            body.clear();
            input.take(length).read_to_end(&mut body)?;
            failed += usize::from(each(&body).is_err());
        }
        seek(input, at)?;
    }
    Ok(failed)
}

/// Goes to a place; what is in the buffer stays of use.
fn seek(input: &mut WasmInput<'_>, to: u64) -> io::Result<()> {
    let from = input.stream_position()?;
    input.seek_relative(to.wrapping_sub(from).cast_signed())
}

/// An unsigned number of at most 32 bits.
fn leb(input: &mut impl Read) -> io::Result<u32> {
    let mut value = 0u64;
    for shift in (0..35).step_by(7) {
        let mut byte = [0];
        input.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return u32::try_from(value).map_err(damaged);
        }
    }
    Err(damaged("a number is too long"))
}

fn damaged(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
