//! What came of an incident, for people and programs: where each token is on its way, and what is left to do.

use super::case::{Case, CaseState};
use krea_scan_token::Status;
use serde::Serialize;

/// What came of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The incident's name; `None` when nothing was done, and nothing written.
    pub id: Option<String>,
    /// Krea's API.
    pub api: String,
    /// Through what tokens were revoked and minted; `None` is by hand.
    pub through: Option<String>,
    /// The sinks.
    pub stores: Vec<String>,
    pub tokens: Vec<ReportedToken>,
    /// What finishes the job, when it is not finished.
    pub resume: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedToken {
    /// How far it is.
    pub state: CaseState,
    /// What is known of it.
    #[serde(flatten)]
    pub case: Case,
    /// Where the replacement waits, when a sink has not confirmed it.
    pub escrow: Option<String>,
}

impl Report {
    /// Whether every token is proven dead, and every replacement that was asked for is stored and live.
    pub fn is_done(&self) -> bool {
        self.tokens.iter().all(|entry| entry.state == CaseState::Done)
    }

    /// How many tokens are proven dead.
    pub fn dead(&self) -> usize {
        self.tokens.iter().filter(|entry| entry.case.is_dead()).count()
    }

    /// How many replacements are stored and accepted by Krea.
    pub fn replaced(&self) -> usize {
        let live = |entry: &&ReportedToken| {
            let live = entry.case.replacement.as_ref().is_some_and(|new| new.status == Status::Live);
            live && entry.case.is_replaced(&self.stores)
        };
        self.tokens.iter().filter(live).count()
    }
}
