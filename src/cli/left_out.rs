//! Options whose part of the program was left out when it was built.

use super::Cli;

/// An option that is given, and the feature that it needs, where this program was built without it.
pub fn option(cli: &Cli) -> Option<(&'static str, &'static str)> {
    let needs = [
        ("--ocr", "ocr", cli.read.ocr, cfg!(feature = "ocr")),
        ("--url", "site", !cli.input.url.is_empty(), cfg!(feature = "site")),
        ("--verify", "incident", cli.incident.verify, cfg!(feature = "incident")),
        ("--revoke", "incident", cli.incident.revoke, cfg!(feature = "incident")),
        ("--resume", "incident", cli.incident.resume.is_some(), cfg!(feature = "incident")),
        ("--incidents", "incident", cli.incident.incidents, cfg!(feature = "incident")),
        ("--tokens", "incident", cli.incident.tokens, cfg!(feature = "incident")),
        ("--redact", "redact", cli.incident.redact, cfg!(feature = "redact")),
    ];
    let given = needs.into_iter().find(|&(_, _, is_given, is_built)| is_given && !is_built);
    given.map(|(option, feature, ..)| (option, feature))
}
