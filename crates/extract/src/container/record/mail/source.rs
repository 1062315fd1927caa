//! A mailbox, line by line: which lines are one message, whatever its size.

use std::io::{self, BufRead};

/// A longer line is given in pieces of this size, in bytes.
const MAX_LINE_BYTES: usize = 64 << 10;

/// A line, or a piece of one that is too long.
#[derive(Clone, Copy, Debug)]
pub struct MailLine<'s> {
    /// What it says, its end included.
    pub bytes: &'s [u8],
    /// Whether it starts where a line starts.
    pub starts: bool,
}

/// The lines of a mailbox, or of one mail.
pub struct MailLines<R> {
    input: R,
    line: Vec<u8>,
    /// Whether a `From ` line starts a message.
    is_mailbox: bool,
    /// What `line` holds starts where a line starts, and so does what comes next.
    starts: bool,
    next_starts: bool,
    /// The line before was empty, or there was none.
    after_blank: bool,
    /// `line` is to be given once more.
    again: bool,
    /// The message is over.
    over: bool,
}

impl<R: BufRead> MailLines<R> {
    /// Reads messages; only one if it is no mailbox.
    pub fn new(input: R, is_mailbox: bool) -> Self {
        MailLines {
            input,
            line: Vec::new(),
            is_mailbox,
            starts: true,
            next_starts: true,
            after_blank: true,
            again: false,
            over: false,
        }
    }

    /// Goes to the next message of a mailbox; says whether there is one.
    pub fn next_message(&mut self) -> io::Result<bool> {
        while self.line()?.is_some() {}
        self.over = false;
        self.again = false;
        Ok(!self.line.is_empty())
    }

    /// The next line of the message, its end included; `None` behind the last.
    pub fn line(&mut self) -> io::Result<Option<MailLine<'_>>> {
        if std::mem::take(&mut self.again) {
            return Ok(Some(self.last()));
        }
        if self.over {
            return Ok(None);
        }
        self.starts = self.next_starts;
        if self.starts {
            self.after_blank = self.line.is_empty() || matches!(self.line[..], [b'\n'] | [b'\r', b'\n']);
        }
        self.line.clear();
        self.fill()?;
        self.next_starts = self.line.ends_with(b"\n");
        let is_first = self.is_mailbox && self.starts && self.after_blank && is_from_line(&self.line);
        self.over = self.line.is_empty() || is_first;
        Ok((!self.over).then(|| self.last()))
    }

    /// Gives the last line once more.
    pub fn unread(&mut self) {
        self.again = true;
    }

    fn last(&self) -> MailLine<'_> {
        MailLine { bytes: &self.line, starts: self.starts }
    }

    fn fill(&mut self) -> io::Result<()> {
        loop {
            let buffer = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                buffer => buffer?,
            };
            let most = &buffer[..buffer.len().min(MAX_LINE_BYTES - self.line.len())];
            let end = memchr::memchr(b'\n', most).map(|end| end + 1);
            let length = end.unwrap_or(most.len());
            self.line.extend_from_slice(&most[..length]);
            self.input.consume(length);
            if length == 0 || end.is_some() || self.line.len() == MAX_LINE_BYTES {
                return Ok(());
            }
        }
    }
}

const MONTHS: [&[u8]; 12] = [
    b" Jan ", b" Feb ", b" Mar ", b" Apr ", b" May ", b" Jun ", b" Jul ", b" Aug ", b" Sep ", b" Oct ",
    b" Nov ", b" Dec ",
];

/// Whether a line is the first of a message in a mailbox (RFC 4155, appendix A): `From `, a sender, and a time.
pub fn is_from_line(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let rest = &rest[..rest.len().min(256)];
    let is_time = |w: &[u8]| w[2] == b':' && [0, 1, 3, 4].iter().all(|&at| w[at].is_ascii_digit());
    let has_month = || MONTHS.iter().any(|month| memchr::memmem::find(rest, month).is_some());
    rest.windows(5).any(is_time) && has_month()
}
