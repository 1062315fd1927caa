//! What is said on standard error of an error, of a command line that is refused, and of a panic: text from outside, as it is
//! shown. [`say`] writes it.

use super::{Shown, harmless, message, say};
use crate::exit_code::FAILED;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use krea_scan_token::escape::visible;
use krea_scan_token::mask::{Masker, TextKind};

/// An error and its causes on one line, each said once: many messages end with their cause already. Whoever wrote the text
/// that is wrong may have written its line breaks, so they are written out.
pub fn error(error: &anyhow::Error) -> Shown<String> {
    let words = error
        .chain()
        .map(ToString::to_string)
        .reduce(|text, cause| if text.ends_with(&cause) { text } else { format!("{text}: {cause}") });
    message(&words.unwrap_or_default())
}

/// What is wrong with a command line. What it quotes came from there: file names, and now and then a token.
pub fn refused(error: clap::Error) -> Shown<String> {
    let quoted = |text: &str| visible(&Masker::new([]).mask(text, TextKind::Line)).into_owned();
    let mut shown = error;
    let context: Vec<(ContextKind, ContextValue)> = shown
        .context()
        .filter_map(|(kind, value)| {
            let value = match value {
                ContextValue::String(text) => ContextValue::String(quoted(text)),
                ContextValue::Strings(texts) => {
                    ContextValue::Strings(texts.iter().map(|text| quoted(text)).collect())
                }
                ContextValue::StyledStrs(texts) => {
                    let styled = |text: &StyledStr| StyledStr::from(quoted(&text.to_string()));
                    ContextValue::StyledStrs(texts.iter().map(styled).collect())
                }
                _ => return None,
            };
            Some((kind, value))
        })
        .collect();
    for (kind, value) in context {
        shown.insert(kind, value);
    }
    Shown(harmless(shown.render().to_string().trim_end(), false))
}

/// From now on a panic, on whichever thread, tells where it was and ends the program. It tells nothing of what was read, which its
/// message may quote, and leaves no image of the memory, in which tokens are.
pub fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        say(&format!(
            "krea-scan: panicked{}: a fault of this program, not of what it read; please report it with this line",
            place.unwrap_or_default()
        ));
        std::process::exit(FAILED.into());
    }));
}
