//! Deltas: rebuilding an object from its base, and knowing which bytes are new.
//!
//! A delta copies ranges of its base and inserts bytes of its own. What is copied was looked at when the base was,
//! so a search whose matches have a bounded length need look only at the inserted bytes and at the seams.

use super::fault::Fault;
use std::ops::Range;

/// Windows closer than this are looked at as one.
const WINDOW_SLACK: usize = 64;

/// Rebuilds an object into `out`. `fresh` receives the ranges of `out` that the base does not hold in one piece:
/// inserted bytes, and an empty range for each seam between two copies; ascending.
pub(super) fn apply(
    base: &[u8],
    delta: &[u8],
    limit: u64,
    out: &mut Vec<u8>,
    fresh: &mut Vec<Range<usize>>,
) -> Result<(), Fault> {
    let mut rest = delta;
    out.clear();
    fresh.clear();
    if size(&mut rest)? != base.len() as u64 {
        return Err(Fault::Delta("it was made for a base of another size"));
    }
    let promised = size(&mut rest)?;
    if promised > limit {
        return Err(Fault::TooBig { size: promised, most: limit });
    }
    let promised = usize::try_from(promised).map_err(|_| Fault::Memory)?;
    out.try_reserve(promised).map_err(|_| Fault::Memory)?;
    let mut copied_to = 0;
    while let Some((&command, tail)) = rest.split_first() {
        rest = tail;
        let at = out.len();
        if command & 0x80 != 0 {
            let from = number(&mut rest, command, 4)?;
            let length = match number(&mut rest, command >> 4, 3)? {
                0 => 0x10000,
                length => length,
            };
            let piece = base.get(from..from + length).ok_or(Fault::Delta("it copies beyond its base"))?;
            fits(at, length, promised)?;
            out.extend_from_slice(piece);
            if from != copied_to || at == 0 {
                note(fresh, at..at);
            }
            copied_to = from + length;
        } else {
            let length = usize::from(command);
            let (piece, tail) = rest.split_at_checked(length).ok_or(Fault::Delta("it ends early"))?;
            if length == 0 {
                return Err(Fault::Delta("it holds an unknown instruction"));
            }
            fits(at, length, promised)?;
            rest = tail;
            out.extend_from_slice(piece);
            note(fresh, at..at + length);
            copied_to = usize::MAX;
        }
    }
    if out.len() != promised {
        return Err(Fault::Delta("it makes less than it promises"));
    }
    Ok(())
}

/// The size of what a delta makes, from its first bytes.
pub(super) fn size_made(mut start: &[u8]) -> Result<u64, Fault> {
    size(&mut start)?;
    size(&mut start)
}

/// Whether `hint` says yes to any part of `data` that is new, or that joins what was apart, where a match is at
/// most `reach` bytes long.
pub(super) fn any_window(
    data: &[u8],
    fresh: &[Range<usize>],
    reach: usize,
    hint: &(dyn Fn(&[u8]) -> bool + Sync),
) -> bool {
    let grow = reach.saturating_sub(1);
    let mut window = 0..0;
    for range in fresh {
        let start = range.start.saturating_sub(grow);
        let end = range.end.saturating_add(grow).min(data.len());
        if start <= window.end + WINDOW_SLACK {
            window.end = end;
        } else {
            if !window.is_empty() && hint(&data[window]) {
                return true;
            }
            window = start..end;
        }
    }
    !window.is_empty() && hint(&data[window])
}

/// Adds a range behind the others, joined to the last one when they touch.
fn note(fresh: &mut Vec<Range<usize>>, range: Range<usize>) {
    match fresh.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => fresh.push(range),
    }
}

/// Refuses a piece that would make the object longer than it promised to be.
fn fits(at: usize, length: usize, promised: usize) -> Result<(), Fault> {
    if promised - at < length { Err(Fault::Delta("it makes more than it promises")) } else { Ok(()) }
}

/// A size as deltas write it: seven bits a byte, lowest first.
fn size(rest: &mut &[u8]) -> Result<u64, Fault> {
    let mut size = 0u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or(Fault::Delta("it ends early"))?;
        *rest = tail;
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(size);
        }
    }
    Err(Fault::Delta("a size in it has too many digits"))
}

/// The bytes of a copy instruction that `present` says are there, lowest first.
fn number(rest: &mut &[u8], present: u8, bytes: u32) -> Result<usize, Fault> {
    let mut number = 0;
    for index in 0..bytes {
        if present & (1 << index) != 0 {
            let (&byte, tail) = rest.split_first().ok_or(Fault::Delta("it ends early"))?;
            *rest = tail;
            number |= usize::from(byte) << (8 * index);
        }
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rebuild(base: &[u8], delta: &[u8]) -> Result<(Vec<u8>, Vec<Range<usize>>), Fault> {
        let (mut out, mut fresh) = (Vec::new(), Vec::new());
        apply(base, delta, 1 << 20, &mut out, &mut fresh).map(|()| (out, fresh))
    }

    #[test]
    fn a_delta_names_what_is_new() {
        // Copy 0..2, insert "XY", copy 2..4, copy 0..2.
        let delta = [4, 8, 0x90, 2, 2, b'X', b'Y', 0x91, 2, 2, 0x90, 2];
        let (out, fresh) = rebuild(b"abcd", &delta).unwrap();
        assert_eq!(out, b"abXYcdab");
        assert_eq!(fresh, [0..0, 2..4, 6..6]);
    }

    #[test]
    fn a_match_across_a_seam_is_seen() {
        let delta = [4, 4, 0x91, 2, 2, 0x90, 2];
        let (out, fresh) = rebuild(b"abcd", &delta).unwrap();
        assert_eq!(out, b"cdab");
        let has = |needle: &'static [u8]| move |data: &[u8]| memchr::memmem::find(data, needle).is_some();
        assert!(any_window(&out, &fresh, 2, &has(b"da")));
        assert!(!any_window(&out, &fresh, 2, &has(b"zz")));
    }

    #[test]
    fn garbage_is_refused() {
        for delta in [
            &[][..],
            &[5, 1, 1, b'x'],
            &[4, 1, 0],
            &[4, 1, 2, b'x', b'y'],
            &[4, 9, 1, b'x'],
            &[4, 9, 0x91, 3, 9],
            &[4, 1, 0x80],
            &[4, 0x80],
            &[0xff; 12],
        ] {
            assert!(rebuild(b"abcd", delta).is_err(), "{delta:?}");
        }
        let huge = [4, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert!(matches!(rebuild(b"abcd", &huge), Err(Fault::TooBig { .. })));
    }
}
