//! The journal of an incident: what was about to be done and what was done, one JSON object a line, each on the disk
//! before the next step. Takes and gives events. Holds fingerprints and id prefixes, never tokens.

use super::folder::{IncidentFolder, JOURNAL, StateError, VERSION, open_private, sync_folder};
use crate::krea::{KreaMcpConfig, TokenApiConfig, TokenRow, Usage, Via};
use krea_scan_token::{Fingerprint, Status, TokenKind};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A longer journal is none of ours, in bytes.
const MAX_JOURNAL_BYTES: u64 = 256 << 20;

/// A step of the state machine that takes effect outside, or asks somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentStep {
    /// Is the leaked token live?
    Verify,
    /// What ran with it?
    Evidence,
    /// Make it dead.
    Revoke,
    /// Is it dead?
    ProveDead,
    /// Get a replacement.
    Mint,
    /// Keep the replacement in this sink.
    Store(String),
    /// Is the replacement live?
    ProveLive,
    /// Does all that was proven still hold, after the last change?
    Renew,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum JournalEvent {
    /// The incident began.
    Opened {
        /// The format of the journal.
        version: u32,
        /// Krea's API.
        api: String,
        /// How tokens are revoked and minted; `None` is the guided way. Its credential is in the environment alone.
        token_api: Option<Box<TokenApiConfig>>,
        /// Which way a person asked for.
        #[serde(default)]
        via: Option<Via>,
        /// What was said of Krea's MCP server.
        #[serde(default)]
        krea_mcp: Box<KreaMcpConfig>,
        /// The variable with the credential for it.
        #[serde(default)]
        krea_credential_env: Option<String>,
        /// The sinks.
        stores: Vec<String>,
        /// Mint before revoking.
        replace_first: bool,
        /// The folder that it was begun in, which relative sinks start from.
        folder: PathBuf,
        /// How many tokens it is for. Nothing is done before the journal has named each of them.
        tokens: usize,
        /// What else leaked, or may have: other readings, tokens that are left to a person, id halves. No replacement
        /// may be one of these.
        #[serde(default)]
        leaked: Vec<Fingerprint>,
    },
    /// It goes on, perhaps with other sinks.
    Resumed {
        /// The sinks.
        stores: Vec<String>,
    },
    /// Somebody is about to sign in, so that tokens are revoked and minted there.
    SigningIn {
        /// Where.
        server: String,
    },
    /// It can be revoked and minted there.
    SignedIn {
        /// Where.
        server: String,
    },
    /// It cannot; a person does it.
    NotSignedIn {
        /// Where.
        server: String,
        reason: String,
    },
    /// The leaked token was looked up in the list of the workspace's tokens.
    Listed {
        /// The leaked token.
        token: Fingerprint,
        /// What is known of it; `None` when it is not there.
        row: Option<TokenRow>,
    },
    /// No token of the workspace is called so: whatever is called so later is what the next mint made.
    NameFree {
        /// The leaked token.
        token: Fingerprint,
        name: String,
    },
    /// A replacement that nobody held was found in the list, by its name, and revoked.
    OrphanRevoked {
        /// The leaked token.
        token: Fingerprint,
        /// What the replacement was called.
        name: String,
    },
    /// A token to deal with.
    Found {
        /// The leaked token.
        token: Fingerprint,
        /// Its shape.
        kind: TokenKind,
        /// What tells which row to revoke.
        id_prefix: Option<String>,
        places: Vec<String>,
        /// Since when it is out, as far as known, RFC 3339.
        since: Option<String>,
        /// What a replacement would be called.
        name: String,
    },
    /// A step is about to be done.
    Begun {
        /// For the leaked token.
        token: Fingerprint,
        step: IncidentStep,
    },
    /// A step was not done, or is not known to be.
    Failed {
        /// For the leaked token.
        token: Fingerprint,
        step: IncidentStep,
        reason: String,
    },
    /// Krea was asked about the leaked token.
    #[serde(alias = "life")]
    Liveness {
        /// The leaked token.
        token: Fingerprint,
        /// What came of it.
        status: Status,
        reason: String,
    },
    /// What ran under the leaked token's identity.
    Evidence {
        /// The leaked token.
        token: Fingerprint,
        usage: Usage,
    },
    /// The leaked token was revoked, as far as whoever did it says.
    Revoked {
        /// The leaked token.
        token: Fingerprint,
        by: String,
    },
    /// A replacement may exist that nobody holds.
    Orphaned {
        /// The leaked token.
        token: Fingerprint,
        /// What the replacement is called.
        name: String,
        /// Why it is not known.
        reason: String,
    },
    /// A replacement is in escrow.
    Minted {
        /// The leaked token.
        token: Fingerprint,
        new: Fingerprint,
        /// The new one's.
        id_prefix: Option<String>,
        name: String,
    },
    /// A sink confirmed the replacement.
    Stored {
        /// The leaked token.
        token: Fingerprint,
        /// The sink, as it was given.
        sink: String,
        /// Where in it.
        place: String,
    },
    /// Krea was asked about the replacement.
    Replacement {
        /// The leaked token.
        token: Fingerprint,
        /// What came of it.
        status: Status,
        reason: String,
    },
    /// A replacement is dead, and was given up: another one is wanted.
    GivenUp {
        /// The leaked token.
        token: Fingerprint,
        /// The dead replacement.
        new: Fingerprint,
        /// What Krea said.
        reason: String,
    },
    /// After the last change, the leaked token is still dead, and its replacement live and where it was stored.
    Proven {
        /// The leaked token.
        token: Fingerprint,
    },
    /// Nothing is left to do.
    Closed,
}

/// An event and when it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// UTC, RFC 3339.
    pub at: String,
    #[serde(flatten)]
    pub event: JournalEvent,
}

/// A journal that is open for more.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Begins a journal in a new folder.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub fn begin(folder: &IncidentFolder) -> Result<Journal, StateError> {
        let path = folder.path.join(JOURNAL);
        let file = open_private(&path, OpenOptions::new().read(true).append(true).create_new(true))?;
        sync_folder(&folder.path)?;
        Ok(Journal { file, path })
    }

    /// Opens a journal to go on with, and gives what is in it. An event that a crash cut off half-written did not
    /// happen; it is taken away.
    ///
    /// # Errors
    /// A file that cannot be read, or is no journal.
    pub fn go_on(folder: &IncidentFolder) -> Result<(Journal, Vec<Record>), StateError> {
        let path = folder.path.join(JOURNAL);
        let mut file = open_private(&path, OpenOptions::new().read(true).append(true))?;
        let (records, whole) = read_all(&mut file, &path)?;
        file.set_len(whole).and_then(|()| file.sync_all()).map_err(StateError::io("mend", &path))?;
        Ok((Journal { file, path }, records))
    }

    /// Reads a journal that another process may be writing.
    ///
    /// # Errors
    /// A file that cannot be read, or is no journal.
    pub fn read(folder: &Path) -> Result<Vec<Record>, StateError> {
        let path = folder.join(JOURNAL);
        let mut file = open_private(&path, OpenOptions::new().read(true))?;
        Ok(read_all(&mut file, &path)?.0)
    }

    /// Writes an event. It is on the disk when this returns.
    ///
    /// # Errors
    /// A full disk, say. Nothing may be done after that: the journal would not know.
    pub fn append(&mut self, event: JournalEvent) -> Result<Record, StateError> {
        let record = Record { at: now(), event };
        let mut write = || {
            let line = serde_json::to_string(&record)? + "\n";
            self.file.write_all(line.as_bytes())?;
            self.file.sync_data()
        };
        write().map_err(StateError::io("write", &self.path))?;
        Ok(record)
    }
}

/// The time, RFC 3339, to the second.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The records, and how many bytes of the file they are.
fn read_all(file: &mut File, path: &Path) -> Result<(Vec<Record>, u64), StateError> {
    let damaged = |problem: String| StateError::Damaged { path: path.to_owned(), problem };
    let mut bytes = Vec::new();
    let read =
        file.seek(SeekFrom::Start(0)).and_then(|_| file.take(MAX_JOURNAL_BYTES + 1).read_to_end(&mut bytes));
    if read.map_err(StateError::io("read", path))? as u64 > MAX_JOURNAL_BYTES {
        return Err(damaged("it is far too long to be a journal".to_owned()));
    }
    if let Some(version) = version(&bytes).filter(|version| !(1..=VERSION).contains(version)) {
        return Err(StateError::Version { path: path.to_owned(), version });
    }
    let mut records = Vec::new();
    let mut whole = 0;
    for (number, line) in (1..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        match serde_json::from_slice(line) {
            Ok(record) if line.ends_with(b"\n") => records.push(record),
            // Only the last line can be half-written, and what is written begins with a brace.
            _ if !line.ends_with(b"\n") && (whole > 0 || line.starts_with(b"{")) => break,
            _ => return Err(damaged(format!("line {number} is not what krea-scan writes"))),
        }
        whole += line.len();
    }
    Ok((records, whole as u64))
}

/// The version that a journal says it has, however the rest of it looks.
fn version(bytes: &[u8]) -> Option<u32> {
    let line = bytes.split(|&byte| byte == b'\n').next()?;
    let first: serde_json::Value = serde_json::from_slice(line).ok()?;
    let opened = first.get("event").is_some_and(|event| event == "opened");
    u32::try_from(first.get("version")?.as_u64()?).ok().filter(|_| opened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::folder::StateFolder;

    fn folder(root: &Path) -> IncidentFolder {
        StateFolder::at(root).begin().unwrap()
    }

    fn failed(number: u32) -> JournalEvent {
        let token = Fingerprint::of(b"leaked");
        JournalEvent::Failed {
            token,
            step: IncidentStep::Store("command:x".to_owned()),
            reason: number.to_string(),
        }
    }

    #[test]
    fn a_torn_tail_did_not_happen() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path());
        let mut journal = Journal::begin(&folder).unwrap();
        let whole: Vec<Record> = (0..3).map(|number| journal.append(failed(number)).unwrap()).collect();
        drop(journal);
        let path = folder.path.join(JOURNAL);
        let bytes = std::fs::read(&path).unwrap();
        let second = 1 + bytes.iter().rposition(|&b| b == b'{').unwrap();
        let last = bytes[..second].iter().rposition(|&b| b == b'\n').unwrap() + 1;
        for end in last..bytes.len() {
            // What a crash leaves is cut off, or not yet on the disk.
            for tail in [&b""[..], &[0; 16], b"\xff\xfe"] {
                std::fs::write(&path, [&bytes[..end], tail].concat()).unwrap();
                let (mut journal, records) = Journal::go_on(&folder).unwrap();
                assert_eq!(records, whole[..2], "cut at {end}");
                let more = journal.append(failed(9)).unwrap();
                assert_eq!(Journal::read(&folder.path).unwrap(), [&whole[..2], &[more]].concat());
            }
        }
    }

    #[test]
    fn a_line_that_is_wrong_in_the_middle_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path());
        let mut journal = Journal::begin(&folder).unwrap();
        journal.append(failed(1)).unwrap();
        let path = folder.path.join(JOURNAL);
        let bytes = std::fs::read(&path).unwrap();
        for damaged in [
            [&b"{}\n"[..], &bytes].concat(),
            [&bytes[..], b"{}\n"].concat(),
            [&bytes[..], b"\n", &bytes].concat(),
            vec![0; bytes.len()],
            b"x".to_vec(),
        ] {
            std::fs::write(&path, &damaged).unwrap();
            let error = Journal::go_on(&folder).unwrap_err();
            assert!(matches!(error, StateError::Damaged { .. }), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), damaged, "nothing is taken away");
        }
    }

    #[test]
    fn a_journal_of_another_version_is_told_by_its_number() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path());
        drop(Journal::begin(&folder).unwrap());
        let path = folder.path.join(JOURNAL);
        for (text, expected) in [
            (
                "{\"at\":\"x\",\"event\":\"opened\",\"version\":4,\"new\":[]}\n{\"event\":\"novel\"}\n",
                Some(4),
            ),
            ("{\"event\":\"opened\",\"version\":0}\n", Some(0)),
            ("{\"event\":\"opened\",\"version\":1}\n", None),
        ] {
            std::fs::write(&path, text).unwrap();
            match (Journal::go_on(&folder), expected) {
                (Err(StateError::Version { version, .. }), Some(expected)) => assert_eq!(version, expected),
                (Err(StateError::Damaged { .. }), None) => {}
                (other, _) => panic!("{other:?}"),
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn what_version_1_wrote_is_read() {
        let token = Fingerprint::of(b"leaked");
        let opened = "{\"at\":\"\",\"event\":\"opened\",\"version\":1,\"api\":\"https://api.krea.ai\",\"token_api\":null,\
                      \"stores\":[],\"replace_first\":false,\"folder\":\"/srv\",\"tokens\":1}";
        let life = format!(
            "{{\"at\":\"\",\"event\":\"life\",\"token\":\"{token}\",\"status\":\"dead\",\"reason\":\"answered 401\"}}"
        );
        let Record { event: JournalEvent::Opened { version: 1, leaked, .. }, .. } =
            serde_json::from_str(opened).unwrap()
        else {
            panic!("not an opening")
        };
        assert_eq!(leaked, []);
        let record: Record = serde_json::from_str(&life).unwrap();
        assert!(matches!(record.event, JournalEvent::Liveness { status: Status::Dead, .. }));
    }

    #[test]
    fn a_folder_is_locked_by_one() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path());
        let state = StateFolder::at(root.path());
        assert!(matches!(state.enter(&folder.id), Err(StateError::Busy(_))));
        let id = folder.id.clone();
        drop(folder);
        assert!(state.enter(&id).is_ok());
        assert!(matches!(state.enter("20260701-000000"), Err(StateError::Unknown(_))));
        assert!(matches!(state.enter("../../etc"), Err(StateError::Unknown(_))));
    }
}
