//! What a range of commits brings in: for every commit, oldest first, the blobs that none of its parents has at that
//! path, and its message. Takes revisions as a person writes them, or a push as git's hook tells it. A range that
//! reaches the end of a shallow clone, or an object that is not there, is told as incomplete.

use super::revision::{self, NULL_DIGITS};
use crate::finding::{GitOrigin, Incomplete};
use crate::git::blobs::BlobAt;
use crate::git::repository::Repository;
use crate::git::trees::{self, Comparer};
use git2::{Commit, ErrorCode, ObjectType, Oid, Revwalk, Signature, Sort, Tag};
use std::cell::OnceCell;
use std::collections::{HashSet, VecDeque};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

pub use super::revision::Error;

/// A set of commits: what the tip reaches and the hidden ones do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    tip: Oid,
    tags: Vec<Oid>,
    hidden: Vec<Oid>,
}

impl Range {
    /// Reads `A..B`, `A...B` or `A..`; a `B` that is left out is HEAD. An `A` that is left out is an error: a script's
    /// variable that is empty, say, would leave nothing to scan.
    ///
    /// `A...B` starts where the two histories parted, as a pull request's list of commits does. An `A` of zeros (what
    /// GitHub and GitLab send for a new branch) stands for every remote-tracking branch that does not contain `B`:
    /// the range is what the new branch adds to them. If there is none, it is all of `B`'s history. Tags are followed to
    /// their commits.
    ///
    /// # Errors
    /// When a side names no commit, or the clone is too shallow to have it; the message says what to do.
    pub fn parse(repo: &Repository, text: &str) -> Result<Self, Error> {
        let (from, to, from_parting) = match text.split_once("...") {
            Some((from, to)) => (from, to, true),
            None => match text.split_once("..") {
                Some((from, to)) => (from, to, false),
                None => return Err(Error::NotARange(text.to_owned())),
            },
        };
        match (from, to) {
            ("", "") => return Err(Error::NotARange(text.to_owned())),
            ("", _) => return Err(Error::NoStart(text.to_owned())),
            _ => {}
        }
        let mut range = Self::between(repo, from, if to.is_empty() { "HEAD" } else { to })?;
        if from_parting && !is_null(from) {
            for base in &mut range.hidden {
                *base = revision::parting(repo, *base, range.tip, text)?;
            }
        }
        Ok(range)
    }

    /// What `to` has and `from` has not, as [`Range::parse`] reads them. Nothing in either is taken for more than a revision.
    ///
    /// # Errors
    /// As [`Range::parse`].
    pub fn between(repo: &Repository, from: &str, to: &str) -> Result<Self, Error> {
        let (tip, tags) = revision::resolve(repo, to)?;
        if is_null(from) {
            return Ok(Range { tip, tags, hidden: revision::other_branches(repo, tip)? });
        }
        let (base, _) = revision::resolve(repo, from)?;
        Ok(Range { tip, tags, hidden: vec![base] })
    }

    /// What a push of `tip` brings to the remote: everything that no ref under `refs/remotes/REMOTE/` reaches. A remote
    /// that was never fetched from has no such refs; then it is all of `tip`'s history.
    ///
    /// # Errors
    /// When `tip` names no commit, or the refs cannot be read.
    pub fn pushed(repo: &Repository, tip: &str, remote: &str) -> Result<Self, Error> {
        let (tip, tags) = revision::resolve(repo, tip)?;
        Ok(Range { tip, tags, hidden: revision::remote_tips(repo, remote)? })
    }

    /// Leaves out what `remote` has already, by its remote-tracking refs.
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub fn without_remote(mut self, repo: &Repository, remote: &str) -> Result<Self, Error> {
        self.hidden.extend(revision::remote_tips(repo, remote)?);
        Ok(self)
    }

    /// Walks the range.
    ///
    /// # Errors
    /// When the walk cannot begin. What goes wrong later is in [`Walk::incomplete`].
    pub fn walk<'r>(&self, repo: &'r Repository) -> Result<Walk<'r>, Error> {
        let mut commits = repo.revwalk()?;
        commits.set_sorting(Sort::TOPOLOGICAL | Sort::TIME | Sort::REVERSE)?;
        let mut incomplete = Vec::new();
        for id in &self.hidden {
            commits.hide(*id)?;
        }
        if let Err(error) = commits.push(self.tip) {
            incomplete.push(broken_walk(repo, self.tip, &error));
        }
        Ok(Walk {
            repo,
            commits: Some(commits),
            comparer: Comparer::new(repo),
            tip: self.tip,
            tags: self.tags.iter().copied().collect(),
            boundary: shallow_boundary(repo),
            given: HashSet::new(),
            head: OnceCell::new(),
            count: 0,
            incomplete,
        })
    }
}

/// Whether a revision stands for none.
fn is_null(revision: &str) -> bool {
    revision.len() >= NULL_DIGITS && revision.bytes().all(|digit| digit == b'0')
}

/// What one commit brings in.
#[derive(Clone, Debug)]
pub struct Change {
    /// The commit, or the tag object whose message this is.
    pub id: Oid,
    /// The message, as it is stored.
    pub message: Vec<u8>,
    /// Blobs that no parent has at that path, and that no earlier commit of the range brought to that path.
    pub added: Vec<BlobAt>,
    /// Blobs that the parents have at the paths that the commit changes or deletes, sorted: a token in one of them was
    /// there before.
    pub replaced: Vec<Oid>,
    commit: Option<Oid>,
    author: Option<Author>,
}

#[derive(Clone, Debug)]
struct Author {
    name: String,
    email: String,
    date: Option<String>,
}

impl From<&Signature<'_>> for Author {
    fn from(signature: &Signature<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let when = signature.when();
        Author {
            name: text(signature.name_bytes()),
            email: text(signature.email_bytes()),
            date: crate::git::date::rfc3339(when.seconds(), when.offset_minutes()),
        }
    }
}

/// Goes through a range commit by commit.
pub struct Walk<'r> {
    repo: &'r Repository,
    commits: Option<Revwalk<'r>>,
    comparer: Comparer<'r>,
    tip: Oid,
    tags: VecDeque<Oid>,
    boundary: HashSet<Oid>,
    given: HashSet<(Oid, u64)>,
    head: OnceCell<HashSet<Oid>>,
    count: u64,
    incomplete: Vec<Incomplete>,
}

impl Walk<'_> {
    /// How many commits were gone through so far.
    pub fn commits(&self) -> u64 {
        self.count
    }

    /// What could not be read so far.
    pub fn incomplete(&self) -> &[Incomplete] {
        &self.incomplete
    }

    /// Who brought `blob` in, for a finding in it; without a blob, for a finding in the message.
    pub fn origin(&self, change: &Change, blob: Option<&BlobAt>) -> GitOrigin {
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
        }
    }

    /// Whether HEAD's tree has the blob, at its own path or at another one.
    fn in_head(&self, blob: &BlobAt) -> bool {
        let Ok(tree) = self.repo.head().and_then(|head| head.peel_to_tree()) else { return false };
        let there = tree.get_path(Path::new(&blob.path)).is_ok_and(|entry| entry.id() == blob.blob);
        there
            || self
                .head
                .get_or_init(|| {
                    let all = trees::compare(self.repo, tree.id(), &[]).added;
                    all.into_iter().map(|blob| blob.blob).collect()
                })
                .contains(&blob.blob)
    }

    fn commit(&mut self, commit: &Commit<'_>) -> Change {
        let id = commit.id();
        self.count += 1;
        if self.boundary.contains(&id) {
            let reason = "this is a shallow clone that lacks the parents of this commit, so all its files were read \
                          as if they were new and what came before was not: fetch it with `fetch-depth: 0` \
                          (actions/checkout), `GIT_DEPTH: 0` (GitLab) or `git fetch --unshallow`";
            self.incomplete.push(Incomplete { path: format!("commit {id}"), reason: reason.to_owned() });
        }
        let mut parents = Vec::new();
        for parent in commit.parent_ids().filter(|_| !self.boundary.contains(&id)) {
            match self.repo.find_commit(parent) {
                Ok(parent) => parents.push(parent.tree_id()),
                Err(error) => {
                    let reason = match error.code() {
                        ErrorCode::NotFound => self.repo.missing_reason(&format!("commit {parent}")),
                        _ => format!("its parent {parent} cannot be read: {}", error.message()),
                    };
                    self.incomplete.push(Incomplete { path: format!("commit {id}"), reason });
                }
            }
        }
        let mut changes = self.comparer.compare(commit.tree_id(), &parents);
        self.incomplete.append(&mut changes.incomplete);
        // The hash of a path is enough: should two collide, the same blob was given under the other one.
        changes.added.retain(|blob| self.given.insert((blob.blob, hash(&blob.path))));
        Change {
            id,
            message: commit.message_raw_bytes().to_vec(),
            added: changes.added,
            replaced: changes.replaced,
            commit: Some(id),
            author: Some((&commit.author()).into()),
        }
    }

    fn tag(&self, tag: &Tag<'_>) -> Change {
        Change {
            id: tag.id(),
            message: tag.message_bytes().unwrap_or_default().to_vec(),
            added: Vec::new(),
            replaced: Vec::new(),
            commit: (tag.target_type() == Some(ObjectType::Commit)).then(|| tag.target_id()),
            author: tag.tagger().as_ref().map(Into::into),
        }
    }
}

/// Commits from the oldest on, then the tag objects that named the tip.
impl Iterator for Walk<'_> {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        while let Some(step) = self.commits.as_mut().and_then(Iterator::next) {
            match step {
                Ok(id) => match self.repo.find_commit(id) {
                    Ok(commit) => return Some(self.commit(&commit)),
                    Err(error) => self.incomplete.push(broken_walk(self.repo, id, &error)),
                },
                Err(error) => {
                    self.incomplete.push(broken_walk(self.repo, self.tip, &error));
                    self.commits = None;
                }
            }
        }
        while let Some(id) = self.tags.pop_front() {
            match self.repo.find_tag(id) {
                Ok(tag) => return Some(self.tag(&tag)),
                Err(error) => self.incomplete.push(broken_walk(self.repo, id, &error)),
            }
        }
        None
    }
}

fn broken_walk(repo: &Repository, id: Oid, error: &git2::Error) -> Incomplete {
    let reason = match error.code() {
        ErrorCode::NotFound => repo.missing_reason("history behind it, or a part of it,"),
        _ => format!("its history cannot be read: {}", error.message()),
    };
    Incomplete { path: format!("commit {id}"), reason }
}

/// The commits whose parents a shallow clone left out.
fn shallow_boundary(repo: &Repository) -> HashSet<Oid> {
    let text = fs::read_to_string(repo.commondir().join("shallow")).unwrap_or_default();
    text.lines().filter_map(|line| Oid::from_str(line.trim()).ok()).collect()
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}
