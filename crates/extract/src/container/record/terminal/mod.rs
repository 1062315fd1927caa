//! Recordings of terminals: the lines as they stood on the screen, and when. asciinema's casts, the typescripts of
//! `script`, and `ttyrec`.

mod cast;
mod session;
mod typescript;

use crate::container::{Seekable, Walk};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use session::Session;
use std::io::{self, BufReader};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingFormat {
    /// asciinema's, a line an event.
    Cast,
    /// asciinema's first format, which is one JSON value.
    FirstCast,
    /// What `script` writes.
    Typescript,
    /// What `ttyrec` writes.
    Ttyrec,
}

impl RecordingFormat {
    /// What a file is.
    pub fn of(head: &[u8], name: &str) -> Option<Self> {
        match head.first()? {
            b'{' => cast::of(head),
            b'S' if head.starts_with(typescript::START) => Some(RecordingFormat::Typescript),
            _ if name.ends_with(".ttyrec") && typescript::is_ttyrec(head) => Some(RecordingFormat::Ttyrec),
            _ => None,
        }
    }
}

pub fn read_recording(
    walk: &mut Walk<'_>,
    format: RecordingFormat,
    input: &mut dyn Seekable,
) -> io::Result<()> {
    let mut input = BufReader::new(input);
    match format {
        RecordingFormat::Cast => {
            let (events, unread) = cast::Events::new(&mut input)?;
            walk.segments(Layer::named(LayerKind::Terminal, ""), "terminal.txt", Session::new(events))?;
            if unread.get() > 0 {
                let lines = unread.get();
                walk.unread(&format!(
                    "{lines} of its lines are no events of a cast; they were read as they are"
                ));
            }
            Ok(())
        }
        RecordingFormat::FirstCast => {
            let memory = walk.memory;
            let _held = memory.take(cast::MAX_FIRST_EVENT_BYTES)?;
            let events = cast::first(&mut input)?;
            walk.segments(Layer::named(LayerKind::Terminal, ""), "terminal.txt", Session::new(events))
        }
        RecordingFormat::Typescript => {
            let session = Session::new(typescript::Typescript::new(&mut input));
            walk.segments(Layer::named(LayerKind::Terminal, ""), "terminal.txt", session)
        }
        RecordingFormat::Ttyrec => {
            let session = Session::new(typescript::Ttyrec::new(&mut input));
            walk.segments(Layer::named(LayerKind::Terminal, ""), "terminal.txt", session)
        }
    }
}
