//! The incident: takes leaked tokens to proven dead and replaced. A state machine with a journal: each step is on the disk
//! before and after it is done, so that a crash, a full disk or a pulled plug loses nothing, and the run goes on later.
//!
//! Takes tokens with the words for where they were found, gives a [`Report`]. Talks to Krea through [`crate::krea`]
//! only. Knows nothing of how a token was found.

mod authority;
mod begin;
mod case;
pub mod console;
mod escrow;
mod final_check;
mod folder;
mod folder_state;
mod guided;
mod journal;
mod leaked;
mod list;
mod mint;
pub mod naming;
mod plan;
mod replace;
mod report;
mod run;
mod sign_in;
pub mod sink;
mod steps;
mod terminal_text;
mod workspace;

pub use authority::Ways;
pub use begin::{Ask, IncidentOptions, may_ask, resume, start};
pub use case::{Case, CaseProgress, CaseState, Replacement, label};
pub use folder::StateError;
pub use leaked::Leak;
pub use list::list;
pub use plan::dry_run;
pub use report::{Report, ReportedToken};
pub use workspace::{Listing, workspace_tokens};
