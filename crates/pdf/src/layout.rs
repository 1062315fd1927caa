//! From pieces of text that stand somewhere on a page to lines, as a person reads them.
//!
//! A page says where each piece of text is, not what belongs together. What is on one line comes out on one line: joined
//! where pieces touch, with a space where there is room for one, with a tab where there is a gap. Behind the lines come
//! words that may go on in the next line of their column, where the line itself goes on with another column.

/// A piece of text in a place. The units are the page's, along the text's own direction.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub start: f32,
    pub end: f32,
    /// Its baseline; higher is further up.
    pub base: f32,
    /// The letters' size.
    pub size: f32,
    /// The direction it runs in, in degrees.
    pub angle: i16,
    pub text: String,
}

/// Parts of a letter's size: what is room for a space, and what is a gap between columns.
const SPACE: f32 = 0.17;
const GAP: f32 = 1.5;
/// Baselines that are no further apart are one line's, in parts of the size.
const ONE_LINE: f32 = 0.4;
/// Lines that are looked at for where columns start, above and below, and how many columns are looked for in each.
const AROUND: usize = 4;
const MAX_COLUMNS: usize = 40;
/// The next line of a column is no further away.
const NEXT_LINE: f32 = 2.2;
/// Shorter ends and starts of lines are no parts of a word that was broken for its length.
const MIN_PART_CHARS: usize = 4;
/// Longer words are taken for whole where rows of a table look alike.
const LONG: usize = 52;
/// How much of what stands left of a broken word is repeated with it, in characters.
const LABEL: usize = 60;

/// What stands on a line without a gap.
#[derive(Debug)]
struct LineSegment {
    start: f32,
    end: f32,
    text: String,
}

#[derive(Debug)]
struct PdfLine {
    base: f32,
    size: f32,
    segments: Vec<LineSegment>,
}

/// The lines of a page.
pub fn text(mut chunks: Vec<Chunk>) -> String {
    let mut out = String::new();
    chunks.retain(|chunk| {
        !chunk.text.is_empty() && chunk.start.is_finite() && chunk.end.is_finite() && chunk.base.is_finite()
    });
    while let Some(angle) = chunks.first().map(|chunk| chunk.angle) {
        let (same, others) = chunks.into_iter().partition(|chunk: &Chunk| chunk.angle == angle);
        chunks = others;
        let lines = lines(same);
        for line in &lines {
            let mut segments = line.segments.iter().map(|segment| segment.text.as_str());
            out.push_str(segments.next().unwrap_or_default());
            segments.for_each(|segment| {
                out.push('\t');
                out.push_str(segment);
            });
            out.push('\n');
        }
        columns(&lines, &mut out);
    }
    out
}

/// Puts chunks of one direction into lines, the highest first.
fn lines(mut chunks: Vec<Chunk>) -> Vec<PdfLine> {
    chunks.sort_by(|one, other| other.base.total_cmp(&one.base));
    let mut rows: Vec<Vec<Chunk>> = Vec::new();
    for chunk in chunks {
        let fits = |row: &Vec<Chunk>| row[0].base - chunk.base <= ONE_LINE * row[0].size.min(chunk.size);
        match rows.last_mut().filter(|row| fits(row)) {
            Some(row) => row.push(chunk),
            None => rows.push(vec![chunk]),
        }
    }
    for row in &mut rows {
        row.sort_by(|one, other| one.start.total_cmp(&other.start));
    }
    // Columns may be so near to each other that only the lines around say where one starts.
    let starts: Vec<Vec<f32>> = rows.iter().map(|row| starts(row)).collect();
    let mut lines = Vec::new();
    for (i, row) in rows.into_iter().enumerate() {
        let around = &starts[i.saturating_sub(AROUND)..(i + AROUND + 1).min(starts.len())];
        lines.extend(segments(row, &around.concat()));
    }
    lines
}

/// Where columns start for all that a row says by itself.
fn starts(row: &[Chunk]) -> Vec<f32> {
    let is_start = |pair: &&[Chunk]| pair[1].start - pair[0].end >= GAP * pair[0].size.min(pair[1].size);
    let first = row.first().map(|first| first.start);
    first
        .into_iter()
        .chain(row.windows(2).filter(is_start).map(|pair| pair[1].start))
        .take(MAX_COLUMNS)
        .collect()
}

/// How far letters of a line are apart that are set wider than usual.
fn tracking(line: &[Chunk]) -> f32 {
    let mut gaps: Vec<f32> = line
        .windows(2)
        .filter(|pair| pair.iter().all(|chunk| chunk.text.chars().nth(1).is_none() && chunk.text != " "))
        .map(|pair| (pair[1].start - pair[0].end) / pair[0].size.max(f32::MIN_POSITIVE))
        .collect();
    if gaps.len() < 4 {
        return 0.0;
    }
    gaps.sort_by(f32::total_cmp);
    let middle = gaps[gaps.len() / 2];
    if (0.05..0.6).contains(&middle) { middle } else { 0.0 }
}

/// Joins what stands on a line. `None` for a line of nothing but spaces.
/// `columns`: where columns start in the lines around.
fn segments(line: Vec<Chunk>, columns: &[f32]) -> Option<PdfLine> {
    let tracking = tracking(&line);
    let base = line.first()?.base;
    let size = line.iter().map(|chunk| chunk.size).fold(0.0, f32::max);
    let is_column =
        |chunk: &Chunk, em: f32| columns.iter().any(|start| (start - chunk.start).abs() < 0.1 * em);
    let mut segments: Vec<LineSegment> = Vec::new();
    let mut last: Option<Chunk> = None;
    for chunk in line {
        let em = last.as_ref().map_or(chunk.size, |last| last.size.min(chunk.size)).max(f32::MIN_POSITIVE);
        // Letters that are drawn twice are bold, or have a shadow.
        let is_twice = last.as_ref().is_some_and(|last| {
            last.text == chunk.text && (chunk.start - last.start).abs() < 0.2 * em && chunk.text.trim() != ""
        });
        if is_twice {
            continue;
        }
        let gap = last.as_ref().map(|last| (chunk.start - last.end) / em - tracking);
        match (segments.last_mut(), gap) {
            (Some(segment), Some(gap)) if gap < GAP && !(gap > SPACE && is_column(&chunk, em)) => {
                let is_apart = !(-1.0..=SPACE).contains(&gap);
                if is_apart && !segment.text.ends_with(' ') && !chunk.text.starts_with(' ') {
                    segment.text.push(' ');
                }
                segment.text.push_str(&chunk.text);
                segment.end = segment.end.max(chunk.end);
            }
            _ => segments.push(LineSegment { start: chunk.start, end: chunk.end, text: chunk.text.clone() }),
        }
        last = Some(chunk);
    }
    for segment in &mut segments {
        segment.text = segment.text.trim().to_owned();
    }
    segments.retain(|segment| !segment.text.is_empty());
    (!segments.is_empty()).then_some(PdfLine { base, size, segments })
}

/// Writes words that may go on in the next line of their column, and what stands left of them.
fn columns(lines: &[PdfLine], out: &mut String) {
    let mut is_continued: Vec<Vec<bool>> =
        lines.iter().map(|line| vec![false; line.segments.len()]).collect();
    for (l, line) in lines.iter().enumerate() {
        for s in 0..line.segments.len() {
            if is_continued[l][s] {
                continue;
            }
            let (mut at, mut word, mut chain) = ((l, s), last_word(&line.segments[s].text), Vec::new());
            let mut is_apart = false;
            while let Some(next) = below(lines, at).filter(|&next| may_go_on(lines, at, next, word)) {
                let text = &lines[next.0].segments[next.1].text;
                is_apart |= at.1 + 1 < lines[at.0].segments.len() || next.1 > 0 || next.0 > at.0 + 1;
                is_continued[next.0][next.1] = true;
                (at, word) = (next, last_word(text));
                chain.push(text.split(' ').next().unwrap_or_default());
                if word != text {
                    break;
                }
            }
            if is_apart {
                label(&lines[l..=at.0], s, out);
                out.push_str(last_word(&line.segments[s].text));
                out.push('\n');
                chain.iter().for_each(|word| {
                    out.push_str(word);
                    out.push('\n');
                });
            }
        }
    }
}

fn last_word(text: &str) -> &str {
    text.rsplit(' ').next().unwrap_or_default()
}

/// The segment that stands below another, in the same column.
fn below(lines: &[PdfLine], (l, s): (usize, usize)) -> Option<(usize, usize)> {
    let (line, segment) = (&lines[l], &lines[l].segments[s]);
    let near = lines[l + 1..].iter().take(8).take_while(|next| line.base - next.base < NEXT_LINE * line.size);
    near.enumerate().find_map(|(i, next)| {
        let is_below = |other: &LineSegment| {
            (other.start - segment.start).abs() < line.size && other.end > segment.start
        };
        next.segments.iter().position(is_below).map(|found| (l + 1 + i, found))
    })
}

/// Whether the last word of a segment may go on in the one below.
fn may_go_on(lines: &[PdfLine], (l, s): (usize, usize), (m, t): (usize, usize), word: &str) -> bool {
    let (segment, next) = (&lines[l].segments[s], &lines[m].segments[t]);
    let looks_alike = lines[l].segments.len() == lines[m].segments.len();
    let first = next.text.split(' ').next().unwrap_or_default();
    // A word that is broken reaches as far as its column does.
    let is_full =
        segment.end + lines[l].size >= next.end || word.ends_with(|last: char| !last.is_alphanumeric());
    let is_long = word.len() > LONG && looks_alike;
    word.len() >= MIN_PART_CHARS && first.len() >= MIN_PART_CHARS && is_full && !is_long
}

/// What stands left of a segment of the first line, there or beside the lines that it goes on in, without words that are
/// long enough to be found twice.
fn label(lines: &[PdfLine], s: usize, out: &mut String) {
    let segment = &lines[0].segments[s];
    let own = segment.text.rsplit_once(' ').map_or("", |(before, _)| before);
    let is_left = |other: &&LineSegment| other.end <= segment.start;
    let left =
        lines.iter().flat_map(|line| line.segments.iter().filter(is_left)).map(|other| other.text.as_str());
    let words: Vec<&str> = left
        .chain([own])
        .flat_map(|text| text.split(' '))
        .filter(|word| !word.is_empty() && word.len() < LONG / 2)
        .collect();
    let mut length = 0;
    let fits = words.iter().rev().take_while(|word| {
        length += word.len() + 1;
        length <= LABEL
    });
    let count = fits.count();
    for word in &words[words.len() - count..] {
        out.push_str(word);
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: f32, base: f32, text: &str) -> Chunk {
        let end = start + text.chars().count() as f32 * 6.0;
        Chunk { start, end, base, size: 10.0, angle: 0, text: text.to_owned() }
    }

    #[test]
    fn pieces_of_a_line_are_joined() {
        let pieces = vec![
            at(60.0, 100.2, "cd"),
            at(48.0, 100.0, "ab"),
            at(75.0, 100.0, "ef"),
            at(48.0, 115.0, "up"),
            at(130.0, 100.0, "far"),
        ];
        assert_eq!(text(pieces), "up\nabcd ef\tfar\n");
        // Letters drawn one by one, wider than usual, and a word's end.
        let wide = (0..6).map(|i| at(i as f32 * 8.5 + if i > 3 { 6.0 } else { 0.0 }, 50.0, &"abcdef"[i..=i]));
        assert_eq!(text(wide.collect()), "abcd ef\n");
        let bold = vec![at(0.0, 0.0, "a"), at(0.3, 0.0, "a"), at(6.0, 0.0, "b"), at(6.3, 0.0, "b")];
        assert_eq!(text(bold), "ab\n");
        let mut turned = at(0.0, 90.0, "turned");
        turned.angle = 90;
        assert_eq!(text(vec![at(0.0, 0.0, "one"), turned, at(0.0, 30.0, "two")]), "two\none\nturned\n");
    }

    #[test]
    fn a_word_that_goes_on_in_its_column_is_told_again() {
        let cell = vec![
            at(0.0, 100.0, "Key"),
            at(60.0, 100.0, "abcdefgh"),
            at(150.0, 100.0, "note"),
            at(60.0, 88.0, "ijkl"),
            at(150.0, 88.0, "more"),
        ];
        let page = text(cell);
        assert_eq!(
            page,
            "Key\tabcdefgh\tnote\nijkl\tmore\nKey abcdefgh\nijkl\nKey abcdefgh ijkl note\nmore\n"
        );
        // Side by side it is clear what goes on where.
        let last = vec![at(0.0, 100.0, "Key"), at(60.0, 100.0, "abcdefgh"), at(60.0, 88.0, "ijkl")];
        assert_eq!(text(last), "Key\tabcdefgh\nijkl\n");
        let long = "x".repeat(60);
        let row =
            |base: f32, name: &str| vec![at(0.0, base, name), at(100.0, base, &long), at(500.0, base, "end")];
        let table = [row(100.0, "one"), row(88.0, "two")].concat();
        assert_eq!(text(table).matches(&long).count(), 2);
    }
}
