//! What the drill shows: numbered steps, commands, words. Pauses for reading and colours are for terminals; Ctrl-C ends
//! every wait.

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// After each step, at a terminal.
const READING: Duration = Duration::from_millis(700);
/// How often a wait looks whether it is to end.
pub const POLL: Duration = Duration::from_millis(10);

/// Standard output.
pub struct Screen {
    is_terminal: bool,
    colours: bool,
    steps: Cell<usize>,
    stop: Arc<AtomicBool>,
}

impl Screen {
    /// Listens for Ctrl-C from now on.
    pub fn new() -> Result<Screen> {
        let stop = Arc::new(AtomicBool::new(false));
        let hears = Arc::clone(&stop);
        ctrlc::set_handler(move || hears.store(true, Ordering::Relaxed))
            .context("cannot listen for Ctrl-C")?;
        let is_terminal = io::stdout().is_terminal();
        let colours = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Ok(Screen { is_terminal, colours, steps: Cell::new(0), stop })
    }

    /// Whether somebody looks, and can be asked.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether Ctrl-C was pressed.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A line, or several.
    pub fn line(&self, text: &str) {
        // Nobody may be looking; the exit code tells it as well.
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// The heading of the next step, after some time for what is on screen.
    pub fn step(&self, title: &str) {
        if self.is_terminal {
            self.pause(READING);
        }
        self.steps.set(self.steps.get() + 1);
        let heading = format!("{}. {title}", self.steps.get());
        self.line(&format!("\n{}", self.paint(AnsiColor::Cyan.on_default().bold(), &heading)));
    }

    /// A command that is about to run.
    pub fn command(&self, text: &str) {
        self.line(&self.paint(Style::new().bold(), &format!("$ {text}")));
    }

    /// Waits for so long, or until Ctrl-C.
    pub fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.is_stopped() {
            thread::sleep(POLL);
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
