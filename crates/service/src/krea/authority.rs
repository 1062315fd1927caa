//! Who revokes and mints tokens. Whatever it is, an organisation's token API or Krea itself, an incident speaks to it in the
//! same words, and only what Krea answers about a token afterwards proves anything.

use jiff::Timestamp;
use krea_scan_token::{MASK, Token};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Which way tokens are revoked and minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// Krea itself, through its MCP server.
    Krea,
    /// An API of the user's organisation.
    TokenApi,
    /// A person, on the API Tokens page.
    Hand,
}

/// Revokes, mints and lists tokens.
pub trait TokenAuthority {
    /// Where requests are sent, for people.
    fn name(&self) -> String;

    /// Whether somebody signs in before anything is done.
    fn signs_in(&self) -> bool {
        false
    }

    /// Whether a person does by hand what it does not do.
    fn hands_over(&self) -> bool {
        false
    }

    /// From now on, nothing that holds the secret half of this token is sent, whatever the other side calls its id.
    fn withholds(&self, _token: &Token) {}

    /// Makes ready, and signs in where that is needed.
    ///
    /// # Errors
    /// Why nothing can be revoked and minted this way, in words.
    fn open(&self) -> Result<(), String> {
        Ok(())
    }

    /// Ends what was opened. Says what is left for a person to do about it.
    fn close(&self) -> Option<String> {
        None
    }

    /// Revokes the token of this id. Harmless when done twice.
    ///
    /// # Errors
    /// A refusal, or no usable answer.
    fn revoke(&self, id: &str) -> Result<Revocation, RevokeError>;

    /// Creates a token of this name. Not sent again once the first may have been done.
    ///
    /// # Errors
    /// [`MintError::NotDone`] when it is certain that nothing was created, else [`MintError::MayBeDone`].
    fn mint(&self, name: &str) -> Result<Minted, MintError>;

    /// The tokens that there are; `None` where they cannot be listed.
    fn list(&self) -> Option<Result<TokenList, String>> {
        None
    }
}

/// What came of a revocation that went well. Only asking Krea proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It is said to be done.
    Done,
    /// There is no such token (any more).
    AlreadyGone,
}

/// A new token, and what it is called by.
#[derive(Debug)]
pub struct Minted {
    /// The id that revokes the token; where the answer has no usable one, a pair's own id half; else empty.
    pub id: String,
    /// The token. Nobody else holds it.
    pub token: Token,
}

/// Why a revocation did not go well, in words. It may have been done all the same where an answer was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RevokeError(pub String);

/// Why there is no new token, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// Nothing was created, which is certain: it was refused, or never sent.
    #[error("{0}")]
    NotDone(String),
    /// A token may exist that nobody holds.
    #[error("{0}; a token may have been created that nobody holds")]
    MayBeDone(String),
}

/// A listed token: what is known of it without its secret. The texts are fit to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// What revokes it.
    pub id: String,
    pub name: Option<String>,
    /// The name as the list has it.
    #[serde(skip)]
    pub exact_name: Option<String>,
    /// Who made it.
    pub created_by: Option<String>,
    /// As it was written, mostly RFC 3339.
    pub created_at: Option<String>,
    /// The same; `None` where that is not told, or was never.
    pub last_used_at: Option<String>,
    /// It is told to be revoked already.
    #[serde(default)]
    pub is_revoked: bool,
    /// Whether the list tells when tokens were last used.
    #[serde(default)]
    pub tells_use: bool,
    /// Every id that it goes by, of which one may be a token's id half.
    #[serde(skip)]
    pub ids: Vec<String>,
}

impl TokenRow {
    /// What is known of it, in a line.
    pub fn line(&self) -> String {
        let name = self.name.as_deref().unwrap_or("without a name");
        let mut line = format!("\"{name}\"");
        if let Some(by) = &self.created_by {
            line += &format!(", made by {by}");
        }
        if let Some(at) = &self.created_at {
            line += &format!(", made {at}");
        }
        match &self.last_used_at {
            Some(at) => line += &format!(", last used {at}"),
            None if self.tells_use => line += ", never used",
            None => {}
        }
        if self.is_revoked {
            line += ", listed as revoked";
        }
        line
    }

    /// When it was made, as far as that can be understood.
    pub fn created(&self) -> Option<Timestamp> {
        self.created_at.as_deref()?.parse().ok()
    }

    /// Masks what holds one of these secrets, which a server may have written anywhere.
    pub fn hide(&mut self, secrets: &[Zeroizing<String>]) {
        let texts = [&mut self.name, &mut self.created_by, &mut self.created_at, &mut self.last_used_at];
        for text in texts.into_iter().flatten().chain([&mut self.id]) {
            if secrets.iter().any(|secret| text.contains(secret.as_str())) {
                *text = MASK.to_owned();
            }
        }
    }

    /// When it was last used, as far as that can be understood.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.last_used_at.as_deref()?.parse().ok()
    }
}

/// The tokens that are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenList {
    pub rows: Vec<TokenRow>,
    /// Nothing is missing: only then a token that is not among them is not there.
    pub is_whole: bool,
}

impl TokenList {
    /// The row of the token with this id half: by the id that revokes, else by another, else whatever its case. `None` where
    /// several are of that id as well.
    pub fn of(&self, id: &str) -> Option<&TokenRow> {
        let by: [&dyn Fn(&TokenRow) -> bool; 3] =
            [&|row| row.id == id, &|row| row.ids.iter().any(|own| own == id), &|row| {
                row.ids.iter().any(|own| own.eq_ignore_ascii_case(id))
            }];
        let rows = by.map(|is| self.rows.iter().filter(|row| is(row)).collect::<Vec<_>>());
        rows.iter().find(|rows| !rows.is_empty()).filter(|rows| rows.len() == 1).map(|rows| rows[0])
    }

    /// Whether a token of this id is certainly not there.
    pub fn lacks(&self, id: &str) -> bool {
        self.is_whole && !self.rows.iter().any(|row| row.ids.iter().any(|own| own.eq_ignore_ascii_case(id)))
    }

    /// The rows of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a TokenRow> {
        self.rows.iter().filter(move |row| row.exact_name.as_deref() == Some(name))
    }
}

/// The person who signs in.
pub trait Person {
    /// Shows lines that must be seen.
    fn tell(&self, text: &str);
    /// Forgets what was typed before.
    fn forget_typed(&self);
    /// Shows an address, and opens it in a browser where there is one.
    fn open_in_browser(&self, address: &str);
    /// Whether anybody can type something.
    fn is_there(&self) -> bool;
    /// A line that was typed at the terminal since it was last asked for.
    fn typed(&self) -> Option<String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, ids: &[&str]) -> TokenRow {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        TokenRow { id: id.to_owned(), ids, ..TokenRow::default() }
    }

    #[test]
    fn the_row_of_an_id_is_the_one_that_it_revokes() {
        let list = |rows: &[TokenRow]| TokenList { rows: rows.to_vec(), is_whole: true };
        let (other, own) = (row("b", &["b", "leaked"]), row("leaked", &["leaked"]));
        assert_eq!(list(&[other.clone(), own.clone()]).of("leaked"), Some(&own));
        assert_eq!(list(std::slice::from_ref(&other)).of("leaked"), Some(&other));
        assert_eq!(list(&[row("LEAKED", &["LEAKED"]), own.clone()]).of("leaked"), Some(&own));
        // Of two it is not known which is meant, and neither is it missing.
        let two = list(&[row("b", &["b", "leaked"]), row("c", &["c", "leaked"])]);
        assert_eq!((two.of("leaked"), two.lacks("leaked")), (None, false));
        assert!(two.lacks("x") && !TokenList { is_whole: false, ..two }.lacks("x"));
    }

    #[test]
    fn a_secret_that_a_server_writes_into_a_row_is_masked() {
        let mut row =
            TokenRow { name: Some("a hidden b".to_owned()), created_by: None, ..row("hidden", &[]) };
        row.hide(&[Zeroizing::new("hidden".to_owned())]);
        assert_eq!((row.id.as_str(), row.name.as_deref(), row.created_by), (MASK, Some(MASK), None));
    }
}
