//! The step that makes ready to revoke and mint: signs in where that is needed, and looks up what the workspace has. What the list
//! says also tells what became of a mint whose answer was lost. Where any of it fails, a person goes on by hand.

use super::case::Case;
use super::journal::JournalEvent;
use super::run::{IncidentRun, RunPart};
use super::terminal_text::Tone;
use anyhow::Result;
use jiff::ToSpan as _;
use krea_scan_token::{Fingerprint, Token};
use std::thread;
use std::time::Duration;

/// How often it is looked for a token that may have been made, and the time between.
const LOOKS: usize = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// Names that are tried until one is free.
const NAMES: usize = 20;

impl IncidentRun<'_> {
    /// Makes ready to revoke and mint: signs in where that is needed, and looks the leaked tokens up. Where that fails, a person
    /// goes on.
    pub(super) fn open_authority(&mut self) -> Result<()> {
        let sinks = self.sink_names();
        let revokes = self.select(|case| !case.is_dead()).iter().any(|token| self.by_authority(token));
        let mints = |case: &Case| case.wants_replacement(&sinks) && !case.is_replaced(&sinks);
        if !revokes && !self.cases.iter().any(mints) {
            return Ok(());
        }
        let Some(at) = self.authority.as_ref().map(|authority| authority.name()) else { return Ok(()) };
        if self.signs_in {
            self.heading(RunPart::SignIn, &format!("to {at}"));
            self.record(JournalEvent::SigningIn { server: at.clone() })?;
        }
        if let Some(authority) = &self.authority {
            self.leaked.values().chain(self.fresh.values()).for_each(|token| authority.withholds(token));
        }
        self.at_interrupt("Nothing was revoked by this run.");
        let opened = self.authority.as_ref().map_or(Ok(()), |authority| authority.open());
        self.at_interrupt("");
        if let Err(reason) = opened {
            self.console.insist_as(Tone::Bad, format!("  Not through {at}: {reason}"));
            self.console.print_always("  It goes on by hand, on the API Tokens page.");
            self.authority = None;
            return Ok(self.record(JournalEvent::NotSignedIn { server: at, reason })?);
        }
        if self.signs_in {
            self.record(JournalEvent::SignedIn { server: at })?;
        }
        self.look_up()
    }

    /// Looks up what the list says of the leaked tokens.
    fn look_up(&mut self) -> Result<()> {
        let list = match self.authority.as_ref().and_then(|authority| authority.list()) {
            None => return Ok(()),
            Some(Ok(list)) => list,
            Some(Err(why)) => {
                self.console.print_always(format!("  The workspace's tokens could not be listed: {why}"));
                return Ok(());
            }
        };
        // Servers tell the second.
        let begun = self.started.checked_sub(2.seconds()).unwrap_or(self.started);
        for token in self.select(|case| !case.is_dead()) {
            let id = self
                .leaked
                .get(&token)
                .and_then(Token::id)
                .map(|id| String::from_utf8_lossy(id).into_owned());
            let Some(id) = id else { continue };
            let row = list.of(&id).cloned();
            match &row {
                // The list is read after it was asked whether the token is live.
                Some(row) if row.last_used().is_some_and(|last| last >= begun) => {
                    self.say(&token, Tone::Plain, &format!("{} (which this run's own question may be)", row.line()));
                }
                Some(row) => self.say(&token, Tone::Plain, &row.line()),
                None if list.lacks(&id) => self.say(
                    &token,
                    Tone::Bad,
                    "is not among this workspace's tokens: another workspace owns it, or it is one that only owners and admins \
                     see; sign in there, or tell its owner",
                ),
                None => {
                    self.say(&token, Tone::Plain, "is not certainly told in what Krea listed");
                    continue;
                }
            }
            self.record(JournalEvent::Listed { token, row })?;
        }
        Ok(())
    }

    /// A name for the replacement that no token of the workspace has, as far as they can be listed. Only then whatever is called
    /// so afterwards is known to be the replacement.
    pub(super) fn unused_name(&mut self, token: &Fingerprint) -> Result<String> {
        let first = self.next_name(token);
        if self.case(token).is_some_and(|case| case.free_name.is_some()) {
            return Ok(first);
        }
        let Some(Ok(list)) = self.authority.as_ref().and_then(|authority| authority.list()) else {
            return Ok(first);
        };
        let names = self.case(token).into_iter().flat_map(|case| case.names().take(NAMES));
        let free = names.filter(|_| list.is_whole).find(|name| list.named(name).next().is_none());
        let Some(name) = free else { return Ok(first) };
        self.record(JournalEvent::NameFree { token: token.clone(), name: name.clone() })?;
        Ok(name)
    }

    /// Whether what a mint whose answer was lost has made is found in the list: by its name, which no token had before, and made
    /// since. Then it is revoked. A list that has
    /// none settles nothing: the mint may still be under way, and the server may call what it made something else.
    pub(super) fn is_settled(&mut self, token: &Fingerprint, name: &str) -> Result<bool> {
        let was_free = |case: &Case| case.free_name.as_deref() == Some(name);
        let since = self.case(token).filter(|case| was_free(case)).and_then(|case| case.free_since);
        let (Some(authority), Some(since)) = (self.authority.as_ref(), since) else { return Ok(false) };
        // Clocks differ.
        let since = since.checked_sub(5.minutes()).unwrap_or(since);
        let listed = || authority.list().and_then(Result::ok).filter(|list| list.is_whole);
        let Some(mut list) = listed() else { return Ok(false) };
        // What was made a moment ago may not be listed yet.
        for _ in 1..LOOKS {
            if list.named(name).next().is_none() {
                thread::sleep(PAUSE);
                let Some(again) = listed() else { return Ok(false) };
                list = again;
            }
        }
        let rows: Vec<_> = list.named(name).filter(|row| !row.is_revoked).collect();
        let [row] = rows.as_slice() else { return Ok(false) };
        if row.created().is_some_and(|created| created < since) {
            return Ok(false);
        }
        let revoked = authority.revoke(&row.id);
        let is_gone = listed().is_some_and(|list| list.named(name).all(|row| row.is_revoked));
        match revoked {
            Ok(_) if is_gone => {
                let said = format!(
                    "\"{name}\" had been created, and nobody holds it: it was found in the list, and revoked"
                );
                self.say(token, Tone::Good, &said);
                self.record(JournalEvent::OrphanRevoked { token: token.clone(), name: name.to_owned() })?;
                Ok(true)
            }
            Ok(_) | Err(_) => Ok(false),
        }
    }
}
