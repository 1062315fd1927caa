//! The guided way, because Krea publishes no endpoint that revokes or creates tokens: which page to open, which rows to
//! look for, what to paste. Takes cases, gives words; opens a browser where there is one.

use super::case::Case;
use krea_scan_token::TOKENS_PAGE;
use std::fmt::Write as _;

/// Places that are listed for a token.
const PLACES: usize = 5;

/// What to do on the page, row by row.
pub fn rows(cases: &[&Case]) -> String {
    let rows = if cases.len() == 1 { "this row" } else { "these rows" };
    let mut text = format!("  Open {TOKENS_PAGE}\n  and revoke {rows}:");
    for case in cases {
        let what = match &case.id_prefix {
            Some(id) => format!("its id starts with {id}"),
            None => {
                let label = case.label();
                format!("the legacy key {label}, which shows no id: go by its name, and by where it is used")
            }
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n\n    - {what}");
        let shown = match case.places.len() {
            few if few <= PLACES + 1 => few,
            _ => PLACES,
        };
        for place in &case.places[..shown] {
            let _ = write!(text, "\n      found in {place}");
        }
        if case.places.len() > shown {
            let _ = write!(text, "\n      and in {} more places", case.places.len() - shown);
        }
    }
    text + "\n\n  A row that is not there may be a service token: only owners and admins of the workspace see those."
}

/// How to create the replacement.
pub fn create(case: &Case, name: &str) -> String {
    format!(
        "  For {}, open {TOKENS_PAGE}\n  and choose New Token. Give it this name:\n    {name}\n  Then Create key, and \
         copy it: it is shown only once.",
        case.label()
    )
}

/// Opens a page where that makes sense: at a desktop, not over SSH. It was printed in any case.
pub fn open_page(address: &str) {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let remote = set("SSH_CONNECTION") || set("SSH_TTY");
    let desktop = cfg!(any(windows, target_os = "macos")) || set("DISPLAY") || set("WAYLAND_DISPLAY");
    if desktop && !remote {
        // The address is on screen for whoever has no browser.
        let _ = open::that_detached(address);
    }
}
