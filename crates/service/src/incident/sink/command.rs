//! The sink `command:`: a shell command that reads the token from its standard input.
//!
//! Takes the command's text and a [`Delivery`], gives a [`Stored`] when the command has read all of its standard input and
//! ends with exit status 0. The token is in no argument and no environment, and of what a command prints only common words
//! are shown, to the person alone. A command is never left running: one that takes too long is killed with all that it
//! started.

use super::{Delivery, SinkError, Stored};
use crate::krea::CREDENTIAL_ENV;
use krea_scan_token::Token;
use krea_scan_token::common_words::CommonWords;
use krea_scan_token::escape::visible;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::io::{self, PipeReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How much of what a command printed is kept, of each stream.
const KEPT_BYTES: usize = 4 << 10;
/// And of that, how many lines are shown.
const SHOWN_LINES: usize = 20;
/// How long a command that ended is listened to: what it started may hold its output open.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often a running command is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// Why a command did not store the token, or may not have. What it printed is in no message; see [`Error::said`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shell cannot be started.
    #[error("command {command}: the shell cannot be started: {source}")]
    Start { command: String, source: io::Error },
    /// The shell cannot make sense of the text.
    #[error("command {command}: the shell does not understand it{said}")]
    Syntax {
        command: String,
        /// What the shell printed; it was given nothing but the command.
        said: String,
    },
    /// The text starts with a program that is not there.
    #[error("command {command}: {program} is not installed, or not on the PATH")]
    NotFound {
        command: String,
        /// Its first word.
        program: String,
    },
    /// It ended, and not with exit status 0.
    #[error("command {command}: it failed ({status})")]
    Failed {
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What can be shown of what it printed.
        said: CommandOutput,
    },
    /// It ended well, and did not read the token.
    #[error(
        "command {command}: it ended without reading the token from its standard input, so it stored nothing; give it one \
         that reads it there"
    )]
    Unread {
        command: String,
        /// What can be shown of what it printed.
        said: CommandOutput,
    },
    /// It took too long.
    #[error(
        "command {command}: it was killed after {} s, and may have stored the token or not; it has no terminal, so a \
         client that asks for something has to be signed in before", after.as_secs()
    )]
    TimedOut {
        command: String,
        /// How long it ran.
        after: Duration,
        /// What can be shown of what it printed.
        said: CommandOutput,
    },
    /// Somebody ended the wait.
    #[error("command {command}: it was interrupted, and may have stored the token or not")]
    Interrupted {
        command: String,
        /// What can be shown of what it printed.
        said: CommandOutput,
    },
}

impl Error {
    /// What the command printed, as far as it cannot hold a form of the token. For the person at the terminal; not to be
    /// kept.
    pub fn said(&self) -> Option<&CommandOutput> {
        match self {
            Error::Start { .. } | Error::Syntax { .. } | Error::NotFound { .. } => None,
            Error::Failed { said, .. }
            | Error::Unread { said, .. }
            | Error::TimedOut { said, .. }
            | Error::Interrupted { said, .. } => Some(said).filter(|said| !said.0.is_empty()),
        }
    }
}

/// What can be shown of what a command printed: lines for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandOutput(String);

impl AsRef<str> for CommandOutput {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommandOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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

/// Runs a shell that gets nothing to read, for what [`check`] wants to know. Gives what it printed as it is.
fn ask(arguments: &[&str], command: &str) -> Result<(ExitStatus, String), Error> {
    let mut shell = Command::new("sh");
    shell.args(arguments).env_remove(CREDENTIAL_ENV);
    let mut ran = Ran::run(shell, &[], Delivery::TIME_OUT, None)
        .map_err(|source| Error::Start { command: command.to_owned(), source })?;
    let lines: String = ran.errors.text().lines().map(|line| format!("\n  | {}", visible(line))).collect();
    Ok((ran.judged(command, Delivery::TIME_OUT)?.0, lines))
}

/// Runs the command with the token on its standard input.
pub fn store(text: &str, delivery: &Delivery) -> Result<Stored, SinkError> {
    let command = visible(text).into_owned();
    let mut shell = shell(text);
    shell
        .env_remove(CREDENTIAL_ENV)
        .env("KREA_SCAN_NAME", delivery.name)
        .env("KREA_SCAN_REPLACES", delivery.replaces.and_then(Token::id_prefix).unwrap_or_default());
    for credential in delivery.credentials {
        shell.env_remove(credential);
    }
    let ran = Ran::run(shell, delivery.token.expose(), delivery.time_out, delivery.interrupted)
        .map_err(|source| Error::Start { command: command.clone(), source })?;
    let unread = ran.unread;
    let (status, said) = ran.judged(&command, delivery.time_out)?;
    match () {
        () if !status.success() => Err(Error::Failed { command, status, said }.into()),
        () if unread => Err(Error::Unread { command, said }.into()),
        () => Ok(Stored { notes: Vec::new(), place: format!("command {command}") }),
    }
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

enum Ending {
    Exited(ExitStatus),
    TimedOut,
    Interrupted,
}

struct Ran {
    ending: Ending,
    output: OutputTail,
    errors: OutputTail,
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
        let output = OutputTail::of(child.stdout.take(), done.clone());
        let errors = OutputTail::of(child.stderr.take(), done);
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
        Ok(Ran { ending, output: OutputTail::taken(&output), errors: OutputTail::taken(&errors), unread })
    }

    /// The exit status and what can be shown of what the command printed, or an error when it did not come to an end by
    /// itself.
    fn judged(mut self, command: &str, time_out: Duration) -> Result<(ExitStatus, CommandOutput), Error> {
        let said = CommandOutput(self.errors.shown("standard error") + &self.output.shown("standard output"));
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

/// Takes what it finds: nobody else is to read it any more. Waits for the end of the writing.
#[cfg(not(unix))]
fn holds_more(mut pipe: &PipeReader) -> bool {
    matches!(pipe.read(&mut [0]), Ok(1..))
}

/// Waits until both streams have ended, but not for long: a background process may hold them open for ever.
fn listen(ended: &Receiver<Infallible>) {
    // Nothing is ever sent. The wait is over when the last sender is gone.
    _ = ended.recv_timeout(LAST_WORDS);
}

/// The end of what a command printed.
#[derive(Clone, Default)]
struct OutputTail {
    bytes: VecDeque<u8>,
    /// How many lines came before these bytes, and were dropped.
    dropped: usize,
}

impl OutputTail {
    /// Reads a stream to its end, on a thread of its own, so that a command can print as much as it likes.
    fn of(stream: Option<impl Read + Send + 'static>, done: Sender<Infallible>) -> Arc<Mutex<Self>> {
        let tail = Arc::new(Mutex::new(OutputTail::default()));
        let shared = Arc::clone(&tail);
        thread::spawn(move || {
            let Some(mut stream) = stream else { return };
            let mut chunk = [0; KEPT_BYTES];
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
        let over = self.bytes.len().saturating_sub(KEPT_BYTES);
        self.dropped += self.bytes.drain(..over).filter(|&byte| byte == b'\n').count();
    }

    fn taken(shared: &Mutex<Self>) -> Self {
        std::mem::take(&mut *shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes.make_contiguous()).into_owned()
    }

    /// What can be shown, as lines below a heading; nothing when nothing was printed. How many lines there were is told
    /// of those that cannot be.
    fn shown(&mut self, stream: &str) -> String {
        let words = CommonWords::of(&self.text());
        let more = words.lines.len().saturating_sub(SHOWN_LINES);
        let hidden = words.hidden + more + self.dropped;
        let mut shown: String = words.lines[more..].iter().map(|line| format!("\n      | {line}")).collect();
        if hidden > 0 {
            let lines = if hidden == 1 { "1 line is".to_owned() } else { format!("{hidden} lines are") };
            shown.push_str(&format!(
                "\n      {lines} not shown, for what is no common words may be a form of the token; run it by hand with \
                 another text to see them, or look into its own log"
            ));
        }
        if shown.is_empty() { shown } else { format!("    {stream}:{shown}\n") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::testing::Tokens;

    #[test]
    fn what_the_cut_leaves_of_a_secret_is_not_shown() {
        let token = Tokens::new().pair();
        for left in 0..token.secret().len() {
            let mut tail = OutputTail::default();
            tail.push(token.expose());
            tail.push(b" could not be stored\n");
            tail.push(&b"- ".repeat((KEPT_BYTES - left) / 2));
            tail.push(&b"-"[..(KEPT_BYTES - left) % 2]);
            let shown = tail.shown("standard output");
            assert!(shown.contains(" not shown, for"), "{shown}");
            assert!(!shown.contains(|c: char| c.is_ascii_digit() && c != '1' && c != '2'), "{left}: {shown}");
        }
    }

    #[test]
    fn the_end_of_much_output_is_shown_and_the_rest_is_counted() {
        let mut tail = OutputTail::default();
        for line in 0..1000 {
            tail.push(format!("the request failed: {line}\n").as_bytes());
        }
        assert_eq!(tail.bytes.len(), KEPT_BYTES);
        let shown = tail.shown("standard output");
        assert_eq!(shown.matches("\n      | the request failed: ••••").count(), SHOWN_LINES);
        assert!(shown.contains("980 lines are not shown"), "{shown}");
        assert_eq!(OutputTail::default().shown("standard output"), "");
    }
}
