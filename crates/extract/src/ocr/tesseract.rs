//! The program `tesseract`: looking for it, and running it with a picture on its standard input.
//!
//! What it prints goes to files without names, so that nobody has to read while it writes. A program that takes too long,
//! or is running when the scan is ended, is killed.

use super::lock;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

const PROGRAM: &str = "tesseract";
/// The language whose letters tokens are made of.
const LANGUAGE: &str = "eng";
/// How often a running program is looked at.
const GLANCE: Duration = Duration::from_millis(5);
/// No picture holds more text than this, in bytes.
const MAX_TEXT_BYTES: u64 = 4 << 20;

/// Why pictures cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// The program is not there.
    #[error(
        "--ocr needs the program `tesseract`, which is not on the PATH; get it with `apt-get install tesseract-ocr` \
         (Debian, Ubuntu), `brew install tesseract` (macOS) or `choco install tesseract` (Windows)"
    )]
    Program,
    /// The program does not know the language.
    #[error(
        "--ocr needs tesseract's data for English, which it does not find; get them with `apt-get install \
         tesseract-ocr-eng`, or say in TESSDATA_PREFIX where they are"
    )]
    Language,
    /// The program cannot be run.
    #[error("--ocr needs the program `tesseract`, which cannot be run: {0}")]
    Broken(String),
}

/// The program, and what of it is running.
#[derive(Debug)]
pub struct Tesseract {
    time: Duration,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    children: HashMap<u64, Child>,
    next: u64,
    /// Nothing is to be started any more.
    is_over: bool,
}

impl Tesseract {
    /// Looks for the program and its data.
    pub fn find(time: Duration) -> Result<Self, Missing> {
        let listed = Command::new(PROGRAM).arg("--list-langs").stdin(Stdio::null()).output();
        let output = match listed {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Missing::Program),
            Err(error) => return Err(Missing::Broken(error.to_string())),
        };
        // Older ones list them on standard error.
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        if said.lines().any(|line| line.trim() == LANGUAGE) {
            Ok(Tesseract { time, running: Mutex::default() })
        } else if output.status.success() {
            Err(Missing::Language)
        } else {
            Err(Missing::Broken(last_line(&said)))
        }
    }

    /// Reads a picture, in a way that `page_mode` (tesseract's `--psm`) names. Gives the table of what stands in it.
    ///
    /// # Errors
    /// Why there is nothing, as reports show it.
    pub fn run(&self, picture: File, page_mode: u8) -> Result<String, String> {
        let broken = |error: io::Error| format!("was not read by tesseract: {error}");
        let mut output = tempfile::tempfile().map_err(broken)?;
        let mut errors = tempfile::tempfile().map_err(broken)?;
        let mut command = Command::new(PROGRAM);
        command
            .args(["stdin", "stdout", "-l", LANGUAGE, "--psm", &page_mode.to_string()])
            .args(["-c", "tessedit_create_tsv=1"])
            // One thread each: there are as many of them as there are cores.
            .env("OMP_THREAD_LIMIT", "1")
            .stdin(picture)
            .stdout(output.try_clone().map_err(broken)?)
            .stderr(errors.try_clone().map_err(broken)?);
        let number = self.start(&mut command).map_err(broken)?;
        let status = self.wait(number).map_err(broken)?;
        match status {
            None => Err(format!(
                "was looked at for {} s and its text was not made out; --ocr-time raises that",
                self.time.as_secs_f64()
            )),
            Some(status) if status.success() => said(&mut output).map_err(broken),
            Some(status) => {
                let why = said(&mut errors).map_err(broken)?;
                Err(format!("was not read by tesseract ({status}): {}", last_line(&why)))
            }
        }
    }

    fn start(&self, command: &mut Command) -> io::Result<u64> {
        let mut running = lock(&self.running);
        if running.is_over {
            return Err(io::Error::other("the scan was ended"));
        }
        let child = command.spawn()?;
        running.next += 1;
        let number = running.next;
        running.children.insert(number, child);
        Ok(number)
    }

    /// Waits for the end of a child; `None` when it took too long.
    fn wait(&self, number: u64) -> io::Result<Option<ExitStatus>> {
        let started = Instant::now();
        loop {
            let mut running = lock(&self.running);
            let Some(child) = running.children.get_mut(&number) else {
                return Err(io::Error::other("the scan was ended"));
            };
            if let Some(status) = child.try_wait()? {
                running.children.remove(&number);
                return Ok(Some(status));
            }
            if started.elapsed() > self.time
                && let Some(mut child) = running.children.remove(&number)
            {
                drop(running);
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            drop(running);
            thread::sleep(GLANCE);
        }
    }

    /// Kills what is running.
    pub fn end(&self) {
        let mut running = lock(&self.running);
        running.is_over = true;
        for (_, mut child) in running.children.drain() {
            // One that has just ended cannot be killed, and need not be.
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

/// What a program wrote.
fn said(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(MAX_TEXT_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn last_line(text: &str) -> String {
    text.lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("it does not say why")
        .to_owned()
}
