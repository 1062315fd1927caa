//! asciinema's recordings: <https://docs.asciinema.org/manual/asciicast/v3/>, and v2 and v1 beside it.

use super::RecordingFormat;
use super::session::{NextEvent, SessionEvent};
use krea_scan_bounds::read_error::ReadError;
use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// The longest line that is an event, in bytes.
const MAX_LINE_BYTES: u64 = 8 << 20;
/// The largest recording of the first format that is taken apart, in bytes.
pub const MAX_FIRST_EVENT_BYTES: u64 = 32 << 20;

/// Which of asciinema's formats a file is.
pub fn of(head: &[u8]) -> Option<RecordingFormat> {
    let start = &head[..head.len().min(256)];
    let number = memmem::find(start, b"\"version\"")? + 9;
    let version = start[number..].iter().find(|byte| !b" :\t\r\n".contains(byte))?;
    let has = |name: &[u8]| memmem::find(head, name).is_some();
    match version {
        b'1' if has(b"\"stdout\"") || has(b"\"duration\"") && has(b"\"width\"") => {
            Some(RecordingFormat::FirstCast)
        }
        b'2' if has(b"\"width\"") && has(b"\"height\"") => Some(RecordingFormat::Cast),
        b'3' if has(b"\"term\"") => Some(RecordingFormat::Cast),
        _ => None,
    }
}

/// The first line.
#[derive(Deserialize)]
struct CastHeader {
    version: u8,
    width: Option<usize>,
    height: Option<usize>,
    term: Option<Term>,
}

#[derive(Deserialize)]
struct Term {
    cols: Option<usize>,
    rows: Option<usize>,
}

/// The events of a recording that has one a line.
pub struct Events<'i, R> {
    input: &'i mut R,
    line: Vec<u8>,
    size: Option<SessionEvent>,
    /// Times are those since the event before.
    is_relative: bool,
    at: f64,
    /// How many lines are no events.
    unread: Rc<Cell<u64>>,
}

impl<'i, R: BufRead> Events<'i, R> {
    /// Reads the header. Gives the lines that are no events, counted while they are read.
    pub fn new(input: &'i mut R) -> io::Result<(Self, Rc<Cell<u64>>)> {
        let unread = Rc::default();
        let mut events = Events {
            input,
            line: Vec::new(),
            size: None,
            is_relative: false,
            at: 0.0,
            unread: Rc::clone(&unread),
        };
        events.next_line()?;
        match serde_json::from_slice::<CastHeader>(&events.line) {
            Ok(CastHeader { version, width, height, term }) => {
                let (columns, lines) = match term {
                    Some(term) => (term.cols, term.rows),
                    None => (width, height),
                };
                events.is_relative = version > 2;
                events.size = columns.zip(lines).map(|(columns, lines)| SessionEvent::Size(columns, lines));
            }
            Err(_) => unread.set(1),
        }
        Ok((events, unread))
    }

    /// Reads a line; an empty one is the end. What is too long is passed over.
    fn next_line(&mut self) -> io::Result<()> {
        self.line.clear();
        self.input.take(MAX_LINE_BYTES).read_until(b'\n', &mut self.line)?;
        let is_cut = self.line.len() as u64 == MAX_LINE_BYTES && !self.line.ends_with(b"\n");
        while is_cut && !self.line.is_empty() && !self.line.ends_with(b"\n") {
            self.line.clear();
            self.input.take(MAX_LINE_BYTES).read_until(b'\n', &mut self.line)?;
        }
        if is_cut {
            self.line.clear();
            self.line.extend_from_slice(b"too long");
        }
        Ok(())
    }
}

impl<R: BufRead> NextEvent for Events<'_, R> {
    fn next_event(&mut self) -> io::Result<Option<(Option<f64>, SessionEvent)>> {
        if let Some(size) = self.size.take() {
            return Ok(Some((None, size)));
        }
        loop {
            self.next_line()?;
            if self.line.is_empty() {
                return Ok(None);
            }
            let line = self.line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let Ok((time, code, data)) = serde_json::from_slice::<(f64, String, Value)>(line) else {
                self.unread.set(self.unread.get() + 1);
                continue;
            };
            self.at = if self.is_relative { self.at + time } else { time };
            let text = match data {
                Value::String(text) => text,
                _ => continue,
            };
            let event = match code.as_str() {
                "o" => SessionEvent::Output(text.into_bytes()),
                "i" => SessionEvent::Input(text.into_bytes()),
                "m" => SessionEvent::Mark(text),
                "r" => match text.split_once('x').and_then(|(x, y)| x.parse().ok().zip(y.parse().ok())) {
                    Some((columns, lines)) => SessionEvent::Size(columns, lines),
                    None => continue,
                },
                _ => continue,
            };
            return Ok(Some((Some(self.at), event)));
        }
    }
}

/// A recording of the first format.
#[derive(Deserialize)]
struct FirstCast {
    width: Option<usize>,
    height: Option<usize>,
    stdout: Vec<(f64, String)>,
}

/// The events of a recording of the first format.
pub fn first(input: &mut impl Read) -> io::Result<impl NextEvent> {
    let mut bytes = Vec::new();
    input.take(MAX_FIRST_EVENT_BYTES / 2).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == MAX_FIRST_EVENT_BYTES / 2 {
        let most = MAX_FIRST_EVENT_BYTES >> 21;
        let reason = format!(
            "is larger than {most} MB and in asciinema's first format; `asciinema convert` it and scan that"
        );
        return Err(ReadError::new(reason).into());
    }
    let first: FirstCast = serde_json::from_slice(&bytes)?;
    let size =
        first.width.zip(first.height).map(|(columns, lines)| (None, SessionEvent::Size(columns, lines)));
    let mut at = 0.0;
    let events = first.stdout.into_iter().map(move |(delay, text)| {
        at += delay;
        (Some(at), SessionEvent::Output(text.into_bytes()))
    });
    Ok(Several(size.into_iter().chain(events)))
}

struct Several<I>(I);

impl<I: Iterator<Item = (Option<f64>, SessionEvent)>> NextEvent for Several<I> {
    fn next_event(&mut self) -> io::Result<Option<(Option<f64>, SessionEvent)>> {
        Ok(self.0.next())
    }
}
