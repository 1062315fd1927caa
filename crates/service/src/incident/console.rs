//! The person at the terminal: says what is done on standard error, asks, takes a secret at a hidden prompt, and hears
//! Ctrl-C. Takes lines and questions, gives answers; masks every known token in what it says.

use super::terminal_text::{self, Tone};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use krea_scan_token::Token;
use krea_scan_token::lines::harmless;
use krea_scan_token::mask::{Masker, TextKind};
use krea_scan_token::stderr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use zeroize::Zeroizing;

/// How often the program looks whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// A longer answer is none, in bytes.
const MAX_ANSWER_BYTES: u64 = 8192;
/// How long Ctrl-C may take to end the process.
const INTERRUPT: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there to answer.
    #[error("nobody can be asked here, there is no terminal: {0}")]
    NoTerminal(&'static str),
    /// Standard input ended, or the terminal is gone.
    #[error("no answer: {0}")]
    Broken(io::Error),
    /// An empty line.
    #[error("nothing was given")]
    Empty,
    /// An endless line.
    #[error("it is far too long")]
    TooLong,
}

/// How to speak and to ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsoleOptions {
    /// Questions are answered with yes.
    pub yes: bool,
    /// Only what must be said is said.
    pub quiet: bool,
    /// A line may change in place while something is waited for.
    pub progress: bool,
    /// Words may be coloured.
    pub color: bool,
    /// Standard input is the scan's, so no answers come from there.
    pub stdin_is_taken: bool,
}

/// Where answers come from, and where words go.
pub struct Console {
    is_terminal: bool,
    manner: ConsoleOptions,
    known: Mutex<Vec<Token>>,
    piped: Mutex<Option<BufReader<io::Stdin>>>,
}

impl Console {
    /// The terminal that the program was started from, if it was.
    pub fn new(manner: ConsoleOptions) -> Console {
        Console {
            is_terminal: io::stderr().is_terminal() && terminal().is_some(),
            manner,
            known: Mutex::default(),
            piped: Mutex::default(),
        }
    }

    /// Whether somebody can be asked.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether `--yes` was given.
    pub fn says_yes(&self) -> bool {
        self.manner.yes
    }

    /// Whether a secret is a line of standard input: then nobody can be asked for another one.
    pub fn is_piped(&self) -> bool {
        !self.manner.stdin_is_taken && !io::stdin().is_terminal()
    }

    /// From now on, this token is masked in whatever is said.
    pub fn hide(&self, token: &Token) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
    }

    /// Says a line, or several.
    pub fn say(&self, text: impl AsRef<str>) {
        self.say_as(Tone::Plain, text);
    }

    /// Says it in a colour.
    pub fn say_as(&self, tone: Tone, text: impl AsRef<str>) {
        if !self.manner.quiet {
            self.insist_as(tone, text);
        }
    }

    /// Says what even `--quiet` must not hide.
    pub fn print_always(&self, text: impl AsRef<str>) {
        self.insist_as(Tone::Plain, text);
    }

    /// Says in a colour what even `--quiet` must not hide.
    pub fn insist_as(&self, tone: Tone, text: impl AsRef<str>) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = fitted(&Masker::new(known.iter()).mask(text.as_ref(), TextKind::Name));
        if self.manner.color {
            text = terminal_text::paint(&text, tone);
        }
        stderr::say(&text);
    }

    /// Shows an address that is to be opened, whole and in one line. What looks like a secret in it is what a sign-in begins
    /// with, and of use to nobody else.
    pub fn show_address(&self, address: &str) {
        let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
        stderr::say(&if is_plain {
            format!("\n    {address}\n")
        } else {
            "    (it cannot be shown)".to_owned()
        });
    }

    /// Asks a question that takes yes or no; `--yes` answers it.
    ///
    /// # Errors
    /// Nobody to ask.
    pub fn confirm(&self, question: &str, otherwise: &'static str) -> Result<bool, AskError> {
        if self.manner.yes {
            return Ok(true);
        }
        if !self.is_terminal {
            return Err(AskError::NoTerminal(otherwise));
        }
        let mut terminal = terminal().ok_or(AskError::NoTerminal(otherwise))?;
        stderr::prompt(&format!("{question} [y/N] "));
        let answer = line(&mut terminal)?.unwrap_or_default();
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// A line that was typed at the terminal since it was last asked for. Waits for nothing.
    pub fn typed_line(&self) -> Option<String> {
        if !self.is_terminal {
            return None;
        }
        #[cfg(unix)]
        {
            use rustix::event::{PollFd, PollFlags, poll};
            let mut terminal = terminal_file()?;
            let mut ready = [PollFd::new(&terminal, PollFlags::IN)];
            let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
            if poll(&mut ready, Some(&now)).ok()? == 0 {
                return None;
            }
            // A terminal gives one line at a time.
            let mut text = vec![0; MAX_ANSWER_BYTES as usize];
            let read = terminal.read(&mut text).ok()?;
            Some(String::from_utf8_lossy(&text[..read]).into_owned())
        }
        #[cfg(not(unix))]
        None
    }

    /// Takes a secret: at the terminal without showing it, else a line of standard input.
    ///
    /// # Errors
    /// Nobody to ask, and nothing on standard input.
    pub fn secret(&self, prompt: &str, otherwise: &'static str) -> Result<Zeroizing<String>, AskError> {
        if !self.is_piped() {
            if !self.is_terminal {
                return Err(AskError::NoTerminal(otherwise));
            }
            // What was typed or pasted before the question is no answer to it, and what is left of a paste of several
            // lines must not reach the next question, or the shell.
            discard_typed();
            let answer = rpassword::prompt_password(harmless(prompt, false));
            discard_typed();
            return match answer {
                Ok(text) => trimmed(&Zeroizing::new(text)),
                Err(error) => {
                    if error.kind() == io::ErrorKind::Interrupted {
                        // Ctrl-C: whoever hears it ends the process, and nothing is to be done until then.
                        thread::sleep(INTERRUPT);
                    }
                    Err(AskError::Broken(error))
                }
            };
        }
        let mut piped = self.piped.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = piped.get_or_insert_with(|| BufReader::new(io::stdin()));
        match line(reader)? {
            Some(text) => trimmed(&text),
            None => Err(AskError::NoTerminal(otherwise)),
        }
    }

    /// A line that changes in place while something is waited for; hidden without a terminal that can do that.
    pub fn spinner(&self) -> ProgressBar {
        if !self.is_terminal || self.manner.quiet || !self.manner.progress {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

fn trimmed(text: &str) -> Result<Zeroizing<String>, AskError> {
    let text = text.trim();
    match text.is_empty() {
        true => Err(AskError::Empty),
        false => Ok(Zeroizing::new(text.to_owned())),
    }
}

/// The next line; `None` at the end.
fn line(reader: &mut impl BufRead) -> Result<Option<Zeroizing<String>>, AskError> {
    let mut text = Zeroizing::new(String::new());
    match reader.take(MAX_ANSWER_BYTES).read_line(&mut text).map_err(AskError::Broken)? {
        0 => Ok(None),
        length if length as u64 == MAX_ANSWER_BYTES => Err(AskError::TooLong),
        _ => Ok(Some(text)),
    }
}

/// The terminal to read from, even where standard input is something else.
fn terminal() -> Option<BufReader<Box<dyn Read>>> {
    if io::stdin().is_terminal() {
        return Some(BufReader::new(Box::new(io::stdin())));
    }
    let device = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
    File::open(device).ok().map(|file| BufReader::new(Box::new(file) as Box<dyn Read>))
}

/// The terminal itself.
#[cfg(unix)]
fn terminal_file() -> Option<File> {
    File::open("/dev/tty").ok()
}

/// Forgets what was typed and not read.
pub(super) fn discard_typed() {
    #[cfg(unix)]
    if let Some(terminal) = terminal_file() {
        // A terminal that is gone has nothing to forget.
        let _ = rustix::termios::tcflush(terminal, rustix::termios::QueueSelector::IFlush);
    }
}

/// The text, with lines as wide as standard error's terminal.
fn fitted(text: &str) -> String {
    match terminal_size::terminal_size_of(io::stderr()) {
        Some((width, _)) => terminal_text::wrap(text, usize::from(width.0)),
        None => text.to_owned(),
    }
}

/// What Ctrl-C, and a request to end, do: nothing is torn apart, and what to do next is said.
pub struct Interrupt {
    /// Set when the program is about to end; requests stop waiting.
    pub stop: Arc<AtomicBool>,
    /// Held while a token exists that is nowhere but in memory.
    critical: Mutex<()>,
    /// What to say.
    next: Mutex<String>,
}

/// The exit code after Ctrl-C, as shells have it: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

impl Interrupt {
    /// Listens for Ctrl-C and for the signals that ask a process to end.
    ///
    /// # Errors
    /// The system has no signals.
    pub fn install() -> Result<Arc<Interrupt>, ctrlc::Error> {
        let interrupt = Arc::new(Interrupt {
            stop: Arc::default(),
            critical: Mutex::default(),
            next: Mutex::new("Nothing was begun, and nothing was changed.".to_owned()),
        });
        let hears = Arc::clone(&interrupt);
        let echo = Echo::now();
        ctrlc::set_handler(move || {
            hears.stop.store(true, Ordering::Relaxed);
            let held = hears.critical.try_lock().unwrap_or_else(|_| {
                stderr::prompt("\nWaiting for an answer, so that no token is lost.\n");
                hears.critical.lock().unwrap_or_else(PoisonError::into_inner)
            });
            echo.restore();
            let next = hears.next.lock().unwrap_or_else(PoisonError::into_inner);
            stderr::prompt(&fitted(&format!("\nInterrupted. {next}\n")));
            drop(held);
            std::process::exit(INTERRUPTED);
        })?;
        Ok(interrupt)
    }

    /// Puts off the end as long as the result lives. When the end was asked for already, nothing begins any more.
    pub fn hold(&self) -> MutexGuard<'_, ()> {
        self.settle();
        self.critical.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns unless the program is about to end; then it waits for that.
    pub fn settle(&self) {
        while self.stop.load(Ordering::Relaxed) {
            thread::sleep(GLANCE);
        }
    }

    /// Says this from now on.
    pub fn says(&self, next: String) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

/// The terminal's settings, which a hidden prompt changes.
struct Echo {
    #[cfg(unix)]
    settings: Option<(File, rustix::termios::Termios)>,
}

impl Echo {
    fn now() -> Echo {
        #[cfg(unix)]
        {
            let settings = terminal_file().and_then(|tty| {
                let settings = rustix::termios::tcgetattr(&tty).ok()?;
                Some((tty, settings))
            });
            Echo { settings }
        }
        #[cfg(not(unix))]
        Echo {}
    }

    fn restore(&self) {
        #[cfg(unix)]
        if let Some((tty, settings)) = &self.settings {
            // A terminal that is gone needs no echo.
            let _ = rustix::termios::tcsetattr(tty, rustix::termios::OptionalActions::Now, settings);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn once_the_end_is_asked_for_nothing_begins() {
        let interrupt =
            Arc::new(Interrupt { stop: Arc::default(), critical: Mutex::default(), next: Mutex::default() });
        drop(interrupt.hold());
        interrupt.settle();
        interrupt.stop.store(true, Ordering::Relaxed);
        let waits: [fn(&Interrupt); 2] = [|interrupt| drop(interrupt.hold()), Interrupt::settle];
        let (sent, began) = channel();
        for (number, wait) in waits.into_iter().enumerate() {
            let (interrupt, sent) = (Arc::clone(&interrupt), sent.clone());
            thread::spawn(move || {
                wait(&interrupt);
                sent.send(number)
            });
        }
        assert!(began.recv_timeout(10 * GLANCE).is_err());
        // Here nobody ends the process.
        interrupt.stop.store(false, Ordering::Relaxed);
        let mut began: Vec<usize> = began.iter().take(2).collect();
        began.sort_unstable();
        assert_eq!(began, [0, 1]);
    }
}
