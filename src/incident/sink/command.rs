//! The sink `command:`: a shell command that reads the token from its standard input.
//!
//! Takes the command's text and a [`Delivery`], gives a [`Stored`] when the command ends with exit status 0. The token is
//! in no argument and no environment, and what a command prints is shown with the token masked. A command is never
//! left running: one that takes too long is killed with all that it started.

use super::{Delivery, SinkError, Stored};
use crate::escape::visible;
use crate::finding::Token;
use crate::krea::CREDENTIAL_ENV;
use crate::mask::{FRAGMENT_CHARS, Masker};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, PipeReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How much of what a command printed is shown, of each stream.
const SHOWN_BYTES: usize = 4 << 10;
/// And of that, how many lines.
const SHOWN_LINES: usize = 20;
/// How long a command that ended is listened to: what it started may hold its output open.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often a running command is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// Why a command did not store the token, or may not have.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shell cannot be started.
    #[error("command {command}: the shell cannot be started: {source}")]
    Start {
        /// The command's text.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// The shell cannot make sense of the text.
    #[error("command {command}: the shell does not understand it{said}")]
    Syntax {
        /// The command's text.
        command: String,
        /// What the shell printed.
        said: String,
    },
    /// The text starts with a program that is not there.
    #[error("command {command}: {program} is not installed, or not on the PATH")]
    NotFound {
        /// The command's text.
        command: String,
        /// Its first word.
        program: String,
    },
    /// It ended, and not with exit status 0.
    #[error("command {command}: it failed ({status}){said}")]
    Failed {
        /// The command's text.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it printed.
        said: String,
    },
    /// It took too long.
    #[error(
        "command {command}: it was killed after {} s, and may have stored the token or not; it has no terminal, so a \
         client that asks for something has to be signed in before{said}", after.as_secs()
    )]
    TimedOut {
        /// The command's text.
        command: String,
        /// How long it ran.
        after: Duration,
        /// The end of what it printed.
        said: String,
    },
    /// Somebody ended the wait.
    #[error("command {command}: it was interrupted, and may have stored the token or not{said}")]
    Interrupted {
        /// The command's text.
        command: String,
        /// The end of what it printed.
        said: String,
    },
}

/// Whether the shell understands the command, and its program is there.
pub fn check(text: &str) -> Result<Vec<String>, SinkError> {
    if cfg!(unix) {
        let command = visible(text).into_owned();
        // `-n`: read the commands and run none of them.
        let parsed = ask(&["-n", "-c", text], &command)?;
        if !parsed.0.success() {
            return Err(Error::Syntax { command, said: parsed.1 }.into());
        }
        let program = text.split_whitespace().next().unwrap_or_default();
        let named = program.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte));
        if named && !ask(&["-c", "command -v -- \"$1\"", "sh", program], &command)?.0.success() {
            return Err(Error::NotFound { command, program: program.to_owned() }.into());
        }
    }
    Ok(Vec::new())
}

/// Runs a shell that gets nothing to read, for what [`check`] wants to know.
fn ask(arguments: &[&str], command: &str) -> Result<(ExitStatus, String), Error> {
    let masked = Masker::new([]);
    let mut shell = Command::new("sh");
    shell.args(arguments).env_remove(CREDENTIAL_ENV);
    let ran = Ran::run(shell, &[], Delivery::TIME_OUT, None)
        .map_err(|source| Error::Start { command: command.to_owned(), source })?;
    ran.judged(command, &masked, Delivery::TIME_OUT)
}

/// Runs the command with the token on its standard input.
pub fn store(text: &str, delivery: &Delivery) -> Result<Stored, SinkError> {
    let command = visible(text).into_owned();
    let mut shell = shell(text);
    shell
        .env_remove(CREDENTIAL_ENV)
        .env("KREA_SCAN_NAME", delivery.name)
        .env("KREA_SCAN_REPLACES", delivery.replaces.and_then(Token::id_prefix).unwrap_or_default());
    if let Some(credential) = delivery.credential {
        shell.env_remove(credential);
    }
    let ran = Ran::run(shell, delivery.token.expose(), delivery.time_out, delivery.interrupted)
        .map_err(|source| Error::Start { command: command.clone(), source })?;
    let unread = ran.unread;
    let masked = Masker::new([delivery.token].into_iter().chain(delivery.replaces));
    let (status, said) = ran.judged(&command, &masked, delivery.time_out)?;
    if !status.success() {
        return Err(Error::Failed { command, status, said }.into());
    }
    let place = format!("command {command}");
    let note =
        || format!("{place}: it ended without reading the token from its standard input; see what it stored");
    Ok(Stored { notes: unread.then(note).into_iter().collect(), place })
}

#[cfg(not(windows))]
fn shell(text: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", text]);
    shell
}

#[cfg(windows)]
fn shell(text: &str) -> Command {
    use std::os::windows::process::CommandExt;
    let mut shell = Command::new("cmd");
    // `cmd` has rules of its own for quotes, so it gets the text as it is.
    shell.arg("/C").raw_arg(text);
    shell
}

/// How a command ended.
enum Ending {
    Exited(ExitStatus),
    TimedOut,
    Interrupted,
}

/// A command that ran.
struct Ran {
    ending: Ending,
    output: Tail,
    errors: Tail,
    /// Whether some of its standard input was left when it ended.
    unread: bool,
}

impl Ran {
    /// Runs a command in a process group of its own, so that Ctrl-C at the terminal reaches us alone, and waits for it.
    fn run(
        mut command: Command,
        input: &[u8],
        time_out: Duration,
        interrupted: Option<&AtomicBool>,
    ) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let (reader, mut writer) = io::pipe()?;
        let left = reader.try_clone()?;
        command.stdin(reader).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn()?;
        // The command holds the only reading end now, beside ours.
        drop(command);

        let (done, ended) = channel();
        let output = Tail::of(child.stdout.take(), done.clone());
        let errors = Tail::of(child.stderr.take(), done);
        let input = Zeroizing::new(input.to_vec());
        // A command that does not read cannot hold us up. Whether one reads at all is its own affair.
        let writing = thread::spawn(move || _ = writer.write_all(&input));

        let ending = loop {
            if let Some(status) = child.try_wait()? {
                break Ending::Exited(status);
            }
            if interrupted.is_some_and(|interrupted| interrupted.load(Ordering::Relaxed)) {
                kill(&mut child)?;
                break Ending::Interrupted;
            }
            if started.elapsed() >= time_out {
                kill(&mut child)?;
                break Ending::TimedOut;
            }
            thread::sleep(GLANCE);
        };
        let unread = is_left(&left, &writing);
        drop(left);
        listen(&ended);
        Ok(Ran { ending, output: Tail::taken(&output), errors: Tail::taken(&errors), unread })
    }

    /// The exit status and what the command printed, or an error when it did not come to an end by itself.
    fn judged(
        self,
        command: &str,
        masked: &Masker,
        time_out: Duration,
    ) -> Result<(ExitStatus, String), Error> {
        let said =
            self.errors.shown("standard error", masked) + &self.output.shown("standard output", masked);
        let command = command.to_owned();
        match self.ending {
            Ending::Exited(status) => Ok((status, said)),
            Ending::TimedOut => Err(Error::TimedOut { command, after: time_out, said }),
            Ending::Interrupted => Err(Error::Interrupted { command, said }),
        }
    }
}

/// Kills the command and all that it started, and takes its end down.
fn kill(child: &mut Child) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(group) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
        // The child leads the group and was not waited for yet, so the number is still its own.
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL)?;
    }
    #[cfg(not(unix))]
    child.kill()?;
    child.wait().map(drop)
}

/// Whether a pipe holds something that nobody read. A command can end before it is written.
fn is_left(pipe: &PipeReader, writing: &JoinHandle<()>) -> bool {
    let until = Instant::now() + LAST_WORDS;
    while !writing.is_finished() && !holds_more(pipe) && Instant::now() < until {
        thread::sleep(Duration::from_millis(1));
    }
    holds_more(pipe)
}

#[cfg(unix)]
fn holds_more(pipe: &PipeReader) -> bool {
    rustix::io::ioctl_fionread(pipe).is_ok_and(|bytes| bytes > 0)
}

#[cfg(not(unix))]
fn holds_more(_: &PipeReader) -> bool {
    false
}

/// Waits until both streams have ended, but not for long: a background process may hold them open for ever.
fn listen(ended: &Receiver<Infallible>) {
    // Nothing is ever sent. The wait is over when the last sender is gone.
    _ = ended.recv_timeout(LAST_WORDS);
}

/// The end of what a command printed.
#[derive(Clone, Default)]
struct Tail {
    bytes: VecDeque<u8>,
    cut: bool,
}

impl Tail {
    /// Reads a stream to its end, on a thread of its own, so that a command can print as much as it likes.
    fn of(stream: Option<impl Read + Send + 'static>, done: Sender<Infallible>) -> Arc<Mutex<Self>> {
        let tail = Arc::new(Mutex::new(Tail::default()));
        let shared = Arc::clone(&tail);
        thread::spawn(move || {
            let Some(mut stream) = stream else { return };
            let mut chunk = [0; SHOWN_BYTES];
            // An error is an end like any other.
            while let Ok(read @ 1..) = stream.read(&mut chunk) {
                shared.lock().unwrap_or_else(PoisonError::into_inner).push(&chunk[..read]);
            }
            // Dropped here: that is what tells that the stream has ended.
            drop(done);
        });
        tail
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let over = self.bytes.len().saturating_sub(SHOWN_BYTES);
        self.cut |= over > 0;
        self.bytes.drain(..over);
    }

    fn taken(shared: &Mutex<Self>) -> Self {
        std::mem::take(&mut *shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// As lines below a heading, without secrets and safe for a terminal; nothing when nothing was printed.
    fn shown(mut self, stream: &str, masked: &Masker) -> String {
        let text = masked.fragments(&String::from_utf8_lossy(self.bytes.make_contiguous()));
        // Where the text was cut, less of a secret may be left than can be told.
        let start = if self.cut { FRAGMENT_CHARS } else { 0 };
        let text: String = text.chars().skip(start).collect();
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let (from, left_out) = match lines.len().saturating_sub(SHOWN_LINES) {
            0 => (0, self.cut),
            more => (more, true),
        };
        let mark = left_out.then_some("…").into_iter();
        let lines = mark.chain(lines[from..].iter().copied());
        let lines: String = lines.map(|line| format!("\n  | {}", visible(line))).collect();
        if lines.is_empty() { lines } else { format!("\n  {stream}:{lines}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::Tokens;

    #[test]
    fn what_the_cut_leaves_of_a_secret_is_not_shown() {
        let token = Tokens::new().pair();
        let masked = Masker::new([&token]);
        for left in 0..token.secret().len() {
            let mut tail = Tail::default();
            tail.push(token.expose());
            tail.push(&b"- ".repeat((SHOWN_BYTES - left) / 2));
            tail.push(&b"-"[..(SHOWN_BYTES - left) % 2]);
            let shown = tail.shown("standard output", &masked);
            assert!(shown.starts_with("\n  standard output:\n  | …\n  | "), "{shown}");
            assert!(
                !shown.contains(|c: char| c.is_ascii_hexdigit() && !"dae".contains(c)),
                "{left}: {shown}"
            );
        }
    }

    #[test]
    fn the_end_of_much_output_is_kept() {
        let mut tail = Tail::default();
        for line in 0..1000 {
            tail.push(format!("line {line}\n").as_bytes());
        }
        assert_eq!(tail.bytes.len(), SHOWN_BYTES);
        let shown = tail.shown("standard output", &Masker::new([]));
        let lines: String = (980..1000).map(|line| format!("\n  | line {line}")).collect();
        assert_eq!(shown, format!("\n  standard output:\n  | …{lines}"));
        assert_eq!(Tail::default().shown("standard output", &Masker::new([])), "");
    }
}
