//! What a range of commits brings in: for every commit, oldest first, the blobs that none of its parents has at that
//! path, and its message. Takes revisions as a person writes them, or a push as git's hook tells it. A range that
//! reaches the end of a shallow clone, or an object that is not there, is told as incomplete.

use super::revision::{self, NULL_DIGITS};
use gix_hash::ObjectId;
use krea_scan_files::Incomplete;
use krea_scan_git::GitOrigin;
use krea_scan_git::ancestry::Ancestry;
use krea_scan_git::blobs::BlobAt;
use krea_scan_git::date::rfc3339;
use krea_scan_git::objects::{Commit, Tag};
use krea_scan_git::refs::Refs;
use krea_scan_git::repository::Repository;
use krea_scan_git::store::{self, ObjectStore, Signature};
use krea_scan_git::trees::{self, Comparer};
use std::cell::OnceCell;
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

pub use super::revision::RangeError;

/// A set of commits: what the tip reaches and the hidden ones do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// `None` where a ref is deleted.
    tip: Option<ObjectId>,
    tags: Vec<ObjectId>,
    hidden: Vec<ObjectId>,
}

impl Range {
    /// Reads `A..B`, `A...B` or `A..`; a `B` that is left out is HEAD. An `A` that is left out is an error: a script's
    /// variable that is empty, say, would leave nothing to scan.
    ///
    /// `A...B` starts where the two histories parted, as a pull request's list of commits does. An `A` of zeros (what
    /// GitHub, GitLab and git's own hooks send for a new branch) stands for what others have: the range is what the new
    /// branch adds to it (`revision::others`). A `B` of zeros is a ref that is deleted: the range is empty. Tags are
    /// followed to their commits.
    ///
    /// # Errors
    /// When a side names no commit, or the clone is too shallow to have it; the message says what to do.
    pub fn parse(repo: &Repository, text: &str) -> Result<Self, RangeError> {
        let (from, to, from_parting) = match text.split_once("...") {
            Some((from, to)) => (from, to, true),
            None => match text.split_once("..") {
                Some((from, to)) => (from, to, false),
                None => return Err(RangeError::NotARange(text.to_owned())),
            },
        };
        match (from, to) {
            ("", "") => return Err(RangeError::NotARange(text.to_owned())),
            ("", _) => return Err(RangeError::NoStart(text.to_owned())),
            _ => {}
        }
        let mut range = Self::between(repo, from, if to.is_empty() { "HEAD" } else { to })?;
        if let Some(tip) = range.tip.filter(|_| from_parting && !is_null(from)) {
            // Of several places where they parted all are hidden: what one side has, it has.
            let mut parted = Vec::new();
            for base in range.hidden {
                parted.extend(revision::parting(repo, base, tip, text)?);
            }
            range.hidden = parted;
        }
        Ok(range)
    }

    /// What `to` has and `from` has not, as [`Range::parse`] reads them. Nothing in either is taken for more than a revision.
    ///
    /// # Errors
    /// As [`Range::parse`].
    pub fn between(repo: &Repository, from: &str, to: &str) -> Result<Self, RangeError> {
        if is_null(to) {
            return Ok(Range { tip: None, tags: Vec::new(), hidden: Vec::new() });
        }
        let (tip, tags) = revision::resolve(repo, to)?;
        let hidden = match is_null(from) {
            true => revision::others(repo, tip)?,
            false => vec![revision::resolve(repo, from)?.0],
        };
        Ok(Range { tip: Some(tip), tags, hidden })
    }

    /// Whether it is what a deleted ref brings in: nothing.
    pub fn is_deletion(&self) -> bool {
        self.tip.is_none()
    }

    /// What a push of `tip` brings to the remote: everything that no ref under `refs/remotes/REMOTE/` reaches. A remote
    /// that was never fetched from has no such refs; then it is all of `tip`'s history.
    ///
    /// # Errors
    /// When `tip` names no commit, or the refs cannot be read.
    pub fn pushed(repo: &Repository, tip: &str, remote: &str) -> Result<Self, RangeError> {
        let (tip, tags) = revision::resolve(repo, tip)?;
        Ok(Range { tip: Some(tip), tags, hidden: revision::remote_tips(repo, remote)? })
    }

    /// Leaves out what `remote` has already, by its remote-tracking refs.
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub fn without_remote(mut self, repo: &Repository, remote: &str) -> Result<Self, RangeError> {
        self.hidden.extend(revision::remote_tips(repo, remote)?);
        Ok(self)
    }

    /// Walks the range.
    ///
    /// # Errors
    /// When the walk cannot begin. What goes wrong later is in [`RangeWalk::incomplete`].
    pub fn walk<'r>(&self, repo: &'r Repository) -> Result<RangeWalk<'r>, RangeError> {
        let objects = repo.objects()?;
        let listed = self.tip.map(|tip| Ancestry::new(objects).list(&tip, &self.hidden)).unwrap_or_default();
        let unread = listed.unread.iter().map(|(id, error)| broken(repo, id, error));
        Ok(RangeWalk {
            repo,
            objects,
            commits: listed.commits.into_iter(),
            comparer: Comparer::new(repo),
            tags: self.tags.iter().copied().collect(),
            given: HashSet::new(),
            head: OnceCell::new(),
            count: 0,
            repeated: 0,
            incomplete: unread.collect(),
        })
    }
}

/// Whether a revision stands for none.
fn is_null(revision: &str) -> bool {
    revision.len() >= NULL_DIGITS && revision.bytes().all(|digit| digit == b'0')
}

/// What one commit brings in.
#[derive(Clone, Debug)]
pub struct CommitChange {
    /// The commit, or the tag object whose message this is.
    pub id: ObjectId,
    /// The message, as it is stored.
    pub message: Vec<u8>,
    /// Blobs that no parent has at that path, and that no earlier commit of the range brought to that path.
    pub added: Vec<BlobAt>,
    /// Blobs that the parents have at the paths that the commit changes or deletes, sorted: a token in one of them was
    /// there before.
    pub replaced: Vec<ObjectId>,
    commit: Option<ObjectId>,
    author: Option<Author>,
}

#[derive(Clone, Debug)]
struct Author {
    name: String,
    email: String,
    date: Option<String>,
}

impl From<Signature> for Author {
    fn from(signature: Signature) -> Self {
        let date = rfc3339(signature.seconds, signature.offset);
        Author { name: signature.name, email: signature.email, date }
    }
}

/// Goes through a range commit by commit.
pub struct RangeWalk<'r> {
    repo: &'r Repository,
    objects: &'r ObjectStore,
    commits: std::vec::IntoIter<ObjectId>,
    comparer: Comparer<'r>,
    tags: VecDeque<ObjectId>,
    given: HashSet<(ObjectId, u64)>,
    /// All blobs of HEAD's tree.
    head: OnceCell<HashSet<ObjectId>>,
    count: u64,
    repeated: u64,
    incomplete: Vec<Incomplete>,
}

impl RangeWalk<'_> {
    /// How many commits were gone through so far.
    pub fn commits(&self) -> u64 {
        self.count
    }

    /// How many folders were not read under all their names so far: see [`trees::Changes::repeated`].
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// What could not be read so far.
    pub fn incomplete(&self) -> &[Incomplete] {
        &self.incomplete
    }

    /// Who brought `blob` in, for a finding in it; without a blob, for a finding in the message.
    pub fn origin(&self, change: &CommitChange, blob: Option<&BlobAt>) -> GitOrigin {
        let author = change.author.as_ref();
        GitOrigin {
            blob: blob.map_or(change.id, |blob| blob.blob).to_string(),
            commit: change.commit.map(|id| id.to_string()),
            path: blob.map(|blob| blob.path.clone()).unwrap_or_default(),
            author: author.map(|author| author.name.clone()),
            email: author.map(|author| author.email.clone()),
            date: author.and_then(|author| author.date.clone()),
            refs: Vec::new(),
            in_head: blob.is_some_and(|blob| self.in_head(blob)),
            reachable: true,
            is_opaque: false,
        }
    }

    /// Whether HEAD's tree has the blob, at its own path or at another one.
    fn in_head(&self, blob: &BlobAt) -> bool {
        let all = || {
            let commit = self.objects.commit(&Refs::open(self.repo).ok()?.head_commit()?).ok()?;
            let all = trees::compare(self.repo, commit.tree, &[]).added;
            Some(all.into_iter().map(|blob| blob.blob).collect())
        };
        self.head.get_or_init(|| all().unwrap_or_default()).contains(&blob.blob)
    }

    fn commit(&mut self, id: ObjectId, commit: &Commit) -> CommitChange {
        self.count += 1;
        let is_cut = self.objects.shallow().contains(&id);
        if is_cut {
            let reason = "this is a shallow clone that lacks the parents of this commit, so all its files were read \
                          as if they were new and what came before was not: fetch it with `fetch-depth: 0` \
                          (actions/checkout), `GIT_DEPTH: 0` (GitLab) or `git fetch --unshallow`";
            self.incomplete.push(Incomplete { path: format!("commit {id}"), reason: reason.to_owned() });
        }
        let mut parents = Vec::new();
        for parent in commit.parents.iter().filter(|_| !is_cut) {
            match self.objects.commit(parent) {
                Ok(parent) => parents.push(parent.tree),
                Err(error) => {
                    let reason = self.repo.unread_reason(&format!("commit {parent}"), &error);
                    self.incomplete.push(Incomplete { path: format!("commit {id}"), reason });
                }
            }
        }
        let mut changes = self.comparer.compare(commit.tree, &parents);
        self.incomplete.append(&mut changes.incomplete);
        self.repeated += changes.repeated;
        // The hash of a path is enough: should two collide, the same blob was given under the other one.
        changes.added.retain(|blob| self.given.insert((blob.blob, hash(&blob.path))));
        CommitChange {
            id,
            message: commit.message().to_vec(),
            added: changes.added,
            replaced: changes.replaced,
            commit: Some(id),
            author: commit.author().map(Into::into),
        }
    }

    fn tag(&self, id: ObjectId, tag: &Tag) -> CommitChange {
        CommitChange {
            id,
            message: tag.message().to_vec(),
            added: Vec::new(),
            replaced: Vec::new(),
            commit: self.objects.commit(&tag.target).is_ok().then_some(tag.target),
            author: tag.tagger().map(Into::into),
        }
    }
}

/// Commits from the oldest on, then the tag objects that named the tip.
impl Iterator for RangeWalk<'_> {
    type Item = CommitChange;

    fn next(&mut self) -> Option<CommitChange> {
        while let Some(id) = self.commits.next() {
            match self.objects.commit(&id) {
                Ok(commit) => return Some(self.commit(id, &commit)),
                Err(error) => self.incomplete.push(broken(self.repo, &id, &error)),
            }
        }
        while let Some(id) = self.tags.pop_front() {
            match self.objects.tag(&id) {
                Ok(tag) => return Some(self.tag(id, &tag)),
                Err(error) => self.incomplete.push(broken(self.repo, &id, &error)),
            }
        }
        None
    }
}

/// A commit or a tag of the range that cannot be read, nor what is behind it.
fn broken(repo: &Repository, id: &ObjectId, error: &store::ObjectError) -> Incomplete {
    Incomplete { path: format!("commit {id}"), reason: repo.unread_reason("history from here on", error) }
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}
