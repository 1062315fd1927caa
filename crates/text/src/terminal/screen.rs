//! The screen of a terminal: cells that are written to, and the lines that leave it.

use super::{ScreenLine, is_corrected};
use std::collections::VecDeque;
use std::ops::Range;

/// The largest screen.
const MAX_COLUMNS: usize = 1000;
const MAX_LINES: usize = 400;
/// More rows are not joined to one line.
const MAX_JOINED_ROWS: usize = 16;
/// When fewer cells of a line have changed since it was given, it is not given once more: what turns, counts or is
/// corrected is no news.
const NEWS: usize = 8;
/// No longer a line is edited, in cells: what is written on in a longer one is given at once, since comparing takes long.
const MAX_EDITED_CELLS: usize = 2000;
/// The cell behind a character that is two cells wide.
const SECOND: char = '\u{1}';

/// A row of cells.
#[derive(Clone, Debug, Default)]
struct ScreenRow {
    cells: Vec<char>,
    /// It goes on in the next row.
    goes_on: bool,
    /// How many cells were written since it was given last.
    changed: usize,
    /// When it was last written to, in seconds.
    at: f64,
    /// What was given last of the line that starts here.
    given: String,
    /// What this line said before it was written on.
    before: Option<ScreenLine>,
}

/// A line of which rows have left.
#[derive(Debug, Default)]
struct Leaving {
    text: String,
    at: f64,
    rows: usize,
    /// Something of it was not given yet.
    is_news: bool,
    /// What its rows said before they were written on.
    before: Vec<ScreenLine>,
}

#[derive(Debug)]
pub struct Screen {
    rows: VecDeque<ScreenRow>,
    /// The rows of the screen that programs leave when they take the whole terminal.
    other: Option<VecDeque<ScreenRow>>,
    pub columns: usize,
    height: usize,
    /// The cursor. Behind the last column, what is written next is wrapped.
    pub x: usize,
    pub y: usize,
    saved: (usize, usize),
    /// The rows that scroll.
    region: Range<usize>,
    /// What is written pushes aside what stands there.
    pub inserts: bool,
    /// What is written now is written over something that has been given.
    is_over: bool,
    /// The line that is leaving; it goes on.
    leaving: Option<Leaving>,
    pub now: f64,
    /// Something came of the bytes.
    pub has_acted: bool,
    /// What has left.
    pub lines: VecDeque<ScreenLine>,
}

impl ScreenRow {
    fn text(&self) -> String {
        let text: String = self.cells.iter().filter(|&&c| c != SECOND).collect();
        if self.goes_on { text } else { text.trim_end().to_owned() }
    }
}

impl Screen {
    pub fn new(columns: usize, lines: usize) -> Self {
        let (columns, height) = (columns.clamp(2, MAX_COLUMNS), lines.clamp(1, MAX_LINES));
        Screen {
            rows: VecDeque::from(vec![ScreenRow::default(); height]),
            other: None,
            columns,
            height,
            x: 0,
            y: 0,
            saved: (0, 0),
            region: 0..height,
            inserts: false,
            is_over: false,
            leaving: None,
            now: 0.0,
            has_acted: false,
            lines: VecDeque::new(),
        }
    }

    pub fn resize(&mut self, columns: usize, lines: usize) {
        (self.columns, self.height) = (columns.clamp(2, MAX_COLUMNS), lines.clamp(1, MAX_LINES));
        while self.rows.len() > self.height {
            // A shell keeps the row with the cursor in sight.
            let at = if self.y + 1 < self.rows.len() { self.rows.len() - 1 } else { 0 };
            self.drop_row(at);
            self.y = self.y.min(self.rows.len() - 1);
        }
        self.rows.resize(self.height, ScreenRow::default());
        self.region = 0..self.height;
        self.move_to(self.x, self.y);
    }

    pub fn move_to(&mut self, x: usize, y: usize) {
        self.is_over = false;
        (self.x, self.y) = (x.min(self.columns - 1), y.min(self.height - 1));
    }

    /// Writes a character that is so many cells wide.
    pub fn put(&mut self, c: char, width: usize) {
        if self.x + width > self.columns {
            self.rows[self.y].goes_on = true;
            let is_over = self.is_over;
            self.next_row();
            self.x = 0;
            self.is_over = is_over;
        }
        let is_blank = c == ' ';
        if self.inserts {
            self.insert_blanks(width);
        }
        let over = self.rows[self.y].cells.get(self.x).copied().unwrap_or(' ');
        if over != ' ' && over != c && !self.is_over {
            self.keep(self.y);
            self.is_over = true;
        }
        let row = &mut self.rows[self.y];
        if over != c && self.x + width == self.columns {
            // Whether it goes on is not known of what stands there now.
            row.goes_on = false;
        }
        if row.cells.len() < self.x + width {
            row.cells.resize(self.x + width, ' ');
        }
        row.cells[self.x] = c;
        row.cells[self.x + 1..self.x + width].fill(SECOND);
        if over != c && !is_blank {
            row.changed += 1;
            row.at = self.now;
        }
        self.x += width;
    }

    pub fn line_feed(&mut self) {
        self.is_over = false;
        // A row that was wrapped goes on, wherever the cursor leaves it.
        self.next_row();
    }

    fn next_row(&mut self) {
        if self.y + 1 == self.region.end {
            self.scroll(1);
        } else if self.y + 1 < self.height {
            self.y += 1;
        }
    }

    pub fn reverse_line_feed(&mut self) {
        self.is_over = false;
        if self.y == self.region.start {
            self.scroll_back(1);
        } else {
            self.y = self.y.saturating_sub(1);
        }
    }

    /// Moves the rows that scroll up.
    pub fn scroll(&mut self, count: usize) {
        for _ in 0..count.min(self.region.len()) {
            self.drop_row(self.region.start);
            self.rows.insert(self.region.end - 1, ScreenRow::default());
        }
    }

    /// Moves them down.
    pub fn scroll_back(&mut self, count: usize) {
        for _ in 0..count.min(self.region.len()) {
            self.drop_row(self.region.end - 1);
            self.rows.insert(self.region.start, ScreenRow::default());
        }
    }

    pub fn insert_lines(&mut self, count: usize) {
        self.below_cursor(|screen| screen.scroll_back(count));
    }

    pub fn delete_lines(&mut self, count: usize) {
        self.below_cursor(|screen| screen.scroll(count));
    }

    fn below_cursor(&mut self, change: impl FnOnce(&mut Self)) {
        if self.region.contains(&self.y) {
            let region = self.region.clone();
            self.region = self.y..region.end;
            change(self);
            self.region = region;
        }
    }

    pub fn set_region(&mut self, top: usize, bottom: usize) {
        let end = if bottom == 0 { self.height } else { bottom.min(self.height) };
        let start = top.max(1) - 1;
        if start + 1 < end {
            self.region = start..end;
            self.move_to(0, 0);
        }
    }

    pub fn save(&mut self) {
        self.saved = (self.x, self.y);
    }

    pub fn restore(&mut self) {
        self.move_to(self.saved.0, self.saved.1);
    }

    /// Empties cells of a row. `is_near`: they are where the cursor is, so that what is written there now need not be given.
    pub fn erase(&mut self, y: usize, cells: Range<usize>, is_near: bool) {
        let row = &self.rows[y];
        let cells = cells.start.min(row.cells.len())..cells.end.min(row.cells.len());
        if row.cells[cells.clone()].iter().all(|&c| c == ' ') {
            return;
        }
        match is_near {
            true if self.is_over => {}
            true => self.keep(y),
            false => self.give(y),
        }
        let row = &mut self.rows[y];
        if cells.end == row.cells.len() {
            row.cells.truncate(cells.start);
            row.goes_on = false;
        } else {
            row.cells[cells].fill(' ');
        }
    }

    pub fn erase_line(&mut self, how: usize) {
        match how {
            0 => self.erase(self.y, self.x..usize::MAX, true),
            1 => self.erase(self.y, 0..self.x + 1, false),
            _ => self.erase(self.y, 0..usize::MAX, false),
        }
    }

    pub fn erase_screen(&mut self, how: usize) {
        let rows = match how {
            0 => self.y + 1..self.height,
            1 => 0..self.y,
            _ => 0..self.height,
        };
        if how < 2 {
            self.erase_line(how);
        }
        for y in rows {
            self.erase(y, 0..usize::MAX, false);
        }
    }

    pub fn insert_blanks(&mut self, count: usize) {
        let (x, columns) = (self.x, self.columns);
        let cells = &mut self.rows[self.y].cells;
        if x < cells.len() {
            let count = count.min(columns - x);
            cells.splice(x..x, std::iter::repeat_n(' ', count));
            cells.truncate(columns);
        }
    }

    pub fn delete(&mut self, count: usize) {
        let length = self.rows[self.y].cells.len();
        if self.x < length {
            self.keep(self.y);
            let row = &mut self.rows[self.y];
            row.cells.drain(self.x..length.min(self.x + count));
            // What is left stands together now.
            row.changed += 1;
            row.at = self.now;
        }
    }

    /// Goes to the screen that programs take as a whole, or comes back.
    pub fn other_screen(&mut self, is_other: bool) {
        if is_other == self.other.is_some() {
            return;
        }
        let rows = match self.other.take() {
            Some(rows) => {
                self.leave();
                self.rows = rows;
                self.rows.resize(self.height, ScreenRow::default());
                return self.restore();
            }
            None => VecDeque::from(vec![ScreenRow::default(); self.height]),
        };
        self.save();
        self.other = Some(std::mem::replace(&mut self.rows, rows));
    }

    pub fn reset(&mut self) {
        self.leave();
        self.rows = VecDeque::from(vec![ScreenRow::default(); self.height]);
        (self.region, self.inserts) = (0..self.height, false);
        self.move_to(0, 0);
    }

    /// Lets all rows leave, those of the other screen as well.
    pub fn leave(&mut self) {
        loop {
            for y in 0..self.rows.len() {
                let mut row = std::mem::take(&mut self.rows[y]);
                self.left(&mut row);
            }
            self.end_line();
            match self.other.take() {
                Some(rows) => self.rows = rows,
                None => return,
            }
        }
    }

    /// Takes a row out.
    fn drop_row(&mut self, y: usize) {
        if let Some(mut row) = self.rows.remove(y) {
            self.left(&mut row);
            if y > 0 {
                self.end_line();
            }
        }
    }

    /// Gives what leaves.
    fn left(&mut self, row: &mut ScreenRow) {
        let before = row.before.take();
        let is_news = row.changed > 0;
        if !is_news && before.is_none() && !row.goes_on && self.leaving.is_none() {
            return;
        }
        let line = self.leaving.get_or_insert_default();
        line.text.push_str(&row.text());
        line.at = line.at.max(row.at);
        line.is_news |= is_news;
        line.rows += 1;
        line.before.extend(before);
        if !row.goes_on {
            self.end_line();
        } else if line.rows == MAX_JOINED_ROWS {
            let next = Leaving { is_news: line.is_news, ..Leaving::default() };
            let line = std::mem::replace(line, next);
            self.push(line, "");
        }
    }

    fn end_line(&mut self) {
        if let Some(line) = self.leaving.take() {
            self.push(line, "\n");
        }
    }

    /// Gives a line if it is news, and what it said before unless it was only corrected.
    fn push(&mut self, line: Leaving, end: &str) {
        let mut is_news = line.is_news;
        for before in line.before {
            match is_line_corrected(&before.text, &line.text) {
                true => is_news = true,
                false => self.lines.push_back(ScreenLine { text: before.text + "\n", at: before.at }),
            }
        }
        if is_news {
            self.lines.push_back(ScreenLine { text: line.text + end, at: line.at });
        }
    }

    /// Gives the line that a row belongs to, if that is news.
    fn give(&mut self, y: usize) {
        let rows = self.line_around(y);
        let before = self.rows[rows.start].before.take();
        if self.rows[y].changed < NEWS && before.is_none() {
            return;
        }
        let (line, is_news) = self.news(y, rows);
        if is_news || before.is_some() {
            self.end_line();
            let before = before.into_iter().collect();
            self.push(Leaving { text: line.text, at: line.at, is_news, before, rows: 0 }, "\n");
        }
    }

    /// Keeps what the line says that a row belongs to, before it is written on. It is given with what it comes to, unless it
    /// was only corrected.
    fn keep(&mut self, y: usize) {
        if self.rows[y].changed < NEWS {
            return;
        }
        let rows = self.line_around(y);
        if self.rows.range(rows.clone()).map(|row| row.cells.len()).sum::<usize>() > MAX_EDITED_CELLS {
            return self.give(y);
        }
        let start = rows.start;
        let (line, is_news) = self.news(y, rows);
        if !is_news {
            return;
        }
        let before = self.rows[start].before.take();
        if let Some(before) = before.filter(|before| !is_line_corrected(&before.text, &line.text)) {
            self.end_line();
            self.lines.push_back(ScreenLine { text: before.text + "\n", at: before.at });
        }
        self.rows[start].before = Some(line);
    }

    /// What some rows say that are one line, and whether that is not what they said before. `y`: the one that is changed.
    fn news(&mut self, y: usize, rows: Range<usize>) -> (ScreenLine, bool) {
        let has_changed = self.rows[y].changed >= NEWS;
        let (mut text, mut at) = (String::new(), 0f64);
        for row in self.rows.range_mut(rows.clone()) {
            text.push_str(&row.text());
            at = at.max(row.at);
            row.changed = if has_changed { 0 } else { row.changed };
        }
        let given = &mut self.rows[rows.start].given;
        let (same, longer) = (given.chars().zip(text.chars()), given.len().abs_diff(text.len()));
        let is_news = has_changed && same.filter(|(old, new)| old != new).count() + longer >= NEWS;
        if is_news {
            given.clone_from(&text);
        }
        (ScreenLine { text, at }, is_news)
    }

    /// The rows that are one line with a row.
    fn line_around(&self, y: usize) -> Range<usize> {
        let is_joined = |y: usize| self.rows[y].goes_on;
        let start =
            (y.saturating_sub(MAX_JOINED_ROWS)..y).rev().find(|&y| !is_joined(y)).map_or(0, |y| y + 1);
        let start = start.max(y.saturating_sub(MAX_JOINED_ROWS));
        let last = self.rows.len() - 1;
        let end = (y..last.min(y + MAX_JOINED_ROWS))
            .find(|&y| !is_joined(y))
            .unwrap_or(last.min(y + MAX_JOINED_ROWS));
        start..end + 1
    }

    /// What the line says that the cursor is on.
    pub fn current(&self) -> String {
        self.rows.range(self.line_around(self.y)).map(ScreenRow::text).collect()
    }

    /// Gives a text that stands elsewhere.
    pub fn say(&mut self, text: &str) {
        self.end_line();
        self.lines.push_back(ScreenLine { text: format!("{text}\n"), at: self.now });
    }
}

fn is_line_corrected(old: &str, new: &str) -> bool {
    let characters = |line: &str| line.chars().collect::<Vec<_>>();
    is_corrected(&characters(old.trim_end()), &characters(new))
}
