//! Standard error: what the program says beside its report goes out through [`say`], and nothing else writes there but
//! the bars of progress, whose words are our own.

use crate::lines::harmless;
use std::io::{self, Write};

/// Says lines, which may be several. Their words are shown already, or our own.
pub fn say(text: &str) {
    // When standard error is gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{}", harmless(text, true));
}

/// Says something that no line break follows.
pub fn prompt(text: &str) {
    let mut stderr = io::stderr().lock();
    // As in `say`.
    let _ = write!(stderr, "{}", harmless(text, true)).and_then(|()| stderr.flush());
}
