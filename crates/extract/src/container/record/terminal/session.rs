//! What happens in a recording, turned into lines: what programs wrote, as the screen showed it, and what a person typed
//! that the screen did not show.

use crate::container::segments::{SegmentSource, TextSegment};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::terminal::{ScreenLine, Terminal};
use std::collections::VecDeque;
use std::io;

/// The size of a terminal that nobody knows.
const COLUMNS: usize = 80;
const LINES: usize = 24;

/// Something that happens.
#[derive(Debug)]
pub enum SessionEvent {
    /// A program writes.
    Output(Vec<u8>),
    /// A person types.
    Input(Vec<u8>),
    /// A person marks a place.
    Mark(String),
    /// The terminal has so many columns and lines from now on.
    Size(usize, usize),
}

/// Gives what happens, one after the other.
pub trait NextEvent {
    /// The next event and when it happens, in seconds, where that is known.
    ///
    /// # Errors
    /// What the recording answers.
    fn next_event(&mut self) -> io::Result<Option<(Option<f64>, SessionEvent)>>;
}

/// A recording as a text.
pub struct Session<E> {
    events: E,
    output: Terminal,
    input: Terminal,
    /// What is being written: to which of them, how far, and when.
    writing: Option<(bool, Vec<u8>, usize)>,
    at: f64,
    has_times: bool,
    ready: VecDeque<ScreenLine>,
    is_over: bool,
}

impl<E: NextEvent> Session<E> {
    pub fn new(events: E) -> Self {
        let mut input = Terminal::new(usize::MAX, 1);
        input.insert();
        Session {
            events,
            output: Terminal::new(COLUMNS, LINES),
            input,
            writing: None,
            at: 0.0,
            has_times: false,
            ready: VecDeque::new(),
            is_over: false,
        }
    }

    /// Does the next thing that there is to do.
    fn step(&mut self) -> io::Result<()> {
        if let Some((is_input, bytes, from)) = &mut self.writing {
            let terminal = if *is_input { &mut self.input } else { &mut self.output };
            *from += terminal.write(&bytes[*from..], self.at);
            if *from == bytes.len() {
                self.writing = None;
            }
        } else {
            match self.events.next_event()? {
                None => {
                    self.is_over = true;
                    self.output.finish();
                    self.input.finish();
                }
                Some((at, event)) => {
                    self.has_times |= at.is_some();
                    self.at = at.unwrap_or(self.at);
                    self.begin(event);
                }
            }
        }
        self.ready.extend(std::iter::from_fn(|| self.output.line()));
        while let Some(line) = self.input.line() {
            self.typed(line);
        }
        Ok(())
    }

    fn begin(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::Output(bytes) => self.writing = Some((false, bytes, 0)),
            SessionEvent::Input(bytes) => self.writing = Some((true, keys(&bytes), 0)),
            SessionEvent::Size(columns, lines) => self.output.resize(columns, lines),
            SessionEvent::Mark(text) => {
                self.ready.push_back(ScreenLine { text: format!("{text}\n"), at: self.at })
            }
        }
    }

    /// A line that was typed. If the screen showed it, it is there already. Otherwise it is told with what asked for it.
    fn typed(&mut self, line: ScreenLine) {
        let shown = self.output.current();
        if !line.text.trim().is_empty() && !shown.contains(line.text.trim()) {
            self.ready
                .push_back(ScreenLine { text: format!("{} {}", shown.trim_end(), line.text), at: line.at });
        }
    }
}

/// What keys that were hit come to, for a terminal that shows them: a line's end, and a character taken back.
fn keys(bytes: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            // Enter, and what gives a line up.
            b'\r' | b'\n' | 3 | 0x15 => written.extend_from_slice(b"\r\n"),
            0x7f | 8 => written.extend_from_slice(b"\x08\x1b[P"),
            byte => written.push(byte),
        }
    }
    written
}

impl<E: NextEvent> SegmentSource for Session<E> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                segment.text.extend_from_slice(line.text.as_bytes());
                segment.part =
                    self.has_times.then(|| Layer::named(LayerKind::Event, &format!("at {:.1} s", line.at)));
                return Ok(true);
            }
            if self.is_over {
                return Ok(false);
            }
            self.step()?;
        }
    }
}
