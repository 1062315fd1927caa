//! The way out: every text from outside passes here before it is shown or written, whatever the format.
//!
//! Takes outcomes, names and messages, gives them [`Shown`]: secrets are masked in the whole text, which is cut to fit only
//! then, and nothing in it acts on a terminal or on the log of a CI system. A report is made of a `Shown` outcome, so no
//! format can reach text that did not pass. What the program says on standard error goes through [`say`] alone.

#[cfg(feature = "incident")]
mod incident;
mod outcome;
mod stderr;

pub use krea_scan_token::lines::{LineWriter, harmless, harmless_json, ungrouped, without_commands};
pub use krea_scan_token::stderr::{prompt, say};
pub use outcome::{OutputStyle, outcome, place, rules};
pub use stderr::{error, refused, tell_of_panics};

use krea_scan_token::escape::visible;
use krea_scan_token::mask::{Masker, TextKind};
use std::fmt;
use std::ops::Deref;
use std::path::Path;

/// What passed through this room. Nothing else makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<T>(T);

impl<T> Deref for Shown<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A name as it is shown: a path, a ref, a server's words.
pub fn name(masker: &Masker, name: &str) -> Shown<String> {
    Shown(visible(&masker.mask(name, TextKind::Name)).into_owned())
}

/// A name or a message of a run that knows no token.
pub fn message(text: &str) -> Shown<String> {
    name(&Masker::new([]), text)
}

/// A path as it is shown.
pub fn path(path: &Path) -> Shown<String> {
    message(&path.to_string_lossy())
}
