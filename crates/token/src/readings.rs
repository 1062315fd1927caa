//! What a token's text may be. The text around a token does not always say where it begins and ends, and not every text
//! is exact: then a finding holds the best reading as its token, and here the others, best first, and whether the true
//! text may be none of them.

use super::Token;
use std::fmt;

/// More readings of one token than this are not kept: then the true one may be none of them.
const MAX_READINGS: usize = 8;

/// Why a token's true text may be none of its readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// It was read from the pixels of a picture.
    Picture,
    /// It was put together over look-alikes, spaces or broken lines.
    Repaired,
    /// The line or the text ends where the token may go on.
    Cut,
    /// Bytes that are no part of it may stand beside it without a border: a length, the next value.
    NoBorder,
    /// It is one half of a token alone; the other half was not found, or several fit.
    Half,
    /// It has more readings than are kept.
    TooMany,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Doubt::Picture => "it was read from a picture",
            Doubt::Repaired => "it was put together over broken lines, spaces or letters that look alike",
            Doubt::Cut => "it may go on where the line or the text ends",
            Doubt::NoBorder => "nothing marks where it begins or ends",
            Doubt::Half => "it may be one half of a token",
            Doubt::TooMany => "it can be read in more ways than are tried",
        })
    }
}

/// The readings of a token beside the best one, which is the finding's token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    others: Vec<Token>,
    doubt: Option<Doubt>,
    as_read: Option<String>,
}

impl Readings {
    /// The other readings that are possible, best first; the true text is the best one or among these.
    pub fn one_of(others: Vec<Token>) -> Self {
        let mut readings = Readings::default();
        others.into_iter().for_each(|token| readings.add(token));
        readings
    }

    /// The true text may be none that is known.
    pub fn doubtful(doubt: Doubt) -> Self {
        Readings { doubt: Some(doubt), ..Readings::default() }
    }

    /// The true text may be none that is known. `as_read` is the start of the id half as it was read; never a part of the
    /// secret half; empty for a token that has no id half.
    pub fn guessed(doubt: Doubt, as_read: String) -> Self {
        Readings { as_read: Some(as_read), ..Readings::doubtful(doubt) }
    }

    /// Adds a further reading, the last to be tried; one that is there is not added again.
    pub fn add(&mut self, token: Token) {
        match self.others.len() {
            _ if self.others.contains(&token) => {}
            MAX_READINGS.. => self.doubt = self.doubt.or(Some(Doubt::TooMany)),
            _ => self.others.push(token),
        }
    }

    /// Says why the true text may be none that is known; the first reason stays.
    pub fn add_doubt(&mut self, doubt: Doubt) {
        self.doubt = self.doubt.or(Some(doubt));
    }

    /// The other readings, best first.
    pub fn others(&self) -> &[Token] {
        &self.others
    }

    /// Why the true text may be none of the readings; `None` when it is one of them for certain.
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    /// The start of the id half as it was read, where the token holds it repaired.
    pub fn as_read(&self) -> Option<&str> {
        self.as_read.as_deref()
    }

    /// Whether the finding's token is its only reading.
    pub fn is_certain(&self) -> bool {
        self.others.is_empty() && self.doubt.is_none()
    }
}
