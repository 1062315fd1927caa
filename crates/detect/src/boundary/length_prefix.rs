//! Where a binary itself says that a string ends: the bytes before it state its length.
//!
//! No format is known here. A number before a string counts in one of the ways that serialisers have: in one byte, with
//! seven bits a byte, in two, three, four or eight bytes of either order, in decimal digits and a colon; with the NUL at
//! the end or without, twice the length where numbers have a sign. What says the length of a line, a header or an address
//! says where a value at its end ends.

use std::ops::Range;

/// How far back a string starts that holds a value, in bytes.
const REACH: usize = 512;
/// How far before a value a frame may state its size, in bytes.
const FRAME_REACH: usize = 96;
/// A longer string is none that holds a value.
const MAX_STRING_BYTES: usize = 1 << 16;

/// A length that is stated.
#[derive(Clone, Debug, PartialEq)]
pub struct LengthPrefix {
    pub field: Range<usize>,
    /// Where what it is the length of ends.
    pub end: usize,
    /// How much it says against chance, in bits.
    pub bits: f64,
}

/// The lengths that may be stated of a string that holds the value at `start`, and ends no sooner than `least`; of frames, which
/// say little, those that end no later than `most`.
pub fn lengths(text: &[u8], start: usize, least: usize, most: usize) -> Vec<LengthPrefix> {
    let floor = start.saturating_sub(REACH);
    let back = |is: fn(u8) -> bool| start - text[floor..start].iter().rev().take_while(|&&b| is(b)).count();
    let line = back(|b| matches!(b, b' '..=b'~'));
    let lines = back(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r'));
    // A byte that can be read may be the length of what follows it.
    let mut starts = vec![start, line, line + 1, lines, lines + 1];
    starts.retain(|&at| at <= start);
    starts.sort_unstable();
    starts.dedup();
    let mut found: Vec<LengthPrefix> =
        starts.into_iter().flat_map(|at| before(text, at, at == start)).collect();
    found.retain(|stated| (least..=text.len()).contains(&stated.end));
    frames(text, start, &(least..most.min(text.len()) + 1), &mut found);
    found
}

/// The lengths that may be stated right before the string at `at`. `is_value`: the value itself starts there, to which no
/// letter belongs that stands before it.
fn before(text: &[u8], at: usize, is_value: bool) -> Vec<LengthPrefix> {
    let mut found = Vec::new();
    let mut add = |width: usize, length: usize, bits: f64| {
        let end = at + length.min(MAX_STRING_BYTES);
        if (1..MAX_STRING_BYTES).contains(&length) && end <= text.len() {
            found.push(LengthPrefix { field: at - width..at, end, bits });
            // The NUL at its end counts.
            if text[end - 1] == 0 {
                found.push(LengthPrefix { field: at - width..at, end: end - 1, bits });
            }
        }
    };
    let byte = |back: usize| at.checked_sub(back).map(|i| text[i]);
    let is_printable = |b: Option<u8>| b.is_some_and(|b| matches!(b, b' '..=b'~'));
    // A letter may be the first one of the string itself, which is a longer one than the value.
    let is_letter = !is_value && is_printable(byte(1));
    if let Some(last) = byte(1) {
        let bits = match is_printable(byte(2)) {
            _ if is_letter => 2.0,
            false => 6.5,
            // It assigns, opens or parts.
            true if last.is_ascii_punctuation() => 1.5,
            true => 4.0,
        };
        let number = usize::from(last);
        add(1, number, bits);
        match (last, byte(2)) {
            // One byte that says so in its first bit.
            (0x80.., _) => add(1, number & 0x7f, bits - 0.5),
            // Twice the length: the last bit is the sign.
            (_, Some(0x80..)) => {}
            _ if number.is_multiple_of(2) => add(1, number / 2, bits - 2.0),
            _ => {}
        }
        // Numbers up to four stand for other things.
        if byte(2) == Some(b'"') {
            add(1, number.saturating_sub(5), bits);
        }
        if let Some(first) = byte(2) {
            let first = usize::from(first);
            let seven = first & 0x7f | number << 7;
            match (first, number) {
                (0x80.., 1..=0x7f) => {
                    add(2, seven, 12.0);
                    if seven.is_multiple_of(2) {
                        add(2, seven / 2, 10.0);
                    }
                }
                (0x40..=0x7f, _) => add(2, (first & 0x3f) << 8 | number, 7.0),
                _ => {}
            }
        }
    }
    for width in [2, 3, 4, 8] {
        let Some(field) = at.checked_sub(width).map(|from| &text[from..at]) else { break };
        for number in numbers(field).into_iter().flatten() {
            let bits = match (width, number) {
                (_, 0x100..) => 12.0,
                _ if is_letter => 4.0,
                // The end of a string may stand there instead.
                (..4, _) => 7.0,
                _ => 12.0,
            };
            add(width, number, bits);
        }
    }
    if let Some((digits, number)) = decimal(&text[..at]) {
        add(digits + 1, number, 12.0);
    }
    found
}

/// The numbers that a field is in either order of its bytes, as far as strings are so long.
fn numbers(field: &[u8]) -> [Option<usize>; 2] {
    let mut bytes = [0; 8];
    bytes[..field.len()].copy_from_slice(field);
    let little = u64::from_le_bytes(bytes);
    let big = u64::from_be_bytes(bytes) >> (64 - 8 * field.len());
    [big, little].map(|number| usize::try_from(number).ok().filter(|n| (1..MAX_STRING_BYTES).contains(n)))
}

/// `69:`, with how many digits it has.
fn decimal(text: &[u8]) -> Option<(usize, usize)> {
    let text = text.strip_suffix(b":")?;
    let digits = text.iter().rev().take(5).take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(&text[text.len() - digits..]).ok()?;
    (digits < 5 && !number.starts_with('0')).then(|| number.parse().ok()).flatten().map(|n| (digits, n))
}

/// The ends of frames that hold the value: a number in four bytes somewhere before it counts from itself or from behind
/// itself.
fn frames(text: &[u8], start: usize, ends: &Range<usize>, found: &mut Vec<LengthPrefix>) {
    for at in start.saturating_sub(FRAME_REACH)..start.saturating_sub(3) {
        let field = at..at + 4;
        for size in numbers(&text[field.clone()]).into_iter().flatten() {
            for end in [field.start + size, field.end + size] {
                let mut add = |end: usize| {
                    if ends.contains(&end) {
                        found.push(LengthPrefix { field: field.clone(), end, bits: 3.0 });
                    }
                };
                add(end);
                if end > start && end <= text.len() && text[end - 1] == 0 {
                    add(end - 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends that are stated of 69 bytes behind `head`, which some other bytes follow.
    fn ends(head: &[u8], start: usize, tail: &[u8]) -> Vec<usize> {
        let text = [head, &[b'x'; 69], tail].concat();
        let at = head.len();
        lengths(&text, at + start, at + 60, text.len()).into_iter().map(|stated| stated.end - at).collect()
    }

    #[test]
    fn every_way_to_state_a_length_is_read() {
        for (head, tail) in [
            (&b"\xd9E"[..], &b"\xc0"[..]),
            (b"xE", b"\x03"),
            (b"\"e", b"\""),
            (b"\x0c\x45", b"c"),
            (b"\x44\x87\xc5", b"g\xc8"),
            (b"\x01\x00E", b"\x01"),
            (b"E\0", b""),
            (b"X\x45\0\0\0", b"\x94"),
            (b"\0\0\0E", b"\x81"),
            (b"E\0\0\0\0\0\0\0", b"x"),
            (b"\x02k\0\x46\0\0\0", b"\0"),
            (b"\x8a\x01", b"\x0c"),
            (b"I\"J", b"\x06:"),
            (b"3:key69:", b"3:"),
        ] {
            let stated = ends(head, 0, tail);
            // Of a value of 69 bytes V8's 101 is that of another one.
            assert!(stated.contains(&69) || head == b"\"e", "{head:?}: {stated:?}");
        }
        assert!(ends(b"\"e", 0, &[b'x'; 32]).contains(&101));
    }

    #[test]
    fn the_length_of_a_longer_string_says_where_it_ends() {
        assert!(ends(b"\0\0\0RKREA_API_KEY=", 0, b"5\x81").contains(&69));
        assert!(ends(b"\x12RKREA_API_KEY=", 0, b"5\x81").contains(&69));
        // Of a frame, which counts itself.
        assert!(ends(b"\0\0\0\x55data\0\0\0\x01\0\0\0\0", 0, b"more").contains(&69));
    }

    #[test]
    fn letters_far_before_a_value_are_no_lengths() {
        assert_eq!(ends(b"some words here, sixty-nine: ", 0, b"x"), Vec::<usize>::new());
    }
}
