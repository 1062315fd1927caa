//! The id half of a token as a picture's reader gave it: five groups of what looks like hex digits, with dashes between.
//!
//! Takes a place in a text, gives the UUID that stands there, repaired, and how it was read. What is a letter and no hex
//! digit is repaired surely; `B` and `8` are told apart only where the rest shows which case the id is written in.

use super::glyphs;
use super::reader::{NoiseGap, NoiseReader};

/// The digits of a UUID's groups.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
/// More space than this, in characters, or more line breaks lie not in one id.
const MAX_SPACES: usize = 10;
const MAX_LINE_BREAKS: usize = 4;
/// So many of the 32 digits have to be read as the digits that they are.
const LEAST_DIGITS: usize = 19;
/// Digits that a group may have too many, where one was read as two.
const MAX_EXTRA_DIGITS: usize = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    /// The UUID, in lower case, or in upper case where it was written so.
    pub repaired: String,
    /// What was read of the first group, which people look rows up by.
    pub read: String,
    pub end: usize,
    /// Whether it is read as it stands, without any doubt.
    pub is_clean: bool,
}

/// A digit as it was read, and what it stands for.
#[derive(Clone, Copy)]
struct Digit {
    read: char,
    digit: u8,
}

/// Reads a token's id half.
struct Ids<'t> {
    reader: NoiseReader<'t>,
    digits: Vec<Digit>,
    read: String,
    /// How much of it the first group is.
    first: usize,
    gaps: NoiseGap,
    is_clean: bool,
    /// Dashes that are not there.
    missing: usize,
}

/// The id half that starts at a place.
pub fn at(text: &[u8], start: usize) -> Option<Id> {
    let mut ids = Ids {
        reader: NoiseReader::new(text, start),
        digits: Vec::with_capacity(GROUPS.iter().sum::<usize>()),
        read: String::new(),
        first: 0,
        gaps: NoiseGap::default(),
        is_clean: true,
        missing: 0,
    };
    for (number, length) in GROUPS.into_iter().enumerate() {
        if number > 0 {
            ids.dash()?;
        }
        ids.group(length, number + 1 < GROUPS.len())?;
        if number == 0 {
            ids.first = ids.read.len();
        }
    }
    ids.finish()
}

impl Ids<'_> {
    /// Takes a gap, which is shown as one space, or as nothing where it is nothing.
    fn take(&mut self, gap: NoiseGap) -> Option<()> {
        self.gaps.add(gap);
        self.is_clean &= gap.is_empty();
        if gap.is_wide() {
            self.read.push(' ');
        }
        (self.gaps.spaces <= MAX_SPACES && self.gaps.lines <= MAX_LINE_BREAKS).then_some(())
    }

    /// Takes the next digit, or the two that a ligature stands for.
    fn digit(&mut self) -> Option<usize> {
        let read = self.reader.peek()?;
        let digits = glyphs::hex_digits(read);
        if digits.is_empty() {
            return None;
        }
        self.reader.next();
        self.read.push(read);
        self.digits.extend(digits.iter().map(|&digit| Digit { read, digit }));
        self.is_clean &= read.is_ascii_hexdigit();
        Some(digits.len())
    }

    /// Takes a group of so many digits. One that is too long is so because a digit was read twice, in two ways (`Ff`, `1l`).
    fn group(&mut self, length: usize, dash_follows: bool) -> Option<()> {
        let first = self.digits.len();
        let mut count = self.digit()?;
        while count < length {
            let gap = self.reader.gap();
            self.take(gap)?;
            count += self.digit()?;
        }
        let (before, digits, read) = (self.reader, self.digits.clone(), self.read.clone());
        while count < length + MAX_EXTRA_DIGITS && self.digit().is_some() {
            count += 1;
        }
        if count == length {
            return Some(());
        }
        let ends = |c: Option<char>| c.is_none_or(|c| glyphs::hex_digits(c).is_empty());
        if ends(self.reader.peek()) && self.without_twins(first, length) {
            self.is_clean = false;
            return Some(());
        }
        // No twins, but the next group behind a dash that is not there.
        (self.reader, self.digits, self.read) = (before, digits, read);
        dash_follows.then_some(())
    }

    /// Takes out digits that stand beside themselves in another form until so many are left.
    fn without_twins(&mut self, first: usize, length: usize) -> bool {
        let mut at = first + 1;
        while at < self.digits.len() && self.digits.len() > first + length {
            let (a, b) = (self.digits[at - 1], self.digits[at]);
            match a.digit == b.digit && a.read != b.read {
                true => drop(self.digits.remove(at)),
                false => at += 1,
            }
        }
        self.digits.len() == first + length
    }

    /// Takes the dash between two groups; one may be missing where all the others are there.
    fn dash(&mut self) -> Option<()> {
        let before = self.reader.gap();
        self.take(before)?;
        let mut dashes = 0;
        while let Some(c) = self.reader.peek().filter(|&c| glyphs::is_dash(c))
            && dashes < 2
        {
            self.reader.next();
            self.read.push(c);
            self.is_clean &= c == '-' && dashes == 0;
            dashes += 1;
        }
        if dashes == 0 {
            self.missing += 1;
            self.is_clean = false;
            return (self.missing < 2).then_some(());
        }
        let after = self.reader.gap();
        self.take(after)
    }

    fn finish(mut self) -> Option<Id> {
        let as_read = self.digits.iter().filter(|digit| digit.read.is_ascii_hexdigit()).count();
        if as_read < LEAST_DIGITS {
            return None;
        }
        let of_case =
            |upper: fn(&char) -> bool| self.digits.iter().filter(|digit| upper(&digit.read)).count();
        let lower = of_case(|c| matches!(c, 'a'..='f'));
        // `C` and `F` look like themselves in lower case and say nothing.
        let upper = of_case(|c| matches!(c, 'A' | 'B' | 'D' | 'E'));
        for digit in self.digits.iter_mut().filter(|_| lower > upper) {
            match digit.read {
                'B' => (digit.digit, self.is_clean) = (b'8', false),
                'D' => (digit.digit, self.is_clean) = (b'0', false),
                'C' | 'F' => self.is_clean = false,
                _ => {}
            }
        }
        let mut repaired = String::with_capacity(36);
        for (number, digit) in self.digits.iter().enumerate() {
            if matches!(number, 8 | 12 | 16 | 20) {
                repaired.push('-');
            }
            let digit = char::from(digit.digit);
            repaired.push(if lower == 0 && upper > 0 { digit.to_ascii_uppercase() } else { digit });
        }
        self.read.truncate(self.first);
        Some(Id { repaired, read: self.read, end: self.reader.at, is_clean: self.is_clean })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "4c123b16-12dd-2f2d-13b1-c17149d43953";

    fn repaired(text: &str) -> Option<String> {
        at(text.as_bytes(), 0).map(|id| id.repaired)
    }

    #[test]
    fn what_is_read_well_is_clean() {
        let id = at(UUID.as_bytes(), 0).expect("a UUID");
        assert_eq!((id.repaired.as_str(), id.read.as_str(), id.is_clean), (UUID, &UUID[..8], true));
        let upper = at(UUID.to_uppercase().as_bytes(), 0).expect("a UUID");
        assert_eq!((upper.repaired, upper.is_clean), (UUID.to_uppercase(), true));
    }

    #[test]
    fn noise_is_repaired() {
        for text in [
            "4cl23bI6-|2dd-2f2d-i3b1-c17l49d43953",
            "4c123b16 -12dd-2f2d- 13b1 - c17149d43953",
            "4c12 3b16-12dd-2f2d-13b1-c171 49d4 3953",
            "4c123b16–12dd—2f2d−13b1‐c17149d43953",
            "4c123b16-12dd-\n    2f2d-13b1-c17149d43953",
            "4c123b16-12dd-2f\u{ad}2d-13b1-c1\u{200b}7149d43953",
            "4c123b16-12dd-2F2d-13b1-C17149d43953",
            "4c123b16--12dd-2f2d-13b1-c17149d43953",
            "4c123b16 12dd-2f2d-13b1-c17149d43953",
            "4c123b1612dd-2f2d-13b1-c17149d43953",
            "4c123b16-12dd-2f2d-13b1-c171l49d43953",
            "4c123bl16-12dd-2fF2d-13b1-c17149d43953",
            "4c123b16-1 2dd-2f2d-13b1-c17149d43953",
        ] {
            let id = at(text.as_bytes(), 0).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(id.repaired, UUID, "{text}");
            assert!(!id.is_clean, "{text}");
        }
    }

    #[test]
    fn the_case_tells_b_from_8() {
        assert_eq!(
            repaired("4c123B16-12dd-2f2d-13b1-c17149d43953").as_deref(),
            Some(&*UUID.replacen('b', "8", 1))
        );
        let upper = UUID.to_uppercase();
        assert_eq!(repaired(&upper), Some(upper));
    }

    #[test]
    fn the_first_group_is_told_as_it_was_read() {
        for (text, read) in
            [("4cl2 3b16", "4cl2 3b16"), ("4cl2\n  | 3b16", "4cl2 3b16"), ("4cl123b16", "4cl123b16")]
        {
            let id = at(format!("{text}-12dd-2f2d-13b1-c17149d43953").as_bytes(), 0).expect("a UUID");
            assert_eq!((id.read.as_str(), id.repaired.as_str()), (read, UUID));
        }
    }

    #[test]
    fn other_shapes_are_none() {
        for text in [
            "4c123b16-12dd-2f2d-13b1-c17149d4395",
            "4c123b16 12dd 2f2d-13b1-c17149d43953",
            "2026-06-12-1200-123456789012",
            "SoilSoil-Soil-ball-goal-obligologies",
            "sha256-Oo0lI1zZ2sS5gGqQbB8",
        ] {
            assert_eq!(repaired(text), None, "{text}");
        }
    }
}
