//! Runs the real `krea-scan` and keeps what it printed. Every run is checked: it ends, it does not panic, and nothing that
//! it writes holds a secret half.

use super::Sandbox;
use super::tokens::{self, Alphabet};
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// No run of a test takes nearly as long; one that does hangs.
const HANGS: Duration = Duration::from_secs(60);
/// Tests number their tokens below this.
const TOKENS: u64 = 24;

/// Token number `n` of the tests.
pub fn token(n: u64) -> String {
    assert!(n < TOKENS);
    tokens::pair(Alphabet::ALL[n as usize % 4], n)
}

/// A line that leaks [`token`] number `n`.
pub fn leak(n: u64) -> String {
    format!("KREA_API_KEY={}\n", token(n))
}

/// What a run came to.
pub struct Run {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Sandbox {
    /// Runs `krea-scan` in the working tree.
    #[track_caller]
    pub fn scan<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        self.scan_in(self.root(), args)
    }

    /// Runs `krea-scan` in a folder.
    #[track_caller]
    pub fn scan_in<S: AsRef<OsStr>>(&self, folder: &Path, args: &[S]) -> Run {
        run(self.scanner(folder).args(args).stdin(Stdio::null()))
    }

    /// A command that runs `krea-scan`.
    pub fn scanner(&self, folder: &Path) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_krea-scan"), folder);
        command.env_remove("NO_COLOR");
        command
    }

    /// Where `krea-scan -f jsonl` finds something: paths and, for each, its token's id prefix.
    #[track_caller]
    pub fn places<S: AsRef<OsStr>>(&self, args: &[S]) -> Vec<String> {
        self.jsonl(args).places()
    }

    /// Runs `krea-scan -f jsonl`.
    #[track_caller]
    pub fn jsonl<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        let mut all: Vec<OsString> = vec!["-f".into(), "jsonl".into()];
        all.extend(args.iter().map(|arg| arg.as_ref().to_owned()));
        self.scan(&all)
    }
}

/// Runs a prepared command to its end, which is its own.
#[track_caller]
pub fn run(command: &mut Command) -> Run {
    let run = run_or_kill(command);
    assert!(run.code.is_some(), "it was killed: {}", run.stderr);
    run
}

/// Runs a prepared command to its end, which may be a signal: then it has no exit code.
#[track_caller]
pub fn run_or_kill(command: &mut Command) -> Run {
    run_watched(command, |_| ())
}

/// The same, while something sees each line of standard error as soon as it is there.
#[track_caller]
pub fn run_watched(command: &mut Command, watcher: impl FnMut(&str) + Send + 'static) -> Run {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdout, stderr) =
        (drain(child.stdout.take().unwrap(), |_| ()), drain(child.stderr.take().unwrap(), watcher));
    let status = wait(&mut child, command);
    let run = Run { code: status.code(), stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() };
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert_no_secret(&run.stdout);
    assert_no_secret(&run.stderr);
    let args: Vec<_> = command.get_args().collect();
    for pair in args.windows(2).filter(|pair| ["-o", "--write-baseline"].iter().any(|flag| pair[0] == *flag))
    {
        let folder = command.get_current_dir().unwrap_or(Path::new("."));
        let path = folder.join(pair[1]);
        if path.is_file() {
            assert_no_secret(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    run
}

/// Asks a process to end, as `kill` does; gives whether it was still there.
#[cfg(unix)]
pub fn terminate(child: &Child) -> bool {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::TERM)
        .is_ok()
}

fn drain(
    pipe: impl Read + Send + 'static,
    mut watcher: impl FnMut(&str) + Send + 'static,
) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let (mut text, mut line) = (String::new(), Vec::new());
        while pipe.read_until(b'\n', &mut line).unwrap() > 0 {
            let shown = String::from_utf8_lossy(&line);
            watcher(&shown);
            text += &shown;
            line.clear();
        }
        text
    })
}

#[track_caller]
fn wait(child: &mut Child, command: &Command) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > HANGS {
            child.kill().unwrap();
            panic!("it hangs: {command:?}");
        }
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// Fails when a text holds the secret half of any token of the tests.
#[track_caller]
pub fn assert_no_secret(text: &str) {
    for alphabet in Alphabet::ALL {
        for n in 0..TOKENS {
            // The secret itself is not shown when the test fails.
            assert!(!text.contains(&tokens::secret(alphabet, n)), "the secret of token {n} is shown");
            assert!(!text.contains(&tokens::legacy(alphabet, n)), "legacy key {n} is shown");
        }
    }
}

impl Run {
    /// Fails unless the exit code is this one.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless the output says each of these.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            let said = self.stdout.contains(text) || self.stderr.contains(text);
            assert!(said, "it does not say {text:?}: {}{}", self.stdout, self.stderr);
        }
        self
    }

    /// The findings of `-f jsonl`.
    #[track_caller]
    pub fn findings(&self) -> Vec<Value> {
        let mut lines: Vec<Value> =
            self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = lines.pop().expect("a summary");
        assert!(last["summary"].is_object(), "the last line is the summary");
        lines
    }

    /// The only finding of `-f jsonl`.
    #[track_caller]
    pub fn only(&self) -> Value {
        let mut findings = self.findings();
        assert_eq!(findings.len(), 1, "{}", self.stdout);
        findings.remove(0)
    }

    /// The summary of `-f jsonl`.
    #[track_caller]
    pub fn summary(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_else(|| panic!("no output: {}", self.stderr));
        serde_json::from_str::<Value>(last).unwrap()["summary"].clone()
    }

    /// What was not read, as `path: reason` on a line each.
    #[track_caller]
    pub fn incomplete(&self) -> String {
        let summary = self.summary();
        let parts = summary["incomplete"].as_array().unwrap().iter();
        let line = |part: &Value| {
            format!("{}: {}\n", part["path"].as_str().unwrap(), part["reason"].as_str().unwrap())
        };
        parts.map(line).collect()
    }

    /// The paths of the findings of `-f jsonl`.
    #[track_caller]
    pub fn places(&self) -> Vec<String> {
        let path = |finding: &Value| finding["location"]["path"].as_str().unwrap().to_owned();
        self.findings().iter().map(path).collect()
    }
}
