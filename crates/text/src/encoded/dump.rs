//! Dumps of bytes, row by row behind the place of each: `xxd`, `hexdump`, `od`, PowerShell's `Format-Hex`, `tcpdump -X`, the
//! traces of `curl`. What stands beside the cells, as text, is left out.

use super::{EncodedRun, all, is_whole, stretches};
use crate::LayerKind;
use crate::{OriginStep, Text};
use std::ops::Range;

/// No row is longer, in bytes.
const MAX_ROW_BYTES: usize = 1 << 10;
/// Where a row of these programs starts that is told by nothing but its place, in digits.
const MIN_OFFSET_DIGITS: usize = 4;
const MAX_OFFSET_DIGITS: usize = 16;
/// A dump of text alone starts with a row of so many characters.
const SHORTEST_TEXT: u64 = 8;
/// The first row of characters in columns has so many of them where no place stands before it.
const FEWEST_COLUMNS: usize = 8;
/// The columns of a character.
const COLUMN: usize = 4;

/// The dumps in some bytes that hold text.
pub fn runs(bytes: &[u8]) -> Vec<EncodedRun> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(row) = DumpRow::starting(bytes, at) {
        at = row.line.end + 1;
        let dump = match row.place {
            Some(place) => Dump::starting(bytes, &row, place),
            None => Dump::without_places(bytes, &row.line),
        };
        let Some(dump) = dump else { continue };
        at = dump.end + 1;
        let place = |at: usize| dump.places.get(at).copied().unwrap_or(dump.end);
        let text = match is_whole(&dump.said) {
            true => Some(all(&dump.said, OriginStep::ONE, place)),
            false => stretches(&dump.said, OriginStep::ONE, place),
        };
        if let (Some(text), Some(&start)) = (text, dump.places.first()) {
            found.push(EncodedRun {
                kind: LayerKind::Dump,
                range: start..dump.end,
                text: Text::plain(bytes).derive(text),
            });
        }
    }
    found
}

/// Whether an escape at `at` is a cell of `od -c`: what stands there is two letters wide, behind two blanks, in a row that starts
/// with its place or is all of such cells. Its meaning is the dump's.
pub fn is_cell(bytes: &[u8], at: usize) -> bool {
    let is_alone =
        bytes[..at].ends_with(b"  ") && matches!(bytes.get(at + 2), None | Some(b' ' | b'\r' | b'\n'));
    is_alone && {
        let floor = at.saturating_sub(MAX_ROW_BYTES);
        let start = memchr::memrchr(b'\n', &bytes[floor..at]).map_or(floor, |i| floor + i + 1);
        DumpRow::starting(bytes, start).is_some_and(|row| match row.place {
            Some(place) => place.end <= at && (at - place.end) % COLUMN == 2,
            None => (at - start) % COLUMN == 2 && unplaced(&bytes[row.line]).is_some(),
        })
    }
}

/// A line, and the place that it starts with.
struct DumpRow {
    line: Range<usize>,
    place: Option<DumpOffset>,
}

/// The place that a row starts with.
#[derive(Clone, Copy)]
struct DumpOffset {
    /// What its digits are as a number in each base: 16, 10, 8. What is none is 0.
    numbers: [u64; 3],
    has_colon: bool,
    /// Where what is behind it starts.
    end: usize,
}

impl DumpRow {
    /// The line that starts at `at`; `None` behind the last.
    fn starting(bytes: &[u8], at: usize) -> Option<DumpRow> {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = at..at + length;
        let row = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
        let indent = row.iter().take(80).take_while(|b| matches!(b, b' ' | b'\t')).count();
        let prefix = if row[indent..].starts_with(b"0x") { indent + 2 } else { indent };
        let digits =
            row[prefix..].iter().take(MAX_OFFSET_DIGITS + 1).take_while(|b| b.is_ascii_hexdigit()).count();
        let end = prefix + digits;
        let has_colon = row.get(end) == Some(&b':');
        let is_place = (MIN_OFFSET_DIGITS..=MAX_OFFSET_DIGITS).contains(&digits)
            && row.len() <= MAX_ROW_BYTES
            && matches!(row.get(end + usize::from(has_colon)), None | Some(b' ' | b'\t'));
        let place = is_place.then(|| {
            let digits = std::str::from_utf8(&row[prefix..end]).unwrap_or_default();
            let numbers = [16, 10, 8].map(|base| u64::from_str_radix(digits, base).unwrap_or(0));
            DumpOffset { numbers, has_colon, end: at + end + usize::from(has_colon) }
        });
        Some(DumpRow { line, place })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cells {
    /// So many hex digits, the last bytes first or not.
    Hex { digits: usize, is_swapped: bool },
    /// Three octal digits a byte, or six for two bytes, the last one first.
    Octal { digits: usize },
    /// Four columns a character.
    Characters,
    /// The text itself.
    Plain,
}

struct Dump {
    said: Vec<u8>,
    /// Where each byte stands.
    places: Vec<usize>,
    end: usize,
}

impl Dump {
    /// The dump whose first row is given.
    fn starting(bytes: &[u8], first: &DumpRow, place: DumpOffset) -> Option<Dump> {
        let row = |row: &DumpRow, place: &DumpOffset| {
            let line = &bytes[place.end..row.line.end];
            line.strip_suffix(b"\r").unwrap_or(line)
        };
        let second = DumpRow::starting(bytes, first.line.end + 1)?;
        let steps = steps(&place, second.place.as_ref()?)?;
        let cells = Cells::of(row(first, &place), &place, &steps)?;
        let mut dump = Dump { said: Vec::new(), places: Vec::new(), end: first.line.end };
        let (mut last, mut last_place, mut width) =
            (DumpRow { line: first.line.clone(), place: None }, place, None);
        loop {
            let next = DumpRow::starting(bytes, last.line.end + 1);
            let next = next.and_then(|next| next.place.map(|place| (next, place)));
            let steps = next.as_ref().and_then(|(_, next)| self::steps(&last_place, next));
            let text = row(&last, &last_place);
            dump.end = last_place.end + text.len();
            if cells == Cells::Plain {
                dump.plain(text, last_place.end, &steps)?;
            } else {
                width = dump.row(cells, text, last_place.end, steps, width)?;
            }
            match next.filter(|_| steps.is_some()) {
                Some((next, place)) => (last, last_place) = (next, place),
                None => break,
            }
        }
        (dump.said.len() > 1).then_some(dump)
    }

    /// The dump of `od -An -c` whose first row is given: characters in columns, and nothing else on a line.
    fn without_places(bytes: &[u8], first: &Range<usize>) -> Option<Dump> {
        let width = unplaced(&bytes[first.clone()]).map(|row| row.len()).filter(|&w| w >= FEWEST_COLUMNS)?;
        let mut dump = Dump { said: Vec::new(), places: Vec::new(), end: first.end };
        let mut line = first.clone();
        while let Some(row) = unplaced(&bytes[line.clone()]).filter(|row| row.len() <= width) {
            let is_last = row.len() < width;
            for (said, range) in row {
                dump.places.push(line.start + range.start);
                dump.said.extend(said);
            }
            dump.end = line.end;
            match DumpRow::starting(bytes, line.end + 1).filter(|_| !is_last) {
                Some(next) => line = next.line,
                None => return Some(dump),
            }
        }
        // What goes on in cells that are not known would be cut.
        (!bytes[line].starts_with(b"  ")).then_some(dump)
    }

    /// Adds a row of text. The traces of `curl` start a row where a line of a head starts, and leave its end out.
    fn plain(&mut self, text: &[u8], start: usize, steps: &Option<[u64; 3]>) -> Option<()> {
        let text = text.strip_prefix(b" ").unwrap_or(text);
        self.places.extend((start..).skip(1).take(text.len()));
        self.said.extend_from_slice(text);
        if !steps.is_some_and(|steps| steps[0] == text.len() as u64) {
            self.said.push(b'\n');
            self.places.push(start + text.len());
        }
        Some(())
    }

    /// Adds a row of cells. `width` is how many bytes the rows before it held, and where their last cell ended. Gives the same.
    fn row(
        &mut self,
        cells: Cells,
        text: &[u8],
        start: usize,
        steps: Option<[u64; 3]>,
        width: Option<(usize, usize)>,
    ) -> Option<Option<(usize, usize)>> {
        let mut row = cells.read(text);
        // The last row of some programs is the place where the dump ends.
        let Some(size) = row.first().map(|(said, _)| said.len()) else { return Some(width) };
        let (most, end) = match width {
            Some(width) => width,
            None => {
                let all = row.len() * size;
                let fits = |&step: &u64| step > 0 && step <= all as u64 && step.is_multiple_of(size as u64);
                let most = steps?.into_iter().filter(fits).max()? as usize;
                (most, row.get(most / size - 1)?.1.end)
            }
        };
        row.truncate(most / size);
        row.retain(|(_, range)| range.end <= end);
        for (said, range) in row {
            self.places.extend(said.iter().map(|_| start + range.start));
            self.said.extend(said);
        }
        Some(Some((most, end)))
    }
}

/// How far one place is behind another, in each base; `None` when it is not.
fn steps(place: &DumpOffset, next: &DumpOffset) -> Option<[u64; 3]> {
    let [a, b, c] = [0, 1, 2].map(|base| next.numbers[base].saturating_sub(place.numbers[base]));
    (next.has_colon == place.has_colon && a > 0).then_some([a, b, c])
}

impl Cells {
    /// What the cells of a dump are whose first row is given.
    fn of(row: &[u8], place: &DumpOffset, steps: &[u64; 3]) -> Option<Cells> {
        let kinds = [16, 8, 4, 2]
            .map(|digits| Cells::Hex { digits, is_swapped: digits > 2 && !place.has_colon })
            .into_iter()
            .chain([Cells::Octal { digits: 6 }, Cells::Octal { digits: 3 }, Cells::Characters]);
        let fits = |cells: &Cells| {
            let read = cells.read(row);
            let bytes: usize = read.iter().map(|(said, _)| said.len()).sum();
            read.len() > 1 && steps.iter().any(|&step| step > 0 && step <= bytes as u64)
        };
        let cells = kinds.into_iter().find(fits);
        // The text beside the cells tells the order of `xxd -e`.
        match cells {
            Some(Cells::Hex { digits, is_swapped: false }) if digits > 2 => {
                let swapped = Cells::Hex { digits, is_swapped: true };
                let is_beside = |cells: Cells| {
                    let said: Vec<u8> =
                        cells.read(row).into_iter().flat_map(|(said, _)| said).take(8).collect();
                    let shown: Vec<u8> =
                        said.iter().map(|&b| if matches!(b, b' '..=b'~') { b } else { b'.' }).collect();
                    memchr::memmem::find(row, &shown).is_some()
                };
                Some(if is_beside(swapped) { swapped } else { Cells::Hex { digits, is_swapped: false } })
            }
            None if place.has_colon && row.starts_with(b" ") && place.numbers[0] == 0 => {
                let length = row.len() as u64 - 1;
                (length >= SHORTEST_TEXT && (length..=length + 2).contains(&steps[0])).then_some(Cells::Plain)
            }
            cells => cells,
        }
    }

    /// The cells of a row: what each says, and from where to where it stands.
    fn read(self, row: &[u8]) -> Vec<(Vec<u8>, Range<usize>)> {
        let digits = match self {
            Cells::Plain => return Vec::new(),
            Cells::Characters => return characters(row),
            Cells::Hex { digits, .. } | Cells::Octal { digits } => digits,
        };
        let mut cells = Vec::new();
        let mut at = 0;
        loop {
            let gap = row[at..].iter().take(8).take_while(|b| matches!(b, b' ' | b'\t' | b'-')).count();
            let (start, end) = (at + gap, at + gap + digits);
            let Some(cell) = row.get(start..end) else { break };
            if gap == 0 || !matches!(row.get(end), None | Some(b' ' | b'\t' | b'-')) {
                break;
            }
            let Some(said) = self.said(cell) else { break };
            cells.push((said, start..end));
            at = end;
        }
        cells
    }

    /// What a cell of digits says.
    fn said(self, cell: &[u8]) -> Option<Vec<u8>> {
        let digits = std::str::from_utf8(cell).ok()?;
        match self {
            Cells::Hex { is_swapped, .. } => {
                let number = u64::from_str_radix(digits, 16).ok()?;
                let bytes = number.to_be_bytes();
                let mut said = bytes[bytes.len() - digits.len() / 2..].to_vec();
                if is_swapped {
                    said.reverse();
                }
                Some(said)
            }
            Cells::Octal { digits: 3 } => Some(vec![u8::from_str_radix(digits, 8).ok()?]),
            Cells::Octal { .. } => Some(u16::from_str_radix(digits, 8).ok()?.to_le_bytes().to_vec()),
            Cells::Characters | Cells::Plain => None,
        }
    }
}

/// The cells of a row that is nothing but characters in columns, and says something.
fn unplaced(line: &[u8]) -> Option<Vec<(Vec<u8>, Range<usize>)>> {
    let row = line.strip_suffix(b"\r").unwrap_or(line);
    // Most lines of most texts end here.
    let may_be = row.starts_with(b"  ") && row.len().is_multiple_of(COLUMN) && row.len() <= MAX_ROW_BYTES;
    let cells = may_be.then(|| characters(row)).filter(|cells| cells.len() * COLUMN == row.len())?;
    cells.iter().any(|(said, _)| said != b" ").then_some(cells)
}

/// The cells of `od -c` and `od -a`: a character, an escape, its name or three octal digits, at the end of four columns each.
fn characters(row: &[u8]) -> Vec<(Vec<u8>, Range<usize>)> {
    let said = |cell: &[u8]| match *cell {
        [b' ', b' ', b' ', c] => Some(c),
        [b' ', b' ', b'\\', b'n'] => Some(b'\n'),
        [b' ', b' ', b'\\', b't'] => Some(b'\t'),
        [b' ', b' ', b'\\', b'r'] => Some(b'\r'),
        [b' ', b' ', b'\\', _] => Some(0),
        // The names that `od -a` has for them.
        [b' ', b' ', b'n', b'l'] => Some(b'\n'),
        [b' ', b' ', b's', b'p'] => Some(b' '),
        [b' ', b' ', b'h', b't'] => Some(b'\t'),
        [b' ', b' ', b'c', b'r'] => Some(b'\r'),
        [b' ', ref octal @ ..] => u8::from_str_radix(std::str::from_utf8(octal).ok()?, 8).ok(),
        _ => None,
    };
    let cells = row.chunks_exact(COLUMN).enumerate();
    cells.map_while(|(i, cell)| Some((vec![said(cell)?], COLUMN * i + 3..COLUMN * (i + 1)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "# settings\nKREA_API_KEY=abcdefgh-ijklmnop\n";

    /// What the dumps in a text say, but for line ends.
    fn said(text: &str) -> String {
        let runs = runs(text.as_bytes());
        assert_eq!(runs.len(), 1, "{text}");
        String::from_utf8_lossy(runs[0].text.bytes()).trim_end().to_owned()
    }

    /// A dump: how a place is written, how a cell is, of how many bytes, how many bytes a row, and what stands beside them.
    fn dump(
        place: fn(usize) -> String,
        cell: fn(&[u8]) -> String,
        size: usize,
        width: usize,
        beside: bool,
    ) -> String {
        let rows = SAID.as_bytes().chunks(width).enumerate().map(|(i, row)| {
            let cells: Vec<String> = row.chunks(size).map(cell).collect();
            let full = width / size * (cell(&[0; 8][..size]).len() + 1);
            let text: String = row.iter().map(|&b| if b < b' ' { '.' } else { char::from(b) }).collect();
            let beside = if beside { format!(" {text}") } else { String::new() };
            format!("{}{:full$}{beside}", place(i * width), format!(" {}", cells.join(" ")))
        });
        let rows: Vec<String> = rows.collect();
        format!("before\n{}\n{}\nafter\n", rows.join("\n"), place(SAID.len()))
    }

    fn hex(cell: &[u8]) -> String {
        cell.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn swapped(cell: &[u8]) -> String {
        cell.iter().rev().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn dumps_of_the_usual_programs_are_read() {
        let even = |text: String| text;
        for text in [
            // xxd, with its groups and its order; hexdump -C; Format-Hex; tcpdump -X
            even(dump(|at| format!("{at:08x}:"), hex, 2, 16, true)),
            dump(|at| format!("{at:08x}:"), hex, 1, 16, true).to_uppercase().replace("BEFORE", "x"),
            dump(|at| format!("{at:08x}:"), hex, 2, 32, true),
            dump(|at| format!("{at:08x} "), hex, 1, 16, true),
            dump(|at| format!("    {at:08x} "), hex, 1, 8, false),
            dump(|at| format!("\t0x{at:04x}: "), hex, 2, 16, true),
            dump(|at| format!("{at:06x}"), hex, 1, 16, true),
            // od -t x1, -x, -b, -o; with decimal places
            dump(|at| format!("{at:07o}"), hex, 1, 16, false),
            dump(|at| format!("{at:07}"), hex, 1, 16, false),
            dump(|at| format!("{at:07o}"), swapped, 2, 16, false),
            dump(|at| format!("{at:07x}"), swapped, 2, 16, false),
            dump(|at| format!("{at:07o}"), |cell| format!("{:03o}", cell[0]), 1, 16, false),
            dump(
                |at| format!("{at:07o}"),
                |cell| format!("{:06o}", u16::from_le_bytes([cell[0], *cell.get(1).unwrap_or(&0)])),
                2,
                16,
                false,
            ),
        ] {
            let said = said(&text);
            assert!(said.to_lowercase().contains("krea_api_key=abcdefgh-ijklmnop"), "{text}\n{said}");
        }
    }

    #[test]
    fn characters_in_columns_are_read() {
        let cell = |b: &u8| match b {
            b'\n' => "  \\n".to_owned(),
            b => format!("   {}", char::from(*b)),
        };
        let rows: Vec<String> = SAID
            .as_bytes()
            .chunks(16)
            .enumerate()
            .map(|(i, row)| format!("{:07o}{}", 16 * i, row.iter().map(cell).collect::<String>()))
            .collect();
        assert_eq!(said(&rows.join("\n")), SAID.trim_end());
        let bare: Vec<&str> = rows.iter().map(|row| &row[7..]).collect();
        assert_eq!(said(&format!("$ od -An -c a.env\n{}\n$ exit\n", bare.join("\n"))), SAID.trim_end());
        let named: Vec<String> =
            bare.iter().map(|row| row.replace("\\n", "nl").replace("    ", "  sp")).collect();
        assert_eq!(said(&named.join("\n")), SAID.trim_end());
        assert!(is_cell(bare.join("\n").as_bytes(), bare[0].find('\\').expect("an escape")));
    }

    #[test]
    fn a_trace_of_curl_is_read() {
        let trace = "=> Send header, 90 bytes (0x5a)\n0000: GET /jobs HTTP/1.1\n0014: Authorization: Bearer 01234567\
                     89abcdef0123456789abcdef0123456789\n0054: abcdef\n005c: \n== Info: done\n";
        assert_eq!(
            said(trace),
            "GET /jobs HTTP/1.1\nAuthorization: Bearer 0123456789abcdef0123456789abcdef0123456789abcdef"
        );
    }

    #[test]
    fn each_byte_knows_where_it_stands() {
        let text = dump(|at| format!("{at:08x}:"), hex, 1, 16, true);
        let runs = runs(text.as_bytes());
        let at = runs[0].text.bytes().windows(4).position(|w| w == b"KREA").expect("the name");
        let cell = runs[0].text.origin(at);
        assert_eq!(&text.as_bytes()[cell..cell + 2], b"4b");
    }

    #[test]
    fn rows_of_other_numbers_are_no_dump() {
        for text in [
            "2024 12 31\n2025 01 01\n2026 01 01\n",
            "1000: a\n2000: b\n",
            "0000: a\n0001: b\n0002: c\n",
            "deadbeef 00 01 02\ncafebabe 03 04 05\n",
            "0000000 is the first\n0000001 is the second\n",
        ] {
            assert!(runs(text.as_bytes()).is_empty(), "{text}");
        }
    }
}
