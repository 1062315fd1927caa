//! What speaks for whose a value is, and the order in which it decides.
//!
//! The order is that of [`EvidencePlace`]: nearer beats farther. Among the scopes around a value (its line, an object, a block, a
//! section) the smaller one is nearer; in one scope its members speak before the host that it names, and that before the
//! scope's own name. The first evidence that decides, decides.

use crate::names::{self, NameKind};
use krea_scan_token::Confidence;
use std::fmt;

/// Where evidence stands, nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidencePlace {
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
    /// A member of a scope around it: `vendor: krea` beside it, before or behind.
    Member,
    /// The host of the request that it is a part of, or that a scope around it names.
    Host,
    /// The name of a scope around it: a block, a call, a section, an element.
    ScopeName,
    /// Another name in its statement.
    Statement,
    /// What was around the encoded run that it was decoded from.
    Outside,
    /// The nearest heading or comment above.
    Heading,
    FileName,
    Nearby,
    Folder,
}

impl fmt::Display for EvidencePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EvidencePlace::HostBehind => "the host behind it",
            EvidencePlace::OwnName => "its own name",
            EvidencePlace::Column => "its column",
            EvidencePlace::Label => "the words before it",
            EvidencePlace::Use => "a use of its variable",
            EvidencePlace::Member => "a member beside it",
            EvidencePlace::Host => "a host",
            EvidencePlace::ScopeName => "what it stands in",
            EvidencePlace::Statement => "its statement",
            EvidencePlace::Outside => "around what it is encoded in",
            EvidencePlace::Heading => "a heading above",
            EvidencePlace::FileName => "the file's name",
            EvidencePlace::Nearby => "nearby",
            EvidencePlace::Folder => "a folder's name",
        })
    }
}

/// What a piece of evidence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    Krea,
    /// Krea is named, but not as the one whose it is.
    MentionsKrea,
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

/// What says something of whose a value is. People read it; what is decided from it is decided by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// A name in the text: of a variable, a member, a block, a service.
    Name(String),
    /// A host, to which the value may be sent as an authorization.
    Host {
        host: String,
        is_authorization: bool,
    },
    /// Words that name Krea's key, before the value or behind it.
    Words(Words),
    KreaNearby,
    /// Krea's name in a heading or a comment.
    KreaAbove,
    /// The same of a service whose keys have the shape of Krea's.
    LookalikeAbove,
    FileName,
    FolderName,
    /// The scheme of an authorization.
    Scheme,
    /// The value is a key itself.
    ObjectKey,
    /// The value is a part of a key that is a list.
    KeyInPieces,
}

/// Words that name a credential of Krea's: only those that are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub said: String,
    /// They stand behind the value.
    pub are_behind: bool,
}

impl Witness {
    /// A host that nothing is known to be sent to as an authorization.
    pub fn host(host: String) -> Self {
        Witness::Host { host, is_authorization: false }
    }

    /// The name, if it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Witness::Name(name) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Witness::Name(name) => name,
            Witness::Host { host, is_authorization: true } => return write!(f, "Authorization, {host}"),
            Witness::Host { host, .. } => host,
            Witness::Words(words) => &words.said,
            Witness::KreaNearby => "krea nearby",
            Witness::KreaAbove => "krea in the comment above",
            Witness::LookalikeAbove => "another service in the comment above",
            Witness::FileName => "the file's name",
            Witness::FolderName => "the folder's name",
            Witness::Scheme => "its authorization scheme",
            Witness::ObjectKey => "a key of an object",
            Witness::KeyInPieces => "a key in pieces",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub place: EvidencePlace,
    pub says: Says,
    pub witness: Witness,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.witness {
            Witness::Words(words) if words.are_behind => write!(f, "the words behind it")?,
            _ => write!(f, "{}", self.place)?,
        }
        write!(f, ": {} ({})", self.says, self.witness)
    }
}

impl Evidence {
    /// Whether it settles whose the value is. A weak mention leaves that to what stands farther away.
    pub fn decides(&self) -> bool {
        match self.says {
            // A heading speaks for all that stands below it.
            Says::Krea => self.place != EvidencePlace::Heading,
            Says::AnotherService => true,
            Says::MentionsKrea => self.place >= EvidencePlace::Statement,
            Says::NoCredential => false,
        }
    }

    /// How strongly it ties a value to Krea.
    pub fn strength(&self) -> Strength {
        match (self.says, self.place) {
            (Says::AnotherService | Says::NoCredential, _) => Strength::None,
            (Says::Krea, EvidencePlace::FileName | EvidencePlace::Folder) => Strength::Path,
            (Says::Krea, EvidencePlace::Nearby | EvidencePlace::Heading) | (Says::MentionsKrea, _) => {
                Strength::Nearby
            }
            (Says::Krea, _) => Strength::Stated,
        }
    }
}

/// How strongly a value is tied to Krea, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
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
    pub strength: Strength,
    /// Another service's name stands closer.
    pub other_service: bool,
    /// It stands where a credential stands: behind a credential's name, or as an authorization.
    pub credential: bool,
    /// What stands before it says that it is encrypted, a digest or an id.
    pub not_plain: bool,
    /// Its name is that of no credential, or of a digest: not even a pair is a token there.
    pub no_credential: bool,
    /// What decided.
    pub place: Option<EvidencePlace>,
    /// Its own name, or that of its column.
    pub own_name: Option<String>,
    pub witness: Option<Witness>,
}

impl Attribution {
    /// The confidence in an `id:secret` pair; `None` when it is another service's.
    pub fn pair_confidence(&self) -> Option<Confidence> {
        match self.strength {
            _ if self.other_service => None,
            _ if self.no_credential => Some(Confidence::Low),
            Strength::Stated => Some(Confidence::High),
            Strength::Path | Strength::Nearby => Some(Confidence::Medium),
            Strength::None => Some(Confidence::Low),
        }
    }

    /// What ties it to Krea.
    pub fn evidence(&self) -> Option<Evidence> {
        let (place, witness) = (self.place?, self.witness.clone()?);
        (self.strength > Strength::None).then_some(Evidence { place, says: Says::Krea, witness })
    }

    /// What a report shows as the context.
    pub fn context(&self) -> String {
        self.witness.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Whether the name that ties it to Krea has a word which may be another service's: `KREA_ZORBLAX_API_KEY`.
    pub fn is_qualified(&self) -> bool {
        let Some(name) = self.witness.as_ref().and_then(Witness::name) else { return false };
        let names_it = matches!(
            self.place,
            Some(EvidencePlace::OwnName | EvidencePlace::ScopeName | EvidencePlace::Member)
        );
        names::is_qualified(name)
            || (names_it && !names::ends_like_credential(name) && names::has_unknown_word(name))
    }

    /// Whether a name, a header, a call, a block or the file itself says Krea.
    pub fn is_named(&self) -> bool {
        self.strength == Strength::Stated || self.place == Some(EvidencePlace::FileName)
    }
}
