//! Where the variable is used that a value is assigned to: `fal.config({ credentials: key })` says whose `key` is. Takes a text,
//! a name and where it is defined; gives the places of its uses, nearest first.

use memchr::memmem;
use std::ops::Range;

/// How far from its definition a use may stand, in bytes.
const REACH: usize = 4096;
/// How many uses are looked at.
const MAX_USES: usize = 6;

/// The uses of a variable, nearest first. Another definition of the name is no use.
pub fn of(text: &[u8], name: &str, defined: usize) -> Vec<Range<usize>> {
    let zone = defined.saturating_sub(REACH)..(defined + REACH).min(text.len());
    let found =
        memmem::find_iter(&text[zone.clone()], name).map(|at| zone.start + at..zone.start + at + name.len());
    let mut uses: Vec<Range<usize>> = found
        .filter(|found| !(defined..defined + name.len() + 4).contains(&found.start))
        .filter(|found| is_word(text, found) && !is_defined(text, found) && !is_key(text, found))
        .collect();
    uses.sort_by_key(|found| found.start.abs_diff(defined));
    uses.truncate(MAX_USES);
    uses
}

fn is_word(text: &[u8], found: &Range<usize>) -> bool {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    !text[..found.start].last().is_some_and(is_part) && !text.get(found.end).is_some_and(is_part)
}

/// `name = …`, `name := …`, and not `name == …`.
fn is_defined(text: &[u8], found: &Range<usize>) -> bool {
    let rest = text[found.end..].trim_ascii_start();
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    rest.starts_with(b"=") && !rest.starts_with(b"==") && !rest.starts_with(b"=>")
}

/// `name: …` of an object, and `.name`.
fn is_key(text: &[u8], found: &Range<usize>) -> bool {
    let rest = text[found.end..].strip_prefix(b"\"").unwrap_or(&text[found.end..]);
    let is_key = rest.trim_ascii_start().starts_with(b":") && !text[..found.start].ends_with(b"$");
    is_key || text[..found.start].ends_with(b".")
}
