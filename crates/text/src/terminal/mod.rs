//! What a terminal shows: takes the bytes that programs write to one, gives the lines as they stood on the screen.
//!
//! A line is given when it leaves the screen, and what it said before something on it was overwritten or erased, so that
//! nothing that was to be read at any time is missing, save for a few letters that were corrected. What the terminal wrapped at its width is one line. Only the screen is held in memory.
//! The sequences are those of ECMA-48 and of xterm (<https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>), as far as
//! they move text.

mod screen;

use screen::Screen;
use unicode_width::UnicodeWidthChar;
use vte::{Params, Parser, Perform};

/// A sequence that is longer than this, in bytes, is none.
const MAX_SEQUENCE_BYTES: usize = 1 << 20;
/// So much is written to the screen at once, so that few lines wait to be taken, in bytes.
const SLICE: usize = 512;

/// When fewer characters of a line are lost while it is written on, it was corrected, and only what it comes to counts: so few
/// hold no secret.
const CORRECTED: usize = 16;

/// Whether a line became another one by corrections: few of its characters are lost.
pub fn is_corrected<T: PartialEq>(old: &[T], new: &[T]) -> bool {
    let differing = old.iter().zip(new).filter(|(old, new)| old != new).count();
    let cut = old.len().saturating_sub(new.len());
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(o, n)| o == n).count();
    (differing + cut).min(old.len() - start - end) < CORRECTED
}

/// A line that was to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct ScreenLine {
    /// What it says, with its end unless it goes on.
    pub text: String,
    /// When the last of it was written: what [`Terminal::write`] was told.
    pub at: f64,
}

pub struct Terminal {
    parser: Parser,
    screen: Screen,
    /// How many bytes came since something came of them.
    pending: usize,
}

impl Terminal {
    /// A terminal with so many columns and lines.
    pub fn new(columns: usize, lines: usize) -> Self {
        Terminal { parser: Parser::new(), screen: Screen::new(columns, lines), pending: 0 }
    }

    pub fn resize(&mut self, columns: usize, lines: usize) {
        self.screen.resize(columns, lines);
    }

    /// Lets what is written push aside what stands there, as line editors do.
    pub fn insert(&mut self) {
        self.screen.inserts = true;
    }

    /// Writes bytes, at a time. Gives how many were taken: lines that came of them should be taken before more is written.
    pub fn write(&mut self, bytes: &[u8], at: f64) -> usize {
        let slice = &bytes[..bytes.len().min(SLICE)];
        self.screen.now = at;
        self.screen.has_acted = false;
        self.parser.advance(&mut self.screen, slice);
        self.pending = if self.screen.has_acted { 0 } else { self.pending + slice.len() };
        if self.pending > MAX_SEQUENCE_BYTES {
            (self.parser, self.pending) = (Parser::new(), 0);
        }
        slice.len()
    }

    /// The next line that was to be read.
    pub fn line(&mut self) -> Option<ScreenLine> {
        self.screen.lines.pop_front()
    }

    /// Lets all lines that are on the screen leave it.
    pub fn finish(&mut self) {
        self.screen.leave();
    }

    /// What the line says that the cursor is on.
    pub fn current(&self) -> String {
        self.screen.current()
    }
}

impl Perform for Screen {
    fn print(&mut self, c: char) {
        self.has_acted = true;
        if let Some(width @ 1..) = c.width() {
            self.put(c, width);
        }
    }

    fn execute(&mut self, byte: u8) {
        self.has_acted = true;
        match byte {
            0x08 => self.move_to(self.x.min(self.columns).saturating_sub(1), self.y),
            b'\t' => self.move_to((self.x / 8 + 1) * 8, self.y),
            b'\n' | 0x0b | 0x0c => self.line_feed(),
            b'\r' => self.move_to(0, self.y),
            0x84 => self.line_feed(),
            0x85 => {
                self.move_to(0, self.y);
                self.line_feed();
            }
            _ => {}
        }
    }

    fn hook(&mut self, _: &Params, _: &[u8], _: bool, _: char) {
        self.has_acted = true;
    }

    fn put(&mut self, _: u8) {
        self.has_acted = true;
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _: bool) {
        self.has_acted = true;
        // A title, a link, the clipboard: people see them, too.
        if let [b"0" | b"1" | b"2" | b"8" | b"52", .., text] = params
            && !text.is_empty()
        {
            self.say(&String::from_utf8_lossy(text));
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _: bool, action: char) {
        self.has_acted = true;
        let mut numbers = params.iter().map(|param| usize::from(param.first().copied().unwrap_or(0)));
        let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let count = first.max(1);
        match (intermediates, action) {
            ([], 'A') => self.move_to(self.x, self.y.saturating_sub(count)),
            ([], 'B' | 'e') => self.move_to(self.x, self.y + count),
            ([], 'C' | 'a') => self.move_to(self.x + count, self.y),
            ([], 'D') => self.move_to(self.x.min(self.columns).saturating_sub(count), self.y),
            ([], 'E') => self.move_to(0, self.y + count),
            ([], 'F') => self.move_to(0, self.y.saturating_sub(count)),
            ([], 'G' | '`') => self.move_to(count - 1, self.y),
            ([], 'H' | 'f') => self.move_to(second.max(1) - 1, count - 1),
            ([], 'd') => self.move_to(self.x, count - 1),
            ([], 'J') => self.erase_screen(first),
            ([], 'K') => self.erase_line(first),
            ([], 'X') => self.erase(self.y, self.x..self.x + count, true),
            ([], '@') => self.insert_blanks(count),
            ([], 'P') => self.delete(count),
            ([], 'L') => self.insert_lines(count),
            ([], 'M') => self.delete_lines(count),
            ([], 'S') => self.scroll(count),
            ([], 'T') => self.scroll_back(count),
            ([], 'r') => self.set_region(first, second),
            ([], 's') => self.save(),
            ([], 'u') => self.restore(),
            ([], 'h' | 'l') if first == 4 => self.inserts = action == 'h',
            ([b'?'], 'h' | 'l') => {
                for mode in params.iter().filter_map(|param| param.first()) {
                    if matches!(mode, 47 | 1047 | 1049) {
                        self.other_screen(action == 'h');
                    }
                }
            }
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _: bool, byte: u8) {
        self.has_acted = true;
        match (intermediates, byte) {
            ([], b'7') => self.save(),
            ([], b'8') => self.restore(),
            ([], b'D') => self.line_feed(),
            ([], b'E') => {
                self.move_to(0, self.y);
                self.line_feed();
            }
            ([], b'M') => self.reverse_line_feed(),
            ([], b'c') => self.reset(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that a terminal of ten columns and three lines shows.
    fn shown(bytes: &str) -> String {
        shown_in(10, bytes)
    }

    fn shown_in(columns: usize, bytes: &str) -> String {
        let mut terminal = Terminal::new(columns, 3);
        let (mut rest, mut text) = (bytes.as_bytes(), String::new());
        loop {
            while let Some(line) = terminal.line() {
                text.push_str(&line.text);
            }
            if rest.is_empty() {
                break;
            }
            rest = &rest[terminal.write(rest, 0.0)..];
        }
        terminal.finish();
        while let Some(line) = terminal.line() {
            text.push_str(&line.text);
        }
        text
    }

    #[test]
    fn lines_are_given_as_they_stood() {
        assert_eq!(shown("one\r\ntwo\r\n\r\nthree"), "one\ntwo\nthree\n");
        assert_eq!(shown("\x1b[1;32mgreen\x1b[0m \x1b]0;title\x07text"), "title\ngreen text\n");
        assert_eq!(shown("a\tb"), "a       b\n");
        assert_eq!(shown("\x1b[2;3Hin\x1b[1;1Hat"), "at\n  in\n");
    }

    #[test]
    fn what_is_wrapped_is_one_line() {
        let long = "0123456789".repeat(7);
        assert_eq!(shown(&format!("{long}abc\r\nend")), format!("{long}abc\nend\n"));
        // As bash does at the last column.
        assert_eq!(shown("012345678X \rYZ\r\nend"), "012345678XYZ\nend\n");
        // As line editors do that go back to the first row of what they wrote.
        assert_eq!(shown("0123456789abc\x1b[A\r\n\r\nend"), "0123456789abc\nend\n");
        // What is written there later goes on only if it is wrapped itself.
        let (old, new) = ("0123456789".repeat(2), "abcdefghij".repeat(2));
        let written = format!("{old}abc\x1b[H{new}\r\nxyz");
        assert_eq!(shown_in(20, &written), format!("{old}abc\n{new}\nxyz\n"));
        // Ten columns that the program ended itself are a line.
        assert_eq!(shown("0123456789\r\nabc"), "0123456789\nabc\n");
    }

    #[test]
    fn typing_leaves_what_it_comes_to() {
        assert_eq!(shown("$ lz\x08 \x08s\r\n"), "$ ls\n");
        assert_eq!(shown("$ ac\x08\x1b[@b\r\n"), "$ abc\n");
        assert_eq!(shown("$ abxc\x08\x08\x1b[P\r\n"), "$ abc\n");
    }

    #[test]
    fn what_is_corrected_is_given_as_it_ends_up() {
        let shown = |bytes: &str| shown_in(60, bytes);
        let long = "0123456789".repeat(3);
        let back = |count: usize| "\x08 \x08".repeat(count);
        for (typed, end) in [
            // Letter by letter, as the kernel erases and as readline does.
            (format!("$ {long}wrong{}right", back(5)), format!("{long}right")),
            (format!("$ {long}abc\x08\x1b[K\x08\x1b[K{long}"), format!("{long}a{long}")),
            // In the middle: over another letter, pushed in, taken out.
            (format!("$ {long}x56789\x1b[6D4\x1b[5Cabcdefgh"), format!("{long}456789abcdefgh")),
            (
                format!("$ {long}56789\x08\x08\x08\x08\x08\x1b[1@4\x1b[5Cabcdefgh"),
                format!("{long}456789abcdefgh"),
            ),
            (format!("$ {long}4x56789\x1b[6D\x1b[P\x1b[5Cabcdefgh"), format!("{long}456789abcdefgh")),
            // Twice, with more typed between.
            (format!("$ abcdefghx{}{long}y{}ijklmnop", back(1), back(1)), format!("abcdefgh{long}ijklmnop")),
            // Written over two rows, the second one corrected.
            (format!("$ {long}{long}wrong{}right", back(3)), format!("{long}{long}wrright")),
        ] {
            assert_eq!(shown(&format!("{typed}\r\n")), format!("$ {end}\n"), "{typed:?}");
        }
        // What gave way as a whole was to be read, too.
        let words = format!("$ {long}{}ls -la here\r\n", back(30));
        assert_eq!(shown(&words), format!("$ {long}\n$ ls -la here\n"));
        let cleared = format!("$ {long}x{}y\x1b[2Jend", back(1));
        assert_eq!(shown(&cleared).lines().next(), Some(&*format!("$ {long}y")));
    }

    #[test]
    fn what_was_there_for_a_moment_is_given() {
        assert_eq!(shown("the secret\x1b[2J\x1b[Hafter"), "the secret\nafter\n");
        let (secret, other) = ("the secret of nobody", "NOT AT ALL FOR YOU");
        for between in ["\r\x1b[K", "\r", "\r\x1b[20C\x1b[1K\x1b[1G"] {
            let text = shown_in(40, &format!("{secret}{between}{other}\r\n"));
            assert_eq!(text.lines().next(), Some(secret), "{between:?}");
            assert!(text.contains(other), "{between:?}");
        }
        assert_eq!(shown("before\x1b[?1049h\x1b[Hinside\x1b[?1049l"), "inside\nbefore\n");
        assert_eq!(shown("a\r\nb\r\nc\x1b[1;1H\x1b[Mx"), "a\nx\nc\n");
    }

    #[test]
    fn what_turns_or_counts_is_given_once() {
        let turning = "a secret-".to_owned() + &"\x08/\x08-\x08|".repeat(100);
        assert!(shown(&turning).matches("a secret").count() <= 2);
        let counting: String = (10..99).map(|n| format!("\r{n}% done!")).collect();
        assert!(shown(&counting).matches("done!").count() <= 2);
    }

    #[test]
    fn nothing_makes_it_grow() {
        let mut terminal = Terminal::new(usize::MAX, usize::MAX);
        for bytes in [&b"\x1b]0;"[..], b"\x1b[99999;99999H\x1b[99999L\x1b[99999@x", b"\x1bP"] {
            terminal.write(bytes, 0.0);
            for _ in 0..10_000 {
                terminal.write(&[b'x'; SLICE], 0.0);
                while terminal.line().is_some() {}
            }
            assert!(terminal.pending <= MAX_SEQUENCE_BYTES + SLICE);
        }
    }
}
