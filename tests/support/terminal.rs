//! A person at a terminal: a pseudo terminal with the real program in it, what it shows, and what is typed. Without a
//! terminal the tests run it as all others do.
//!
//! `setsid` (in util-linux) gives a process a terminal of its own.

use super::Sandbox;
use super::program::assert_no_secret;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing that a test waits for takes nearly as long.
const HANGS: Duration = Duration::from_secs(60);
/// How often the screen is looked at.
const GLANCE: Duration = Duration::from_millis(5);
/// The key that interrupts.
pub const CTRL_C: &str = "\u{3}";

/// A terminal with a program that runs in it.
pub struct Terminal {
    master: File,
    child: Child,
    /// All that the program has shown.
    seen: String,
    /// How much of it a test has waited for.
    at: usize,
}

/// What a program came to.
pub struct Ended {
    /// The exit code.
    pub code: Option<i32>,
    /// All that it has shown, without line ends of terminals.
    pub screen: String,
    /// Whether typed characters are shown, as they were before.
    pub echoes: bool,
}

/// `krea-scan` for people at a terminal; its state is beside the sandbox's folder.
pub fn prepared(sandbox: &Sandbox, program: impl AsRef<OsStr>) -> Command {
    let mut command = sandbox.command(program, sandbox.root());
    command.env("XDG_STATE_HOME", sandbox.beside("state")).env("TERM", "xterm");
    // No browser is opened.
    ["NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY", "CI"].iter().for_each(|name| _ = command.env_remove(name));
    command
}

impl Terminal {
    /// Runs `krea-scan` at a terminal of 200 columns.
    pub fn run(sandbox: &Sandbox, args: &[&str]) -> Terminal {
        Terminal::open(sandbox, args, 200)
    }

    /// Runs it at a terminal of so many columns.
    pub fn open(sandbox: &Sandbox, args: &[&str], columns: u16) -> Terminal {
        let all = [&[env!("CARGO_BIN_EXE_krea-scan")], args].concat();
        Terminal::start(prepared(sandbox, "setsid"), &all, columns)
    }

    /// Runs a shell's command line, in which `$SCAN` is `krea-scan`.
    pub fn shell(sandbox: &Sandbox, line: &str) -> Terminal {
        let mut command = prepared(sandbox, "setsid");
        command.env("SCAN", env!("CARGO_BIN_EXE_krea-scan"));
        Terminal::start(command, &["sh", "-c", line], 200)
    }

    /// Runs it with more variables.
    pub fn with(sandbox: &Sandbox, args: &[&str], variables: &[(&str, &str)]) -> Terminal {
        let mut command = prepared(sandbox, "setsid");
        command.envs(variables.iter().copied());
        Terminal::start(command, &[&[env!("CARGO_BIN_EXE_krea-scan")], args].concat(), 200)
    }

    fn start(mut command: Command, args: &[&str], columns: u16) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        fcntl_setfl(&master, OFlags::NONBLOCK).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let path = OsStr::from_bytes(name.as_bytes());
        let side = || OpenOptions::new().read(true).write(true).open(path).unwrap();
        // `setsid` is what gives a process a terminal: it begins a session whose terminal is its standard input.
        command.args(["--ctty", "--wait"]).args(args);
        command.stdin(Stdio::from(side())).stdout(Stdio::from(side())).stderr(Stdio::from(side()));
        let child = command.spawn().unwrap();
        Terminal { master: File::from(master), child, seen: String::new(), at: 0 }
    }

    /// Waits until this is shown, behind what was waited for before.
    #[track_caller]
    pub fn until(&mut self, text: &str) {
        let began = Instant::now();
        loop {
            self.look();
            if let Some(found) = self.seen[self.at..].find(text) {
                self.at += found + text.len();
                return;
            }
            assert!(began.elapsed() < HANGS, "it does not show {text:?}: {}", self.seen);
            assert!(!self.has_ended(), "it ended and did not show {text:?}: {}", self.seen);
            thread::sleep(GLANCE);
        }
    }

    /// Waits until a line is shown that is all there and holds this text, and gives it.
    #[track_caller]
    pub fn until_line(&mut self, text: &str) -> String {
        self.until(text);
        let start = self.seen[..self.at].rfind('\n').map_or(0, |end| end + 1);
        self.until("\n");
        self.seen[start..self.at].trim().to_owned()
    }

    /// Waits for the hidden prompt; whoever types before it hides anything would see it on the screen.
    #[track_caller]
    pub fn until_hidden(&mut self) {
        self.until("it is not shown");
        let began = Instant::now();
        while self.echoes() {
            assert!(began.elapsed() < HANGS, "the prompt hides nothing");
            thread::sleep(GLANCE);
        }
    }

    /// Types something.
    pub fn types(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// Pastes something at the hidden prompt, and waits for the prompt before.
    #[track_caller]
    pub fn pastes(&mut self, text: &str) {
        self.until_hidden();
        self.types(&format!("{text}\r"));
    }

    /// Waits until the program ends by itself. No secret may have been shown.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let began = Instant::now();
        while !self.has_ended() {
            self.look();
            assert!(began.elapsed() < HANGS, "it does not end: {}", self.seen);
            thread::sleep(GLANCE);
        }
        self.look();
        let code = self.child.wait().unwrap().code();
        let screen = self.seen.replace("\r\n", "\n");
        assert!(!screen.contains("panicked"), "{screen}");
        assert_no_secret(&screen);
        Ended { code, screen, echoes: self.echoes() }
    }

    /// Closes the terminal, as a window is closed, and waits until the program is gone.
    #[track_caller]
    pub fn close(self) {
        let Terminal { master, mut child, seen, .. } = self;
        assert_no_secret(&seen);
        drop(master);
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < HANGS, "it outlives its terminal");
            thread::sleep(GLANCE);
        }
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.master).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Takes what is shown by now.
    fn look(&mut self) {
        let mut bytes = [0; 4096];
        loop {
            match self.master.read(&mut bytes) {
                Ok(0) => return,
                // A character may be cut in two; the tests look at ASCII.
                Ok(length) => self.seen.push_str(&String::from_utf8_lossy(&bytes[..length])),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Nothing yet, or (EIO) nobody is there any more.
                Err(_) => return,
            }
        }
    }
}

impl Ended {
    /// Fails unless the exit code is this one.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.screen);
        self
    }

    /// The last line that is not empty.
    pub fn last_line(&self) -> &str {
        self.screen.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default()
    }
}
