//! Numbered lists of the human report: what an incident would do, and what it leaves to a person.

use super::palette::{Palette, paint};
use krea_scan_token::escape::visible_line;
use std::fmt::{self, Write};

/// What an incident would do.
pub fn plan(out: &mut String, steps: &[String], palette: &Palette) -> fmt::Result {
    numbered(out, "What --revoke would do; nothing was sent and nothing was written", steps, palette)
}

/// What an incident leaves to a person.
pub fn left_to_do(out: &mut String, steps: &[String], palette: &Palette) -> fmt::Result {
    numbered(out, "What is left to do", steps, palette)
}

/// A numbered list under a heading; nothing when it is empty.
fn numbered(out: &mut String, heading: &str, steps: &[String], palette: &Palette) -> fmt::Result {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint(palette.heading, heading))?;
    for (at, step) in steps.iter().enumerate() {
        let mut lines = step.lines().map(visible_line);
        writeln!(out, "  {}. {}", at + 1, lines.next().unwrap_or_default())?;
        for line in lines {
            writeln!(out, "     {line}")?;
        }
    }
    writeln!(out)
}
