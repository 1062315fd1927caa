//! What could be a secret, judged by its shape alone: a run of letters and digits that nobody would type. It does not
//! matter whose it is.
//!
//! Takes a plain text, gives what is to be covered. Words, short numbers, dates and names stay, so that a line can still
//! be read. The test at the end holds both to account, with texts drawn at random and with the words of this project.

use super::TextKind;
use crate::randomness;
use std::ops::Range;

/// How much of an id that stands alone is shown, in characters.
const ID_PREFIX: usize = 8;
/// Shorter pieces say nothing by themselves.
const SHORT: usize = 8;
/// So many characters that nobody would type are a secret, though each piece of them is short.
const BROKEN: usize = 12;
/// No number that somebody wrote has more digits.
const MAX_NUMBER_DIGITS: usize = 14;
/// Bits of entropy a character: what has less repeats itself.
const REPEATED: f64 = 1.8;
/// In a name a secret is at least so long where it is spelled in both cases and digits; a build's id is shorter.
const IN_NAME: usize = 24;
/// And so long where it is not; the ids of packages and sessions are shorter.
const IN_NAME_PLAIN: usize = 33;
/// No digest is longer, in hex digits.
const DIGEST: usize = 128;

/// What is to be covered of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    pub range: Range<usize>,
    /// How many of its first characters are shown: those that tell an id.
    pub shown: usize,
}

/// Letters and digits in a row, and what stands before them.
#[derive(Clone, Debug)]
pub struct ShapePiece {
    pub range: Range<usize>,
    gap: PieceGap,
    look: ShapeLook,
}

/// What is between two pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PieceGap {
    /// Something that no secret goes on behind.
    Open,
    /// `-`, `_` or `~`.
    Tight,
    /// `/` or `+`, of base64 or of a path.
    Slash,
    Space,
    /// The end of a line, and what lines start with.
    Wrap,
}

/// What a piece looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ShapeLook {
    /// Typed: a word, a number, a date.
    Typed,
    /// Too short to tell, and not a word.
    Odd,
    /// Drawn at random.
    Random,
}

/// What a run of pieces is, if slashes are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelled {
    /// Nothing says that it is base64.
    Path,
    /// A path with a secret in it, or base64.
    Either,
    /// Base64.
    Base64,
}

/// What is to be covered of a text of a kind, in no order. At an end where the text was cut, what touches it may go on.
pub fn covers(text: &str, kind: TextKind, cut: (bool, bool)) -> Vec<Cover> {
    let pieces = pieces(text);
    let mut shape = ShapeText {
        text,
        covered: vec![false; pieces.len()],
        spelled: vec![Spelled::Path; pieces.len()],
        ids: Vec::new(),
        pieces,
    };
    match kind {
        TextKind::Line => {
            shape.line(cut);
            shape.covers().into_iter().chain(shape.ids()).collect()
        }
        // An id in a name is what a person looks for.
        TextKind::Name => {
            shape.name();
            shape.covers()
        }
    }
}

/// Whether something in a value would not be typed: for values that a name says are secrets.
pub fn is_drawn(value: &str) -> bool {
    pieces(value).iter().any(|piece| {
        let core = &value.as_bytes()[piece.range.clone()];
        piece.look == ShapeLook::Random || (piece.look == ShapeLook::Odd && core.len() >= 6 && is_mixed(core))
    })
}

fn pieces(text: &str) -> Vec<ShapePiece> {
    let bytes = text.as_bytes();
    let mut pieces: Vec<ShapePiece> = Vec::new();
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(u8::is_ascii_alphanumeric).map(|skip| at + skip) {
        let length = bytes[start..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let gap = pieces.last().map_or(PieceGap::Open, |last| gap(&bytes[last.range.end..start]));
        let range = start..start + length;
        pieces.push(ShapePiece { look: look(&bytes[range.clone()]), range, gap });
        at = start + length;
    }
    pieces
}

fn gap(between: &[u8]) -> PieceGap {
    let all = |set: &[u8]| between.iter().all(|b| set.contains(b));
    match between.len() {
        1..=4 if all(b"-_~") => PieceGap::Tight,
        1..=4 if all(b"-_~/+") => PieceGap::Slash,
        1..=4 if all(b" ") => PieceGap::Space,
        1..=64 if between.contains(&b'\n') && all(b" \t\r\n\"'>|#*+\\,=") => PieceGap::Wrap,
        _ => PieceGap::Open,
    }
}

/// Small letters alone, perhaps behind a capital one: `workbook`. So few are no secret by themselves; fewer may be a piece of one.
fn is_short_word(core: &[u8]) -> bool {
    const MAX_WORD_LETTERS: usize = 10;
    (SHORT..=MAX_WORD_LETTERS).contains(&core.len()) && core.iter().skip(1).all(u8::is_ascii_lowercase)
}

/// The place of a cell in a sheet: `AB1048572`.
fn is_cell(core: &[u8]) -> bool {
    let letters = core.iter().take_while(|b| b.is_ascii_uppercase()).count();
    (1..=3).contains(&letters)
        && core.len() >= SHORT
        && core.len() - letters <= 7
        && core[letters..].iter().all(u8::is_ascii_digit)
}

/// What a piece looks like by itself.
fn look(core: &[u8]) -> ShapeLook {
    let digits = core.iter().filter(|b| b.is_ascii_digit()).count();
    let is_typed = match digits {
        0 => is_word(core) || is_short_word(core),
        all if all == core.len() => all <= MAX_NUMBER_DIGITS,
        _ => is_name_with_number(core) || is_constant(core) || is_time(core) || is_cell(core),
    };
    match core.len() < SHORT {
        _ if is_typed || (core.len() >= SHORT && randomness::entropy(core) < REPEATED) => ShapeLook::Typed,
        true => ShapeLook::Odd,
        false => ShapeLook::Random,
    }
}

/// Letters that follow each other as in words, in cases that people write.
fn is_word(letters: &[u8]) -> bool {
    let familiarity = randomness::familiarity(letters);
    match (letters.len(), is_one_case(letters)) {
        (0..=3, one_case) => one_case,
        (4..SHORT, true) => familiarity > -1.5,
        (SHORT..=11, true) => familiarity > -0.7,
        (_, true) => familiarity > -0.2,
        (_, false) => familiarity > 0.0 && has_words(letters) || is_word_behind_initials(letters),
    }
}

/// `word`, `Word` or `WORD`.
fn is_one_case(letters: &[u8]) -> bool {
    letters.iter().skip(1).all(u8::is_ascii_lowercase) || letters.iter().all(u8::is_ascii_uppercase)
}

/// `XPKeywords`, `GPSLatitude`: two to four capital letters and a word.
fn is_word_behind_initials(letters: &[u8]) -> bool {
    let capitals = letters.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let Some(word) = capitals.checked_sub(1).map(|initials| &letters[initials..]) else { return false };
    (3..=5).contains(&capitals)
        && word.len() >= 6
        && word.iter().skip(1).all(u8::is_ascii_lowercase)
        && (is_word(word) || is_short_word(word))
}

/// `someLongName`, `XMLHttpRequest`: words of three letters and more on average, told apart by their cases.
fn has_words(letters: &[u8]) -> bool {
    let rises = letters.windows(2).filter(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    let falls = letters
        .windows(3)
        .filter(|three| three[..2].iter().all(u8::is_ascii_uppercase) && three[2].is_ascii_lowercase());
    let words = 1 + rises.count() + falls.count();
    letters.len() + 1 >= 3 * words + words / 3
}

/// `sha256`, `utf8mb4`, `Oauth2Client`: a word with a number or two.
fn is_name_with_number(core: &[u8]) -> bool {
    let groups: Vec<&[u8]> = core.split(u8::is_ascii_digit).filter(|group| !group.is_empty()).collect();
    let longest = groups.iter().copied().max_by_key(|group| group.len()).unwrap_or_default();
    let is_edge = |pair: &&[u8]| pair[0].is_ascii_digit() != pair[1].is_ascii_digit();
    match core.len() {
        0..=4 => core.windows(2).filter(is_edge).count() <= 2,
        _ if core.iter().all(u8::is_ascii_hexdigit) => false,
        _ => {
            groups.len() <= 2
                && longest.len() >= 3
                && longest.len() * 2 >= core.len()
                && groups.iter().all(|group| is_word(group))
                && randomness::familiarity(longest) > 0.0
        }
    }
}

/// `0x7fff0000`: not longer than four bytes.
fn is_constant(core: &[u8]) -> bool {
    core.len() <= 10 && core.starts_with(b"0x") && core[2..].iter().all(u8::is_ascii_hexdigit)
}

/// `20260701T101500Z`.
fn is_time(core: &[u8]) -> bool {
    let digits =
        |range: Range<usize>| core.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    matches!(core.len(), 13 | 15 | 16)
        && digits(0..8)
        && matches!(core[8], b'T' | b't')
        && digits(9..core.len() - usize::from(matches!(core[core.len() - 1], b'Z' | b'z')))
}

fn is_letters(core: &[u8]) -> bool {
    core.iter().all(u8::is_ascii_alphabetic)
}

fn is_mixed(core: &[u8]) -> bool {
    core.iter().any(u8::is_ascii_digit) && core.iter().any(u8::is_ascii_alphabetic)
}

/// A text while it is judged.
struct ShapeText<'t> {
    text: &'t str,
    pieces: Vec<ShapePiece>,
    /// Which pieces are covered.
    covered: Vec<bool>,
    /// What the runs are that they stand in.
    spelled: Vec<Spelled>,
    /// Ids that stand alone: the numbers of their first and last pieces.
    ids: Vec<(usize, usize)>,
}

impl ShapeText<'_> {
    fn core(&self, number: usize) -> &[u8] {
        &self.text.as_bytes()[self.pieces[number].range.clone()]
    }

    /// A line of a file: everything that nobody would type is covered.
    fn line(&mut self, cut: (bool, bool)) {
        self.mark_ids();
        self.mark_base64();
        for number in 0..self.pieces.len() {
            let is_cut = (cut.0 && self.pieces[number].range.start == 0)
                || (cut.1 && self.pieces[number].range.end == self.text.len());
            self.covered[number] |=
                is_cut || (self.pieces[number].look == ShapeLook::Random && !self.is_in_id(number));
        }
        self.broken(&[PieceGap::Tight]);
        self.broken(&[PieceGap::Tight, PieceGap::Slash]);
        self.broken(&[PieceGap::Space]);
        self.lists();
        // What belongs to something covered is covered as well, until nothing is added.
        loop {
            let before = self.covered.iter().filter(|&&covered| covered).count();
            for number in 1..self.pieces.len() {
                self.spread(number - 1, number);
            }
            for number in (1..self.pieces.len()).rev() {
                self.spread(number, number - 1);
            }
            if self.covered.iter().filter(|&&covered| covered).count() == before {
                return;
            }
        }
    }

    /// Covers a piece beside a covered one where it belongs to it.
    fn spread(&mut self, from: usize, to: usize) {
        if !self.covered[from] || self.covered[to] {
            return;
        }
        let core = self.core(to);
        let is_typed = self.pieces[to].look == ShapeLook::Typed;
        let is_plain_word = |least| is_typed && core.len() >= least && is_letters(core) && is_one_case(core);
        self.covered[to] = match self.pieces[from.max(to)].gap {
            PieceGap::Open => to > from && self.is_pair(from) && self.length(&self.run(to)) >= SHORT,
            PieceGap::Tight => true,
            PieceGap::Slash => match self.spelled[from] {
                Spelled::Path => !is_typed && is_mixed(core),
                Spelled::Either => !is_plain_word(6),
                Spelled::Base64 => true,
            },
            PieceGap::Space => !is_typed && core.len() >= 3 && is_mixed(core),
            PieceGap::Wrap => self.is_alone_on_its_line(to) && !is_plain_word(4),
        };
    }

    /// Tells base64 from paths: something that nobody would type has letters of both cases, and a plus is in no path.
    fn mark_base64(&mut self) {
        let mut start = 0;
        while start < self.pieces.len() {
            let run = self.run(start);
            start = run.end;
            let is_mixed = |number: usize| {
                let core = self.core(number);
                self.pieces[number].look != ShapeLook::Typed
                    && core.iter().any(u8::is_ascii_uppercase)
                    && core.iter().any(u8::is_ascii_lowercase)
            };
            if run.clone().any(is_mixed) {
                let all = self.pieces[run.start].range.start..self.pieces[run.end - 1].range.end;
                let has_plus = self.text[all].contains('+');
                self.spelled[run].fill(if has_plus { Spelled::Base64 } else { Spelled::Either });
            }
        }
    }

    /// Whether a piece ends an id behind which a colon stands.
    fn is_pair(&self, number: usize) -> bool {
        self.id(number).is_some_and(|(_, last)| last == number)
            && self.text.as_bytes().get(self.pieces[number].range.end) == Some(&b':')
    }

    /// What follows each other from a piece on, with nothing but the signs of base64 between.
    fn run(&self, first: usize) -> Range<usize> {
        let goes_on = |piece: &&ShapePiece| matches!(piece.gap, PieceGap::Tight | PieceGap::Slash);
        first..first + 1 + self.pieces[first + 1..].iter().take_while(goes_on).count()
    }

    /// How many letters and digits some pieces have.
    fn length(&self, numbers: &Range<usize>) -> usize {
        self.pieces[numbers.clone()].iter().map(|piece| piece.range.len()).sum()
    }

    /// Whether nothing but a run stands on the line of a piece.
    fn is_alone_on_its_line(&self, number: usize) -> bool {
        let range = &self.pieces[number].range;
        let start = self.text[..range.start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[range.end..].find('\n').map_or(self.text.len(), |length| range.end + length);
        let is_run = |c: char| c.is_ascii_alphanumeric() || "+/=-_~".contains(c);
        let line =
            self.text[start..end].trim_matches(|c: char| c.is_whitespace() || "\"'>|#*+\\,".contains(c));
        !line.is_empty() && line.chars().all(is_run)
    }

    /// Finds UUIDs that are no part of something longer.
    fn mark_ids(&mut self) {
        const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
        let mut first = 0;
        while first + GROUPS.len() <= self.pieces.len() {
            let last = first + GROUPS.len() - 1;
            let range = self.pieces[first].range.start..self.pieces[last].range.end;
            let is_id = range.len() == 36 && randomness::is_uuid(self.text[range].as_bytes());
            let is_alone = self.pieces[first].gap != PieceGap::Tight
                && self.pieces.get(last + 1).is_none_or(|next| next.gap != PieceGap::Tight);
            if is_id && is_alone {
                self.ids.push((first, last));
                first = last;
            }
            first += 1;
        }
    }

    /// The id that a piece is a part of.
    fn id(&self, number: usize) -> Option<(usize, usize)> {
        let next = self.ids.partition_point(|&(first, _)| first <= number);
        next.checked_sub(1).map(|at| self.ids[at]).filter(|&(_, last)| number <= last)
    }

    fn is_in_id(&self, number: usize) -> bool {
        self.id(number).is_some()
    }

    /// Covers what is broken into pieces that are short by themselves: by the signs of base64, or by spaces.
    fn broken(&mut self, by: &[PieceGap]) {
        let mut start = 0;
        while start < self.pieces.len() {
            let length = 1 + self.pieces[start + 1..].iter().take_while(|p| by.contains(&p.gap)).count();
            let chain = start..start + length;
            start += length;
            let is_path = by.contains(&PieceGap::Slash) && self.spelled[chain.start] == Spelled::Path;
            if is_path || chain.clone().any(|number| self.is_in_id(number)) {
                continue;
            }
            // In a path and between spaces, words end it.
            let stretches = if by == [PieceGap::Tight] { vec![chain] } else { self.stretches(chain) };
            for mut stretch in stretches {
                let is_odd = |&number: &usize| self.pieces[number].look != ShapeLook::Typed;
                if by != [PieceGap::Tight] {
                    // What is at its ends and typed is no part of it.
                    let first = stretch.clone().find(is_odd).unwrap_or(stretch.end);
                    stretch = first..stretch.clone().rfind(is_odd).map_or(first, |last| last + 1);
                }
                let odd = stretch.clone().filter(is_odd).map(|number| self.pieces[number].range.len());
                let odd: usize = odd.sum();
                if stretch.len() > 1 && odd >= BROKEN && odd * 2 >= self.length(&stretch) {
                    self.covered[stretch].fill(true);
                }
            }
        }
    }

    /// The stretches of a chain that hold no word.
    fn stretches(&self, chain: Range<usize>) -> Vec<Range<usize>> {
        let mut stretches = Vec::new();
        let mut start = chain.start;
        for number in chain.clone() {
            let core = self.core(number);
            let is_typed = self.pieces[number].look == ShapeLook::Typed;
            if is_typed && core.len() > 3 && is_letters(core) && is_one_case(core) {
                stretches.push(start..number);
                start = number + 1;
            }
        }
        stretches.push(start..chain.end);
        stretches
    }

    /// Covers bytes that are told as numbers, one by one, and letters that are spaced out.
    fn lists(&mut self) {
        const LEAST: usize = 8;
        let separates = |between: &str| {
            (1..=6).contains(&between.len()) && between.chars().all(|c| " \t,:;[]\n\r".contains(c))
        };
        let is_item = |core: &[u8]| match core {
            [one] => one.is_ascii_alphanumeric(),
            [b'0', b'x' | b'X', digits @ ..] => digits.len() <= 2 && digits.iter().all(u8::is_ascii_hexdigit),
            core if core.len() <= 3 && core.iter().all(u8::is_ascii_digit) => true,
            core => matches!(core.len(), 2 | 4 | 8) && core.iter().all(u8::is_ascii_hexdigit),
        };
        let mut start = 0;
        for end in 0..=self.pieces.len() {
            let goes_on = end < self.pieces.len()
                && is_item(self.core(end))
                && (end == start
                    || separates(&self.text[self.pieces[end - 1].range.end..self.pieces[end].range.start]));
            if goes_on {
                continue;
            }
            let bytes: usize = (start..end).map(|number| self.pieces[number].range.len()).sum();
            if end - start >= LEAST || (end - start >= 4 && bytes >= 16) {
                self.covered[start..end].fill(true);
            }
            let begins = end < self.pieces.len() && is_item(self.core(end));
            start = if begins { end } else { end + 1 };
        }
    }

    /// A name: what is no digest and no id, and too long for a build's mark.
    fn name(&mut self) {
        self.mark_ids();
        let mut start = 0;
        while start < self.pieces.len() {
            let joins = |piece: &ShapePiece| matches!(piece.gap, PieceGap::Tight | PieceGap::Slash);
            let length = 1 + self.pieces[start + 1..].iter().take_while(|piece| joins(piece)).count();
            let chain = start..start + length;
            start += length;
            for stretch in self.stretches(chain) {
                if !stretch.is_empty() && self.is_long(&stretch) {
                    self.covered[stretch].fill(true);
                }
            }
        }
        for first in (1..self.pieces.len()).filter(|&first| self.is_pair(first - 1)).collect::<Vec<_>>() {
            let run = self.run(first);
            if self.length(&run) >= SHORT {
                self.covered[run].fill(true);
            }
        }
        for number in 1..self.pieces.len() {
            if self.covered[number - 1] && matches!(self.pieces[number].gap, PieceGap::Tight) {
                self.covered[number] = true;
            }
        }
    }

    /// Whether a stretch of a name is longer than what machines call files.
    fn is_long(&self, stretch: &Range<usize>) -> bool {
        let drawn = stretch
            .clone()
            .filter(|&number| self.pieces[number].look != ShapeLook::Typed && !self.is_in_id(number));
        let drawn: Vec<u8> = drawn.flat_map(|number| self.core(number).to_vec()).collect();
        let has = |test: fn(&u8) -> bool| drawn.iter().any(test);
        let (lower, upper) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
        let is_hex = drawn.iter().all(u8::is_ascii_hexdigit) && lower != upper
            || drawn.iter().all(|b| (b'a'..=b'p').contains(b));
        match (lower && upper && !is_hex, is_hex) {
            (true, _) => drawn.len() >= IN_NAME,
            (_, true) => drawn.len() > DIGEST,
            _ => drawn.len() >= IN_NAME_PLAIN,
        }
    }

    fn covers(&self) -> Vec<Cover> {
        let mut covers: Vec<Cover> = Vec::new();
        for number in (0..self.pieces.len()).filter(|&number| self.covered[number]) {
            let piece = &self.pieces[number];
            let joins = !matches!(piece.gap, PieceGap::Open | PieceGap::Wrap)
                && number > 0
                && self.covered[number - 1];
            match covers.last_mut() {
                Some(last) if joins => last.range.end = piece.range.end,
                _ => covers.push(Cover { range: piece.range.clone(), shown: 0 }),
            }
        }
        for cover in &mut covers {
            let rest = &self.text[cover.range.end..];
            let padded = rest.trim_start_matches('=');
            if !padded.starts_with(|c: char| c.is_ascii_alphanumeric()) {
                cover.range.end += (rest.len() - padded.len()).min(2);
            }
        }
        covers
    }

    /// The ids that stand alone and are not covered, each but for what tells it.
    fn ids(&self) -> impl Iterator<Item = Cover> + '_ {
        let ids = self.ids.iter().filter(|&&(first, _)| !self.covered[first]);
        ids.map(|&(first, last)| Cover {
            range: self.pieces[first].range.start..self.pieces[last].range.end,
            shown: ID_PREFIX,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Tokens;
    use std::path::{Path, PathBuf};

    const HEX: &[u8] = b"0123456789abcdef";
    const BASE62: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const BASE64URL: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    const BASE64: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/";
    const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// What is left of a text, with a blank for what is covered.
    fn left(text: &str, kind: TextKind) -> String {
        let mut covers = covers(text, kind, (false, false));
        covers.sort_by_key(|cover| cover.range.start);
        let mut left = String::new();
        let mut at = 0;
        for cover in covers {
            left.push_str(&text[at..cover.range.start + cover.shown]);
            left.push(' ');
            at = cover.range.end;
        }
        left + &text[at..]
    }

    /// How many of 20,000 texts that are drawn at random show six characters in a row.
    fn shown(alphabet: &[u8], length: usize, kind: TextKind) -> usize {
        let mut tokens = Tokens::new();
        let is_shown = |_: &usize| {
            let drawn = tokens.drawn(alphabet, length);
            let left = left(&format!("x {drawn} y"), kind);
            drawn.as_bytes().windows(6).any(|piece| memchr::memmem::find(left.as_bytes(), piece).is_some())
        };
        (0..20_000).filter(is_shown).count()
    }

    #[test]
    fn what_machines_draw_is_covered() {
        for (alphabet, length, most) in [
            (HEX, 16, 0),
            (HEX, 32, 0),
            (BASE62, 16, 20),
            (BASE62, 24, 0),
            (BASE62, 40, 0),
            (BASE64URL, 24, 20),
            (BASE64URL, 43, 2),
            (BASE64, 24, 40),
            (BASE64, 40, 4),
            (BASE32, 24, 10),
            (BASE32, 52, 0),
        ] {
            let shown = shown(alphabet, length, TextKind::Line);
            assert!(shown <= most, "{shown} of 20000 with {} letters, {length} long", alphabet.len());
        }
    }

    #[test]
    fn what_machines_draw_is_covered_in_names_where_it_is_long() {
        for (alphabet, length, most) in [(BASE62, 24, 10), (BASE62, 36, 0), (BASE64URL, 43, 60)] {
            let shown = shown(alphabet, length, TextKind::Name);
            assert!(shown <= most, "{shown} of 20000 with {} letters, {length} long", alphabet.len());
        }
        for name in [
            "objects/pack/pack-7c9e1f352b484d6a9f018e3d5c7b2a9401234567.pack",
            "dist/assets/index-DiwrgTda.js",
            "_next/static/x7Qk2Lm9PqR4tVwYzA1bC/_buildManifest.js",
            "blobs/sha256/6e1d9c4b7a2f8053e1c6b9d4a7f208356e1d9c4b7a2f8053e1c6b9d4a7f20835",
            "jobs/5d1b8c3e-7f20-4a96-8e4d-2c6b9a0f1e37.log",
            "refs/remotes/origin/dependabot/npm_and_yarn/lodash-4.17.21",
            "~/.config/google-chrome/Default/Extensions/nkbihfbeogaeaoehlefnkodbefgpgknn",
            "2026-07-01T10-15-00Z-production-website-build-number-12345678.tar.gz",
        ] {
            assert_eq!(left(name, TextKind::Name), name);
        }
    }

    /// The words of this project's source, each as often as files hold it.
    fn words() -> Vec<String> {
        fn files(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => files(&path, found),
                    false => found.push(path),
                }
            }
        }
        let mut found = Vec::new();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        ["src", "crates"].iter().for_each(|folder| files(&workspace.join(folder), &mut found));
        found.retain(|file| file.extension().is_some_and(|ending| ending == "rs"));
        let mut words = Vec::new();
        for file in found {
            // What tests hold is drawn now and then.
            let text = std::fs::read_to_string(file).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let own: std::collections::BTreeSet<&str> =
                text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 3).collect();
            words.extend(own.into_iter().map(str::to_owned));
        }
        words
    }

    #[test]
    fn words_stay() {
        let words = words();
        assert!(words.len() > 10_000, "{}", words.len());
        let covered: Vec<&String> =
            words.iter().filter(|word| left(word, TextKind::Line) != **word).collect();
        assert!(covered.len() * 200 < words.len(), "{} of {}: {covered:?}", covered.len(), words.len());
    }
}
