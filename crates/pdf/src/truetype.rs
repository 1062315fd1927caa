//! Which letters the glyphs of a TrueType font stand for, from its own table, for documents that do not say
//! (OpenType, `cmap`).

use std::collections::HashMap;

/// No more letters are taken from a font.
const MAX_LETTERS: usize = 70_000;

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at + 2).map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])))
}

fn whole(bytes: &[u8], at: usize) -> Option<usize> {
    Some(half(bytes, at)? << 16 | half(bytes, at + 2)?)
}

/// The letter of each glyph.
pub fn letters(font: &[u8]) -> HashMap<u32, String> {
    let mut letters = HashMap::new();
    let mut add = |glyph: usize, letter: usize| {
        let letter = u32::try_from(letter).ok().and_then(char::from_u32);
        if let (true, Some(letter)) = (glyph > 0 && letters.len() < MAX_LETTERS, letter) {
            letters.entry(glyph as u32).or_insert_with(|| String::from(letter));
        }
    };
    let table = tables(font).unwrap_or_default();
    for subtable in subtables(table).unwrap_or_default() {
        let read = match half(subtable, 0) {
            Some(4) => segments(subtable, &mut add),
            Some(12) => groups(subtable, &mut add),
            _ => None,
        };
        // What was read before the table's end is as good.
        read.unwrap_or_default();
    }
    letters
}

/// The table of letters.
fn tables(font: &[u8]) -> Option<&[u8]> {
    let count = half(font, 4)?;
    let entry = (0..count).map(|i| 12 + 16 * i).find(|&at| font.get(at..at + 4) == Some(b"cmap"))?;
    font.get(whole(font, entry + 8)?..)
}

/// Those of its parts that hold Unicode.
fn subtables(table: &[u8]) -> Option<Vec<&[u8]>> {
    let entry = |at: usize| {
        let is_unicode = matches!((half(table, at)?, half(table, at + 2)?), (0, _) | (3, 1 | 10));
        table.get(whole(table, at + 4)?..).filter(|_| is_unicode)
    };
    Some((0..half(table, 2)?.min(32)).filter_map(|i| entry(4 + 8 * i)).collect())
}

fn segments(table: &[u8], add: &mut impl FnMut(usize, usize)) -> Option<()> {
    let count = half(table, 6)? / 2;
    let column = |column: usize, i: usize| 14 + (column * count + i) * 2 + if column > 0 { 2 } else { 0 };
    for i in 0..count {
        let (end, start) = (half(table, column(0, i))?, half(table, column(1, i))?);
        let (delta, offset) = (half(table, column(2, i))?, half(table, column(3, i))?);
        for letter in start..=end.min(0xfffe) {
            let glyph = match offset {
                0 => letter,
                _ => match half(table, column(3, i) + offset + (letter - start) * 2)? {
                    0 => continue,
                    glyph => glyph,
                },
            };
            add((glyph + delta) & 0xffff, letter);
        }
    }
    Some(())
}

fn groups(table: &[u8], add: &mut impl FnMut(usize, usize)) -> Option<()> {
    let mut left = MAX_LETTERS;
    for i in 0..whole(table, 12)? {
        let at = 16 + 12 * i;
        let (start, end, glyph) = (whole(table, at)?, whole(table, at + 4)?, whole(table, at + 8)?);
        let length = end.checked_sub(start)?.min(left);
        (0..=length).for_each(|step| add(glyph + step, start + step));
        left = left.checked_sub(length)?;
    }
    Some(())
}
