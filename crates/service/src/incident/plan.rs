//! What a run would do, in words, for `--dry-run`. Sends nothing and writes nothing.

use super::begin::IncidentOptions;
use super::console::Console;
use super::folder::StateError;
use super::leaked::Leak;
use crate::krea::{KreaMcp, Via};
use krea_scan_token::TOKENS_PAGE;
use std::time::Duration;

/// What a run would do, step by step. Sends nothing and writes nothing.
///
/// # Errors
/// An address that tokens must not be sent to.
pub fn dry_run(leaks: &[Leak], options: &IncidentOptions, console: &Console) -> anyhow::Result<Vec<String>> {
    let api = &options.api;
    let (via, why) = options.ways.choose(console);
    let by = match via {
        Via::Hand => None,
        Via::TokenApi => options.ways.token_api.as_ref().map(|config| config.base().to_owned()),
        Via::Krea => Some(KreaMcp::name_at(api)),
    };
    let labels: Vec<String> = leaks
        .iter()
        .map(|leak| super::label(leak.token.id_prefix().as_deref(), &leak.token.fingerprint()))
        .collect();
    let all = labels.join(", ");
    let mut steps = vec![
        format!(
            "Write a journal below {}",
            krea_scan_files::user_dirs::state().ok_or(StateError::NoHome)?.display()
        ),
        format!("Ask {api} whether each is live (GET /jobs?limit=1): {all}"),
        format!("Ask {api} what ran with each live one (GET /jobs, by pages)"),
    ];
    let asks = via == Via::Krea && options.ways.krea_credential_env.is_none();
    let place = by.as_deref().unwrap_or("the API Tokens page, by hand");
    steps.push(format!("Revoke and mint through {place} ({why})"));
    if asks {
        steps.push(format!(
            "Ask {api} how to sign in, say which authorization server it names, and have you sign in there with a browser"
        ));
    }
    if via == Via::Krea {
        steps.push(format!("List the workspace's tokens, and look these up: {all}"));
    }
    let revoke = match &by {
        Some(base) => vec![
            format!("Ask for a yes, then revoke each live one through {base}: {all}"),
            format!("Ask {api} until it refuses each, again and again, for at most {}", told(options.wait)),
        ],
        None => vec![
            format!("Show which rows to revoke on {TOKENS_PAGE}: {all}"),
            format!("Ask {api} until it refuses each, again and again, for at most {}", told(options.wait)),
        ],
    };
    let mut replace = Vec::new();
    for leak in leaks.iter().filter(|_| !options.stores.is_empty()) {
        let name = &leak.name;
        replace.push(match &by {
            Some(base) => format!("Mint \"{name}\" through {base}"),
            None => format!("Ask for the replacement \"{name}\", which a person creates on {TOKENS_PAGE}"),
        });
        replace.push("Hold it in escrow, a file of mode 0600 beside the journal".to_owned());
        replace.extend(options.stores.iter().map(|sink| format!("Store it: {sink}")));
        replace.push(format!("Ask {api} whether it is live"));
    }
    if replace.is_empty() {
        replace.push("Mint nothing, because no --store says where to keep a replacement".to_owned());
    }
    match options.replace_first {
        true => steps.extend(replace.into_iter().chain(revoke)),
        false => steps.extend(revoke.into_iter().chain(replace)),
    }
    steps.push(format!("Ask {api} once more about each of them, then empty the escrow"));
    Ok(steps)
}

/// A length of time for people: `90s`, `15m`.
pub(super) fn told(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 60 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}
