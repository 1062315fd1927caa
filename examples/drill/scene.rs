//! The scene of the drill: a temporary folder with a repository that leaks a token, a home of its own for git and
//! krea-scan, and the stand-in for Krea. Runs commands there and holds them to their exit codes. All of it is gone when it
//! is dropped.

use crate::emulator::Emulator;
use crate::screen::{POLL, Screen};
use crate::tokens::{self, Alphabet};
use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Who committed the environment file and the log.
pub const LEAKER: &str = "Robin Roe";
/// Who committed everything else.
const OTHER: &str = "Sam Soe";
/// What this program may take to hear of Ctrl-C after a command did.
const HEARING: Duration = Duration::from_millis(500);
/// What a command may take to end by itself after Ctrl-C.
const LEAVING: Duration = Duration::from_secs(3);

/// How the token is revoked and replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// An organisation's own token API.
    TokenApi,
    /// By hand, on a page.
    Guided,
    /// The MCP server, after a sign-in.
    Krea,
}

/// The scene.
pub struct Scene<'a> {
    /// Krea.
    pub emulator: Emulator,
    screen: &'a Screen,
    program: PathBuf,
    token: String,
    commands: Cell<usize>,
    folder: TempDir,
}

impl<'a> Scene<'a> {
    /// Makes all of it. The configuration names a token API where that is the way.
    pub fn set(program: &Path, screen: &'a Screen, way: Way) -> Result<Scene<'a>> {
        let folder = tempfile::Builder::new()
            .prefix("krea-scan-drill-")
            .tempdir()
            .context("cannot make a temporary folder")?;
        let scene = Scene {
            emulator: Emulator::start(),
            screen,
            program: program.to_owned(),
            token: tokens::pair(Alphabet::Base62, 0),
            commands: Cell::new(0),
            folder,
        };
        // A stand-in on loopback has no bad moments: what it refuses need not be asked about again after seconds.
        let mut config = format!("api = \"{}\"\nrefusal_pause = \"100ms\"\n", scene.emulator.api());
        if way == Way::TokenApi {
            config += &format!("\n[token_api]\nbase = \"{}\"\n", scene.emulator.token_api());
        }
        scene.write("config/krea-scan/config.toml", &config)?;
        scene.emulator.issue(&scene.token, "shop production");
        scene.emulator.date(&scene.token, &ago(2400)?.to_string(), Some(&ago(7)?.to_string()));
        for hours in [7, 29, 31, 54, 80, 81] {
            let status = if hours == 80 { "failed" } else { "completed" };
            scene.emulator.add_job(&ago(hours)?.to_string(), status);
        }
        scene.leak()?;
        Ok(scene)
    }

    /// The commits: a clean one, the leak, a copy of it in a script, and what was meant to be the end of it.
    fn leak(&self) -> Result<()> {
        let token = &self.token;
        fs::create_dir_all(self.repository())?;
        self.quiet_git(&["init", "--quiet", "--initial-branch=main"])?;

        self.write(
            "shop/src/krea.ts",
            "import { Krea } from \"@krea-ai/sdk\";\n\nexport const krea = new Krea({ apiKey: process.env.KREA_API_KEY });\n",
        )?;
        self.commit(OTHER, 300, "Make pictures with Krea")?;

        self.write("shop/.env.production", &format!("KREA_API_KEY={token}\n"))?;
        self.write(
            "shop/docs/deploy.log",
            &format!("09:41 deploy: restarted with {token}\n09:42 deploy: up\n"),
        )?;
        self.commit(LEAKER, 100, "Deploy by hand")?;

        self.write(
            "shop/scripts/thumbnails.py",
            &format!(
                "import krea\n\nclient = krea.Client(api_key=\"{token}\")\nclient.upscale(\"thumbnails/\")\n"
            ),
        )?;
        self.commit(OTHER, 50, "Make thumbnails")?;

        fs::remove_file(self.repository().join(".env.production"))?;
        self.write("shop/.gitignore", ".env*\n")?;
        self.commit(LEAKER, 3, "Remove the token")
    }

    fn commit(&self, author: &str, hours_ago: i64, message: &str) -> Result<()> {
        self.quiet_git(&["add", "--all"])?;
        let date = format!("{} +0000", ago(hours_ago)?.as_second());
        let email = format!("{}@shop.example", author.split(' ').next().unwrap_or(author).to_lowercase());
        let mut command = self.command("git");
        command.args(["commit", "--quiet", "--message", message]);
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), author);
            command.env(format!("GIT_{role}_EMAIL"), &email);
            command.env(format!("GIT_{role}_DATE"), &date);
        }
        self.succeeds(&mut command).map(drop)
    }

    /// Removes all of it, and says when that cannot be done.
    pub fn remove(self) -> Result<()> {
        let path = self.folder.path().to_owned();
        self.folder.close().with_context(|| format!("cannot remove {}", path.display()))
    }

    /// The leaky repository.
    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    /// How many commands were shown.
    pub fn commands(&self) -> usize {
        self.commands.get()
    }

    /// Whether Krea takes the leaked token.
    pub fn is_live(&self) -> bool {
        self.emulator.is_live(&self.token)
    }

    /// The id half of the leaked token.
    pub fn id(&self) -> &str {
        self.token.split_once(':').map_or("", |(id, _)| id)
    }

    /// Holds the newest token to be live, and to be what the environment file has.
    pub fn replacement_is_stored(&self) -> Result<()> {
        let issued = self.emulator.issued();
        let new = issued.last().filter(|new| new.token != self.token && new.live);
        let new = new.context("a live replacement was to be there")?;
        let path = self.repository().join(".env");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(text.contains(&format!("KREA_API_KEY={}", new.token)), ".env was to hold the replacement");
        Ok(())
    }

    /// Holds the list of incidents to say how this one ended.
    pub fn proof_is_in_the_journal(&self) -> Result<()> {
        let output = self.command(&self.program).arg("--incidents").output()?;
        ensure!(!self.screen.is_stopped(), "interrupted");
        let listed = String::from_utf8_lossy(&output.stdout);
        ensure!(listed.contains("proven dead and replaced"), "the journal was to say that the token is dead");
        Ok(())
    }

    /// Shows and runs `krea-scan`, which is to end with this code.
    pub fn scan(&self, arguments: &[&str], code: i32) -> Result<()> {
        self.shown("krea-scan", self.command(&self.program), arguments, code)
    }

    /// Shows and runs `krea-scan` for an incident, which may ask: without a terminal it is told to go on.
    pub fn incident(&self, arguments: &[&str]) -> Result<()> {
        let mut arguments = arguments.to_vec();
        if !self.screen.is_terminal() && !arguments.contains(&"--yes") {
            arguments.push("--yes");
        }
        let mut command = self.command(&self.program);
        command.stdin(Stdio::inherit());
        self.shown("krea-scan", command, &arguments, 0)
    }

    /// Shows and runs `git`.
    pub fn git(&self, arguments: &[&str]) -> Result<()> {
        self.shown("git", self.command("git"), arguments, 0)
    }

    fn shown(&self, name: &str, mut command: Command, arguments: &[&str], code: i32) -> Result<()> {
        let text = format!("{name} {}", shlex::try_join(arguments.iter().copied())?);
        self.screen.command(&text);
        self.commands.set(self.commands.get() + 1);
        // In one stream, what was said and what was reported stay in order.
        let child = command
            .args(arguments)
            .stderr(io::stdout())
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        let status = self.wait(child)?;
        if status.code() != Some(code) {
            // The command may have heard Ctrl-C before this program did.
            self.screen.pause(HEARING);
            ensure!(!self.screen.is_stopped(), "interrupted");
        }
        ensure!(status.code() == Some(code), "`{text}` was to end with {code}; it ended with {status}");
        Ok(())
    }

    /// Waits for a command. Ctrl-C at a terminal reaches it as well; what does not heed it is killed.
    fn wait(&self, mut child: Child) -> Result<ExitStatus> {
        let mut stopped: Option<Instant> = None;
        loop {
            if let Some(status) = child.try_wait()? {
                ensure!(!self.screen.is_stopped(), "interrupted");
                return Ok(status);
            }
            if self.screen.is_stopped() && stopped.get_or_insert_with(Instant::now).elapsed() > LEAVING {
                child.kill()?;
            }
            thread::sleep(POLL);
        }
    }

    /// The findings that `krea-scan` reports with these arguments, without showing it.
    pub fn report(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        let output = self.command(&self.program).args(["--format", "json"]).args(arguments).output()?;
        ensure!(!self.screen.is_stopped(), "interrupted");
        let mut report: Value = serde_json::from_slice(&output.stdout).context("krea-scan gave no JSON")?;
        match report["findings"].take() {
            Value::Array(findings) => Ok(findings),
            _ => bail!("krea-scan's JSON holds no findings"),
        }
    }

    fn quiet_git(&self, arguments: &[&str]) -> Result<()> {
        self.succeeds(self.command("git").args(arguments)).map(drop)
    }

    fn succeeds(&self, command: &mut Command) -> Result<Output> {
        let output = command.output().context("cannot run git")?;
        ensure!(!self.screen.is_stopped(), "interrupted");
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "git failed: {}", said.trim_end());
        Ok(output)
    }

    /// A command in the repository that knows this scene and nothing of the user's.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let inherited = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in inherited.filter(|name| name.starts_with("GIT_") || name.starts_with("KREA_")) {
            command.env_remove(name);
        }
        let below = |name: &str| self.folder.path().join(name);
        command
            .current_dir(self.repository())
            .env("HOME", below("home"))
            .env("XDG_CONFIG_HOME", below("config"))
            .env("XDG_STATE_HOME", below("state"))
            .env("GIT_CONFIG_GLOBAL", below("home/.gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", OTHER)
            .env("GIT_AUTHOR_EMAIL", "sam@shop.example")
            .env("GIT_COMMITTER_NAME", OTHER)
            .env("GIT_COMMITTER_EMAIL", "sam@shop.example")
            .env("KREA_TOKEN_API_KEY", Emulator::CREDENTIAL)
            // As over SSH, no browser opens: not Krea's real page, and none that outlives this home.
            .env("SSH_CONNECTION", "drill")
            .stdin(Stdio::null());
        command
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.folder.path().join(path);
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

fn ago(hours: i64) -> Result<Timestamp> {
    Ok(Timestamp::now().checked_sub(SignedDuration::from_hours(hours))?.round(jiff::Unit::Second)?)
}
