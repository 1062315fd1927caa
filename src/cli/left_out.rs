//! Options whose part of the program was left out when it was built.

use super::Cli;

/// An option that is given, and the feature that it needs, where this program was built without it.
pub fn option(cli: &Cli) -> Option<(&'static str, &'static str)> {
    let needs = [
        ("--ocr", "ocr", cli.ocr, cfg!(feature = "ocr")),
        ("--url", "site", !cli.url.is_empty(), cfg!(feature = "site")),
        ("--verify", "incident", cli.verify, cfg!(feature = "incident")),
        ("--revoke", "incident", cli.revoke, cfg!(feature = "incident")),
        ("--resume", "incident", cli.resume.is_some(), cfg!(feature = "incident")),
        ("--incidents", "incident", cli.incidents, cfg!(feature = "incident")),
        ("--redact", "redact", cli.redact, cfg!(feature = "redact")),
    ];
    let given = needs.into_iter().find(|&(_, _, is_given, is_built)| is_given && !is_built);
    given.map(|(option, feature, ..)| (option, feature))
}
