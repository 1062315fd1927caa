//! Sinks: they take a freshly minted token to where it is kept, and say so only when it is there.
//!
//! Takes what `--store` names and a [`Delivery`], gives a [`Stored`] or says what went wrong. The token goes into the
//! file or to the command's standard input and nowhere else: not into an argument, an environment, an error or a note.

mod command;
mod dotenv;
mod env_file;

pub use command::{CommandOutput, Error as CommandError};
pub use env_file::Error as EnvFileError;

use krea_scan_token::{Fingerprint, Token};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Where a replacement is kept, as `--store` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Sink {
    /// `env-file:PATH[#NAME]`: a variable in a file of variables.
    EnvFile {
        /// The file. It need not exist; its folder must.
        path: PathBuf,
        /// The variable. Without one: those that hold the leaked token, else `KREA_API_KEY`.
        name: Option<String>,
    },
    /// `command:CMD`: a shell command that reads the token from its standard input.
    Command(String),
}

/// Why a text names no sink. The text may hold a token by mistake, so no message repeats it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseSinkError {
    /// Neither `env-file:` nor `command:`.
    #[error("not a place to store in: write env-file:PATH, env-file:PATH#NAME or command:CMD")]
    UnknownKind,
    /// `env-file:` alone.
    #[error("env-file: needs the path of a file: env-file:PATH or env-file:PATH#NAME")]
    NoPath,
    /// `command:` alone.
    #[error("command: needs a command that reads the token from its standard input: command:CMD")]
    NoCommand,
    /// What stands after the last `#` is no variable's name.
    #[error(
        "what follows the # in env-file:PATH#NAME is the name of a variable: letters, digits and _, no digit first \
         (if the # belongs to the path, name the variable as well: env-file:PATH#KREA_API_KEY)"
    )]
    BadName,
}

/// What a sink is told.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The replacement, to be stored.
    pub token: &'a Token,
    /// The token that leaked, if it is still at hand.
    pub replaces: Option<&'a Token>,
    /// Which replacements of it were stored before, and are dead.
    pub former: &'a [Fingerprint],
    /// The replacement's name.
    pub name: &'a str,
    /// The variable to set in a file of variables in place of the one that the sink names, or, where it names none
    /// and no variable holds the leaked token, of `KREA_API_KEY`.
    pub variable: Option<&'a str>,
    /// The environment variables with credentials, beside [`crate::krea::CREDENTIAL_ENV`]: withheld from commands.
    pub credentials: &'a [String],
    /// How long a command may take; then it is killed.
    pub time_out: Duration,
    /// Set from elsewhere to end a command early; it is killed.
    pub interrupted: Option<&'a AtomicBool>,
}

impl<'a> Delivery<'a> {
    /// How long a command may take, unless [`Delivery::time_out`] says otherwise.
    pub const TIME_OUT: Duration = Duration::from_secs(120);

    /// A delivery with the defaults for everything else.
    pub fn new(token: &'a Token, replaces: Option<&'a Token>, name: &'a str) -> Self {
        let time_out = Self::TIME_OUT;
        Delivery {
            token,
            replaces,
            former: &[],
            name,
            variable: None,
            credentials: &[],
            time_out,
            interrupted: None,
        }
    }
}

/// Where a token was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// `.env, KREA_API_KEY`, or `command gh secret set KREA_API_KEY`.
    pub place: String,
    /// Warnings for the person.
    pub notes: Vec<String>,
}

impl Sink {
    /// The same sink, with a file's path no longer relative.
    pub fn below(self, folder: &Path) -> Sink {
        match self {
            Sink::EnvFile { path, name } => Sink::EnvFile { path: folder.join(path), name },
            command => command,
        }
    }

    /// The variable that a file gets, unless one there holds the leaked token; `None` for a command.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Sink::EnvFile { name, .. } => Some(name.as_deref().unwrap_or(dotenv::DEFAULT_NAME)),
            Sink::Command(_) => None,
        }
    }

    /// Whether the sink can work, asked before anything is minted. Changes nothing. Gives warnings for the person.
    ///
    /// # Errors
    /// When it cannot: the folder of a file is missing, a file cannot be read or replaced, a command has a syntax
    /// error or is not installed.
    pub fn check(&self) -> Result<Vec<String>, SinkError> {
        match self {
            Sink::EnvFile { path, .. } => env_file::check(path),
            Sink::Command(text) => command::check(text),
        }
    }

    /// Whether what the sink keeps is this token still; `None` where that cannot be seen.
    pub fn holds(&self, token: &Token) -> Option<bool> {
        match self {
            Sink::EnvFile { path, .. } => Some(env_file::holds(path, token)),
            Sink::Command(_) => None,
        }
    }

    /// Stores the token; it is there when this returns `Ok`.
    ///
    /// # Errors
    /// When it was not stored, or that cannot be told. A file is then as it was; what a command did is not known.
    pub fn store(&self, delivery: &Delivery) -> Result<Stored, SinkError> {
        match self {
            Sink::EnvFile { path, name } => env_file::store(path, name.as_deref(), delivery),
            Sink::Command(text) => command::store(text, delivery),
        }
    }
}

/// Why a token could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A file of variables.
    #[error(transparent)]
    EnvFile(#[from] EnvFileError),
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl SinkError {
    /// What the sink printed, for the person at the terminal; not to be kept.
    pub fn said(&self) -> Option<&CommandOutput> {
        match self {
            SinkError::EnvFile(_) => None,
            SinkError::Command(error) => error.said(),
        }
    }
}

impl FromStr for Sink {
    type Err = ParseSinkError;

    fn from_str(text: &str) -> Result<Self, ParseSinkError> {
        match text.split_once(':') {
            Some(("env-file", rest)) => env_file(rest),
            Some(("command", rest)) if rest.trim().is_empty() => Err(ParseSinkError::NoCommand),
            Some(("command", rest)) => Ok(Sink::Command(rest.to_owned())),
            _ => Err(ParseSinkError::UnknownKind),
        }
    }
}

fn env_file(text: &str) -> Result<Sink, ParseSinkError> {
    let (path, name) = match text.rsplit_once('#') {
        Some((path, name)) => (path, Some(name.to_owned())),
        None => (text, None),
    };
    if path.is_empty() {
        return Err(ParseSinkError::NoPath);
    }
    if name.as_deref().is_some_and(|name| !dotenv::is_name(name)) {
        return Err(ParseSinkError::BadName);
    }
    Ok(Sink::EnvFile { path: path.into(), name })
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sink::EnvFile { path, name: None } => write!(f, "env-file:{}", path.display()),
            Sink::EnvFile { path, name: Some(name) } => write!(f, "env-file:{}#{name}", path.display()),
            Sink::Command(text) => write!(f, "command:{text}"),
        }
    }
}

impl TryFrom<String> for Sink {
    type Error = ParseSinkError;

    fn try_from(text: String) -> Result<Self, ParseSinkError> {
        text.parse()
    }
}

impl From<Sink> for String {
    fn from(sink: Sink) -> Self {
        sink.to_string()
    }
}
