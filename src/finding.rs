//! What a scan yields: tokens, where they are, and what could not be read.
//!
//! Every stage speaks these types. None of them ever shows a token's secret half: [`Token`] redacts itself in
//! `Debug` and has no `Display` of the text, and its memory is wiped on drop.

mod readings;

pub use readings::{Doubt, Readings};

use crate::allowance::{Allowance, LeftOut};
use crate::incident;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// How many characters of a pair's id half are shown. The id half alone cannot authenticate.
const ID_PREFIX_CHARS: usize = 8;

/// What stands in the place of a secret wherever one would be shown.
pub const MASK: &str = "••••";

/// The shape of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// `id:secret`, a personal or service token.
    Pair,
    /// One opaque string without a colon: a legacy Krea API key.
    Legacy,
    /// What a team's own rule matched.
    Custom,
}

/// A credential's full text. Redacted in `Debug`, wiped from memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    kind: TokenKind,
    text: Zeroizing<Vec<u8>>,
}

impl Token {
    /// Takes the exact text of a token.
    pub fn new(kind: TokenKind, text: &[u8]) -> Self {
        Token { kind, text: Zeroizing::new(text.to_vec()) }
    }

    /// The token's shape.
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The full text. For the search for further copies and for masking; never for output.
    pub fn expose(&self) -> &[u8] {
        &self.text
    }

    /// The id half of a pair; `None` for other kinds, which have no part that is safe to show.
    pub fn id(&self) -> Option<&[u8]> {
        let colon = self.text.iter().position(|&b| b == b':')?;
        (self.kind == TokenKind::Pair).then(|| &self.text[..colon])
    }

    /// The part that must never be shown: a pair's secret half, otherwise the whole text.
    pub fn secret(&self) -> &[u8] {
        match self.id() {
            Some(id) => &self.text[id.len() + 1..],
            None => &self.text,
        }
    }

    /// The first eight characters of the id half, which is what tells a person which row to revoke.
    pub fn id_prefix(&self) -> Option<String> {
        self.id().map(|id| String::from_utf8_lossy(&id[..id.len().min(ID_PREFIX_CHARS)]).into_owned())
    }

    /// A form that is safe to show: `2f1c8a7e-…:••••` for a pair, `••••` for the rest.
    pub fn redacted(&self) -> String {
        match (self.id(), self.id_prefix()) {
            (Some(id), Some(prefix)) if id.get(ID_PREFIX_CHARS) == Some(&b'-') => {
                format!("{prefix}-…:{MASK}")
            }
            (Some(_), Some(prefix)) => format!("{prefix}…:{MASK}"),
            _ => MASK.to_owned(),
        }
    }

    /// Identifies the token in reports, baselines and journals.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?}, {})", self.kind, self.redacted())
    }
}

/// The first 32 hex characters of SHA-256 over a token's text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl TryFrom<String> for Fingerprint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Fingerprint::parse(&text)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl Fingerprint {
    /// The fingerprint of a token's exact text.
    pub fn of(text: &[u8]) -> Self {
        let digest = Sha256::digest(text);
        Fingerprint(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Reads a fingerprint that a person wrote down.
    ///
    /// # Errors
    /// When the text is not 32 lower-case hex characters.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Fingerprint(text.to_owned()))
        } else {
            // The text may be the token itself, so it is not repeated.
            Err("not a fingerprint: expected 32 lower-case hex characters, as reports show them".to_owned())
        }
    }

    /// The 32 hex characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How sure it is that a value is a Krea token.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The shape fits and nothing says whose it is.
    Low,
    /// Krea is near, or in the file's name; or a legacy key under a Krea name.
    Medium,
    /// A name, a header or a call says Krea.
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        })
    }
}

/// One step from the file that a person knows to the bytes that matched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Layer {
    /// What was undone: `base64`.
    pub kind: String,
    /// What the layer is called inside; empty where it has no name, as base64 has none.
    pub name: String,
    /// Line in the layer's own text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column in the layer's own text, in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
}

impl Layer {
    /// A step that has no name and no places of its own.
    pub fn unnamed(kind: &str) -> Self {
        Layer { kind: kind.to_owned(), name: String::new(), line: None, column: None }
    }

    /// Whether it is a file in a container. A source map's original is none, and a part of a text is none.
    pub fn is_member(&self) -> bool {
        !self.name.is_empty() && self.kind != SOURCE_MAP && !self.is_part()
    }

    /// Whether it names a part of a text that people know by a name: a message, a cell. Lines and columns stay those of
    /// the text.
    pub fn is_part(&self) -> bool {
        PARTS.contains(&self.kind.as_str())
    }

    /// Whether its name is a file's, by which a person finds it. Others are what people wrote: a subject, a heading.
    pub fn names_file(&self) -> bool {
        FILES.contains(&self.kind.as_str())
    }

    /// Whether it only names a place, and nothing was opened or undone for it.
    pub fn is_name(&self) -> bool {
        self.kind == SOURCE_MAP || self.is_part()
    }

    /// Whether it is a step into a container or a compressed file, where it comes first or behind other such steps.
    fn is_container(&self) -> bool {
        self.is_member() || NAMELESS.contains(&self.kind.as_str())
    }
}

/// How many of a way's first steps lead into containers and compressed files, parts on the way included: what lies inside
/// has lines of its own. What comes behind names a part of the text, or is decoded from it.
pub fn containers(layers: &[Layer]) -> usize {
    let leading = layers.iter().take_while(|layer| layer.is_container() || layer.is_part()).count();
    layers[..leading].iter().rposition(Layer::is_container).map_or(0, |last| last + 1)
}

/// The parts of texts, as layers call them.
const PARTS: &[&str] = &[
    // Of chats, tables, notebooks and recordings.
    "message",
    "cell",
    "row",
    "entry",
    "event",
    "paragraph",
    "issue",
    "cue",
    "line",
    // Of office documents.
    "comment",
    "note",
    "property",
    "alt-text",
    // Of mails.
    "mail-header",
    "mail-part",
    // Of pictures.
    "png-text",
    "exif",
    "xmp",
    "iptc",
    "photoshop",
    "jpeg-comment",
    "gif-comment",
    "gif-text",
    "gif-application",
    "frame",
];

/// Layers whose names are those of files.
const FILES: &[&str] = &[SOURCE_MAP, "zip", "tar", "7z", "asar", "gzip", "attachment", "embedded-file"];

/// Containers whose content has no name of its own.
const NAMELESS: &[&str] = &[
    "zip-comment",
    "gzip",
    "gzip-comment",
    "bzip2",
    "xz",
    "zstd",
    "brotli",
    "lzma",
    "tar",
    "image-config",
    "metadata",
    OCR,
    "terminal",
    "leveldb",
];

/// The layer of what stands in the head of a server's answer; its name is the header's.
pub const HEADER: &str = "header";
/// What a layer calls itself whose text was read from a picture.
pub const OCR: &str = "ocr";
/// What a layer of a source map calls itself. Its name, line and column are those of the original.
pub const SOURCE_MAP: &str = "source-map";

/// The way to what is inside a file, as people read it: `dist.zip → app.js`. Steps without a name are left out, and so
/// is the original that a source map names: it is no file inside.
pub fn trail(path: &str, layers: &[Layer]) -> String {
    let named = layers.iter().filter(|layer| layer.is_member() || layer.is_part());
    let named = named.map(|layer| layer.name.as_str());
    std::iter::once(path).chain(named).collect::<Vec<_>>().join(" → ")
}

/// Another place that holds a finding's token because a build or a packer put it there: the bundle, the source map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Via {
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// The way from that file to the text that matched, outermost first.
    pub layers: Vec<Layer>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// The path as the person gave it (as ripgrep prints it), or the path in the repository; `/` on every system.
    pub path: String,
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// In bytes, from 0.
    pub byte_offset: u64,
}

/// Where in a repository a finding is, and who brought it in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GitOrigin {
    /// The object's id.
    pub blob: String,
    /// The commit that first brought it in; `None` for what is only staged, and for what no commit holds.
    pub commit: Option<String>,
    /// The path in that commit.
    pub path: String,
    /// The commit's author.
    pub author: Option<String>,
    /// The author's address.
    pub email: Option<String>,
    /// The author date, RFC 3339.
    pub date: Option<String>,
    /// Refs from which that commit can be reached, sorted; at most [`GitOrigin::MAX_REFS`].
    pub refs: Vec<String>,
    /// Whether HEAD's tree still holds the blob.
    pub in_head: bool,
    /// Whether any ref reaches a commit that holds the blob.
    pub reachable: bool,
}

impl GitOrigin {
    /// More refs than this are not listed.
    pub const MAX_REFS: usize = 20;
}

/// What is known of a token's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nobody asked.
    #[default]
    Unverified,
    /// Krea accepted it.
    Live,
    /// Krea answered 401.
    Dead,
    /// Krea was asked and gave no usable answer.
    Unknown,
}

/// One token in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule that matched.
    pub rule: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// The token itself.
    pub token: Token,
    /// Where it is.
    pub location: Location,
    /// The way from that file to the text that matched, outermost first.
    pub layers: Vec<Layer>,
    /// The other places that came of this one, or that it came of: one finding, however often a build has copied it.
    pub via: Vec<Via>,
    /// What else the token's text may be; the token is the best reading.
    pub readings: Readings,
    /// What says that it is Krea's: a variable's name, a header, a call; empty when nothing does.
    pub context: String,
    /// For `--staged`, `--history` and `--range`.
    pub git: Option<GitOrigin>,
    /// What is known of its life. A scan alone never asks: [`Status::Unverified`].
    pub status: Status,
    /// Why, in words: what Krea answered. Empty when nobody asked.
    pub status_reason: String,
    /// The line with every secret masked, for people to read.
    pub excerpt: String,
}

impl Finding {
    /// The way to the text that matched; see [`trail`].
    pub fn trail(&self) -> String {
        trail(&self.location.path, &self.layers)
    }

    /// Whether the token's true text may be none that is known. That Krea refuses its readings then proves nothing; that
    /// Krea accepts one proves all.
    pub fn is_guess(&self) -> bool {
        self.readings.doubt().is_some()
    }

    /// The token and what else it may be, best first.
    pub fn all_readings(&self) -> impl Iterator<Item = &Token> {
        std::iter::once(&self.token).chain(self.readings.others())
    }

    /// The place in the original that it was built from, where a source map says so.
    pub fn original(&self) -> Option<&Layer> {
        self.layers.iter().rfind(|layer| layer.kind == SOURCE_MAP)
    }

    /// The innermost part of a text that it stands in: a message, a cell.
    pub fn part(&self) -> Option<&Layer> {
        self.layers.iter().rfind(|layer| layer.is_part())
    }

    /// The name of the innermost file that a person can open: a member of a container, or the file itself.
    pub fn file_name(&self) -> &str {
        let member = self.layers.iter().rfind(|layer| layer.is_member());
        member.map_or(&self.location.path, |layer| &layer.name)
    }

    /// Whether it is inside a container or a compressed file. Then its line and column are not those of
    /// [`Location::path`], but of the text inside.
    pub fn is_inside(&self) -> bool {
        containers(&self.layers) > 0
    }

    /// The commit that brought it in.
    pub fn commit(&self) -> Option<&str> {
        self.git.as_ref()?.commit.as_deref()
    }

    /// A finding for each of its places: itself, and one for each place in [`Finding::via`].
    pub fn places(&self) -> impl Iterator<Item = Finding> + '_ {
        let copy = |via: &Via| Finding {
            location: via.location.clone(),
            layers: via.layers.clone(),
            via: Vec::new(),
            ..self.clone()
        };
        std::iter::once(Finding { via: Vec::new(), ..self.clone() }).chain(self.via.iter().map(copy))
    }
}

/// A part of the input that was not read, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Incomplete {
    /// The file, object or repository.
    pub path: String,
    /// Why, and what to do about it.
    pub reason: String,
}

/// A trace of a known token that is no finding by itself, such as its id half alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Hint {
    /// The token it belongs to.
    pub fingerprint: Fingerprint,
    /// Where it is.
    pub location: Location,
    /// What is there: `id half` or `secret half`.
    pub what: String,
}

/// What a run read, and what it could not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Files read from a working tree, an index or standard input.
    pub files: u64,
    /// Objects read from an object store.
    pub blobs: u64,
    /// Bytes read, decompressed.
    pub bytes: u64,
    /// Findings reported.
    pub findings: u64,
    /// Distinct tokens among them.
    pub tokens: u64,
    /// What was not read, sorted.
    pub incomplete: Vec<Incomplete>,
    /// Findings that a configuration, a comment or a baseline allows.
    pub allowed: u64,
    /// Each of them, and what allows it, sorted.
    pub allowances: Vec<Allowance>,
    /// What ignore files name, and was not read for that.
    pub left_out: LeftOut,
    /// Values of a token's shape that were dropped as placeholders or references.
    pub placeholders: u64,
    /// Traces of found tokens that are no findings, sorted.
    pub hints: Vec<Hint>,
    /// Whom the tokens were sent to, and what came of it; nobody without `--verify` or `--revoke`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// Wall time.
    pub seconds: f64,
}

/// What asking about tokens came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The API that was asked.
    pub host: String,
    /// Tokens that it accepts.
    pub live: u64,
    /// Tokens that it refuses.
    pub dead: u64,
    /// Tokens that it gave no usable answer for.
    pub unknown: u64,
}

/// What was decided of a value of a token's shape, and why; for `--explain`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Explained {
    /// Where it is.
    pub location: Location,
    /// The way to the text that it stands in.
    pub layers: Vec<Layer>,
    /// The rule whose shape it has.
    pub rule: String,
    /// The value, redacted.
    pub value: String,
    /// What was decided.
    pub decision: String,
    /// What speaks for whose it is, in the order in which it decides.
    pub evidence: Vec<String>,
}

/// Everything a report needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Sorted by path, place and fingerprint.
    pub findings: Vec<Finding>,
    /// The tally.
    pub summary: Summary,
    /// What was decided of each value, sorted by place; with `--explain` only.
    pub explained: Vec<Explained>,
    /// Remarks for `-v`: allowlist entries that matched nothing, and the like.
    pub notes: Vec<String>,
    /// Tokens that were seen and are not reported; a report masks them as well.
    pub withheld: Vec<Token>,
    /// What came of the incident, with `--revoke`.
    pub incident: Option<incident::Report>,
    /// What an incident would do, with `--dry-run`.
    pub plan: Vec<String>,
    /// What a person has left to do after an incident.
    pub left_to_do: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_shows_its_secret() {
        let pair = Token::new(TokenKind::Pair, b"2f1c8a7e-aaaa:topsecret");
        let legacy = Token::new(TokenKind::Legacy, b"topsecret");
        assert_eq!(pair.redacted(), "2f1c8a7e-…:••••");
        assert_eq!(legacy.redacted(), "••••");
        assert!(!format!("{pair:?} {legacy:?}").contains("topsecret"));
        assert_eq!(pair.secret(), b"topsecret");
        assert_eq!(legacy.id_prefix(), None);
    }

    #[test]
    fn a_fingerprint_is_the_start_of_sha256() {
        assert_eq!(Fingerprint::of(b"abc").as_str(), "ba7816bf8f01cfea414140de5dae2223");
        assert!(Fingerprint::parse("ba78").is_err());
        assert!(Fingerprint::parse("BA7816BF8F01CFEA414140DE5DAE2223").is_err());
    }
}
