//! What speaks for whose a value is, and the order in which it decides.
//!
//! The order is that of [`Place`]: nearer beats farther. Among the levels around a value (its line, an object, a block, a
//! section) the smaller one is nearer; in one level its members speak before the host that it names, and that before the
//! level's own name. The first evidence that decides, decides.

use crate::names::NameKind;
use krea_scan_token::Confidence;
use std::fmt;

/// Where evidence stands, nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The host behind an `@`: `token@host`.
    HostBehind,
    /// The name at the head of its column. A cell has no other name: what stands before it is its neighbour's.
    Column,
    /// The name that the value is assigned to, passed under or sent as.
    OwnName,
    /// The words before it, on its line or the one above.
    Label,
    /// A use of the variable that it is assigned to.
    Use,
    /// A member of a level around it: `vendor: krea` beside it, before or behind.
    Member,
    /// The host of the request that it is a part of, or that a level around it names.
    Host,
    /// The name of a level around it: a block, a call, a section, an element.
    LevelName,
    /// Another name in its statement.
    Statement,
    /// What was around the encoded run that it was decoded from.
    Outside,
    /// The nearest heading or comment above.
    Heading,
    /// The file's name.
    FileName,
    /// A mention near it.
    Nearby,
    /// A folder's name.
    Folder,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::HostBehind => "the host behind it",
            Place::OwnName => "its own name",
            Place::Column => "its column",
            Place::Label => "the words before it",
            Place::Use => "a use of its variable",
            Place::Member => "a member beside it",
            Place::Host => "a host",
            Place::LevelName => "what it stands in",
            Place::Statement => "its statement",
            Place::Outside => "around what it is encoded in",
            Place::Heading => "a heading above",
            Place::FileName => "the file's name",
            Place::Nearby => "nearby",
            Place::Folder => "a folder's name",
        })
    }
}

/// What a piece of evidence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It is Krea's.
    Krea,
    /// Krea is named, but not as the one whose it is.
    MentionsKrea,
    /// It is another service's.
    AnotherService,
    /// It is no credential, whoever's it is.
    NoCredential,
}

impl Says {
    /// What a name's kind says of a value that it stands for, or near; nothing where it says nothing of whose it is.
    pub fn of(kind: NameKind) -> Option<Says> {
        match kind {
            NameKind::Krea => Some(Says::Krea),
            NameKind::KreaOther => Some(Says::MentionsKrea),
            NameKind::OtherService => Some(Says::AnotherService),
            _ => None,
        }
    }
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Says::Krea => "Krea's",
            Says::MentionsKrea => "mentions Krea",
            Says::AnotherService => "another service's",
            Says::NoCredential => "no credential",
        })
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where it stands.
    pub place: Place,
    /// What it says.
    pub says: Says,
    /// The name or the host that says it, as a report shows it.
    pub label: String,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.says, self.label)
    }
}

impl Evidence {
    /// Whether it settles whose the value is. A weak mention leaves that to what stands farther away.
    pub fn decides(&self) -> bool {
        match self.says {
            // A heading speaks for all that stands below it.
            Says::Krea => self.place != Place::Heading,
            Says::AnotherService => true,
            Says::MentionsKrea => self.place >= Place::Statement,
            Says::NoCredential => false,
        }
    }

    /// How strongly it ties a value to Krea.
    pub fn tie(&self) -> Tie {
        match (self.says, self.place) {
            (Says::AnotherService | Says::NoCredential, _) => Tie::None,
            (Says::Krea, Place::FileName | Place::Folder) => Tie::Path,
            (Says::Krea, Place::Nearby | Place::Heading) | (Says::MentionsKrea, _) => Tie::Nearby,
            (Says::Krea, _) => Tie::Stated,
        }
    }
}

/// How strongly a value is tied to Krea, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// Nothing ties it.
    None,
    /// `krea` is nearby.
    Nearby,
    /// The file's name, or a folder's.
    Path,
    /// A name, a header, a call or a block.
    Stated,
}

/// Whose a value is, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// How strongly it is tied to Krea.
    pub tie: Tie,
    /// Another service's name stands closer.
    pub other_service: bool,
    /// It stands where a credential stands: behind a credential's name, or as an authorization.
    pub credential: bool,
    /// What stands before it says that it is encrypted, a digest or an id.
    pub not_plain: bool,
    /// Its name is that of no credential, or of a digest: not even a pair is a token there.
    pub no_credential: bool,
    /// What decided.
    pub place: Option<Place>,
    /// Its own name, or that of its column.
    pub own_name: Option<String>,
    /// What a report shows as the context.
    pub label: String,
}

impl Attribution {
    /// The confidence in an `id:secret` pair; `None` when it is another service's.
    pub fn pair_confidence(&self) -> Option<Confidence> {
        match self.tie {
            _ if self.other_service => None,
            _ if self.no_credential => Some(Confidence::Low),
            Tie::Stated => Some(Confidence::High),
            Tie::Path | Tie::Nearby => Some(Confidence::Medium),
            Tie::None => Some(Confidence::Low),
        }
    }

    /// Whether a name, a header, a call, a block or the file itself says Krea.
    pub fn is_named(&self) -> bool {
        self.tie == Tie::Stated || self.place == Some(Place::FileName)
    }
}
