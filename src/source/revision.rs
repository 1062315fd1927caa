//! Revisions as a person or a CI writes them (gitrevisions(7)), and the refs that tell what a remote already has.

use gix_hash::{ObjectId, Prefix};
use krea_scan_git::ancestry::Ancestry;
use krea_scan_git::reflog;
use krea_scan_git::refs::{self, Head, Refs};
use krea_scan_git::repository::Repository;
use krea_scan_git::store::{self, Kind, ObjectStore};
use std::collections::BTreeSet;

/// As many zeros as the shortest kind of object id has digits stand for "no commit" in hooks and CI variables.
pub(super) const NULL_DIGITS: usize = 40;
/// Clocks are believed to differ by less, in seconds, where a cheap answer is tried before a costly one.
const CLOCKS: i64 = 24 * 60 * 60;
/// Where git looks for a name that is not a full one, in this order.
const PLACES: [(&str, &str); 6] = [
    ("", ""),
    ("refs/", ""),
    ("refs/tags/", ""),
    ("refs/heads/", ""),
    ("refs/remotes/", ""),
    ("refs/remotes/", "/HEAD"),
];

/// Why a range could not be made out.
#[derive(Debug, thiserror::Error)]
pub enum RangeError {
    /// One revision alone, or none.
    #[error("{0:?} is no range of commits: write A..B, or {0}^..{0} for one commit")]
    NotARange(String),
    /// The first side is missing.
    #[error(
        "{0:?} names no commit to start from; if a variable stood there, it is empty: give the commit, or HEAD^ for the \
         newest one alone"
    )]
    NoStart(String),
    /// The repository has no such revision.
    #[error("{0:?} names no commit here; `git log --oneline --all` lists them, `git fetch` brings in others")]
    Unknown(String),
    /// A shallow clone has not got it.
    #[error(
        "this is a shallow clone that lacks {0}: fetch it with `fetch-depth: 0` (actions/checkout), \
         `GIT_DEPTH: 0` (GitLab) or `git fetch --unshallow`"
    )]
    Shallow(String),
    /// HEAD, on a branch without commits.
    #[error("HEAD has no commit yet")]
    Unborn,
    /// An abbreviation of several ids.
    #[error("{0:?} may be any of several objects: write more of its id")]
    Ambiguous(String),
    /// It exists and is no commit.
    #[error("{0:?} is a {1}, not a commit")]
    NotACommit(String, Kind),
    /// It is written in a way that is not understood here.
    #[error(
        "{0:?}: only a name or an id, followed by ^, ~, ^{{…}} or @{{…}}, is understood; `git rev-parse` gives the id"
    )]
    Unsupported(String),
    /// The two sides of `A...B` have no common history.
    #[error("the two sides of {0:?} have no commit in common: write A..B")]
    Unrelated(String),
    /// An object on the way cannot be read.
    #[error("{0:?} cannot be followed: {1}")]
    Unread(String, String),
    /// The refs could not be read.
    #[error("the range cannot be read: {0}")]
    Refs(#[from] refs::RefsError),
    /// There are no objects to read.
    #[error("the range cannot be read: {0}")]
    Objects(#[from] store::ObjectError),
}

/// The commit that `text` names, and the tag objects on the way to it, outermost first.
pub(super) fn resolve(repo: &Repository, text: &str) -> Result<(ObjectId, Vec<ObjectId>), RangeError> {
    let resolver = Resolver { repo, objects: repo.objects()?, refs: Refs::open(repo)?, text };
    let id = resolver.object()?.ok_or_else(|| resolver.absent())?;
    match resolver.peel(id)? {
        (Kind::Commit, id, tags) => Ok((id, tags)),
        (kind, ..) => Err(RangeError::NotACommit(text.to_owned(), kind)),
    }
}

/// Follows one revision.
struct Resolver<'r> {
    repo: &'r Repository,
    objects: &'r ObjectStore,
    refs: Refs<'r>,
    text: &'r str,
}

impl Resolver<'_> {
    /// The object; `None` when there is none.
    fn object(&self) -> Result<Option<ObjectId>, RangeError> {
        let text = self.text;
        let at = |what: &str| text.find(what).unwrap_or(text.len());
        let (name, mut rest) = text.split_at(at("^").min(at("~")).min(at(":")).min(at("@{")));
        if text.starts_with(':') {
            return Err(self.unsupported());
        }
        let mut id = match rest.strip_prefix("@{").and_then(|rest| rest.split_once('}')) {
            Some((inside, behind)) => {
                rest = behind;
                self.logged(name, inside)?
            }
            None => self.named(name)?,
        };
        while let Some(from) = id.filter(|_| !rest.is_empty()) {
            (id, rest) = self.step(from, rest)?;
        }
        Ok(id)
    }

    /// Takes one step from an object: what the step leads to, and what is written behind it.
    fn step<'t>(&self, from: ObjectId, rest: &'t str) -> Result<(Option<ObjectId>, &'t str), RangeError> {
        if let Some(path) = rest.strip_prefix(':') {
            let tree = self.peel_to(from, Kind::Tree)?;
            let found = tree.map(|tree| self.objects.at_path(&tree, path.as_bytes())).transpose();
            return Ok((found.map_err(|error| self.unread(&error))?.flatten().map(|(_, id)| id), ""));
        }
        if let Some(rest) = rest.strip_prefix("^{") {
            let (kind, rest) = rest.split_once('}').ok_or_else(|| self.unsupported())?;
            let id = match kind {
                "" => Some(self.peel(from)?.1),
                "object" => Some(from),
                "tag" => self.is_kind(from, Kind::Tag)?.then_some(from),
                "commit" => self.peel_to(from, Kind::Commit)?,
                "tree" => self.peel_to(from, Kind::Tree)?,
                "blob" => self.peel_to(from, Kind::Blob)?,
                _ => return Err(self.unsupported()),
            };
            return Ok((id, rest));
        }
        let (sign, rest) = rest.split_at_checked(1).ok_or_else(|| self.unsupported())?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = rest.split_at(digits);
        let number: usize = match number {
            "" => 1,
            number => number.parse().map_err(|_| self.unsupported())?,
        };
        let mut commit = self.peel_to(from, Kind::Commit)?;
        match (sign, number) {
            ("^", 0) => {}
            ("^", number) => commit = self.parent(commit, number)?,
            ("~", number) => {
                for _ in 0..number {
                    commit = self.parent(commit, 1)?;
                    if commit.is_none() {
                        break;
                    }
                }
            }
            _ => return Err(self.unsupported()),
        }
        Ok((commit, rest))
    }

    /// A commit's parent by its number, from 1 on. Where a shallow clone ends there is none.
    fn parent(&self, commit: Option<ObjectId>, number: usize) -> Result<Option<ObjectId>, RangeError> {
        let Some(id) = commit.filter(|id| !self.objects.shallow().contains(id)) else { return Ok(None) };
        let commit = self.objects.commit(&id).map_err(|error| self.unread(&error))?;
        Ok(commit.parents.get(number - 1).copied())
    }

    /// What a name without anything behind it stands for: an id, a ref, what `git describe` prints, the start of an id.
    fn named(&self, name: &str) -> Result<Option<ObjectId>, RangeError> {
        if let Some(id) = self.full_id(name) {
            return Ok(Some(id));
        }
        let name = if name == "@" { "HEAD" } else { name };
        if let Some((_, id)) = self.find_ref(name)? {
            return Ok(Some(id));
        }
        let described = name.rsplit_once("-g").map(|(_, id)| id);
        for start in described.into_iter().chain([name]) {
            if let Some(id) = self.abbreviated(start)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn full_id(&self, name: &str) -> Option<ObjectId> {
        let id = ObjectId::from_hex(name.as_bytes()).ok().filter(|id| id.kind() == self.repo.hash());
        id.filter(|id| self.objects.contains(id))
    }

    /// A ref's full name and what it leads to.
    fn find_ref(&self, name: &str) -> Result<Option<(String, ObjectId)>, RangeError> {
        for (before, behind) in PLACES {
            let full = format!("{before}{name}{behind}");
            match self.refs.resolve(&full) {
                Ok(Some(id)) => return Ok(Some((full, id))),
                // Other files of the repository have no ref in them.
                Ok(None) | Err(refs::RefsError::Content(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// The one object whose id starts so; of several the one that leads to a commit.
    fn abbreviated(&self, start: &str) -> Result<Option<ObjectId>, RangeError> {
        let Ok(prefix) = Prefix::from_hex(start) else { return Ok(None) };
        let mut found = self.objects.with_prefix(prefix);
        if found.len() > 1 {
            found.retain(|id| matches!(self.objects.peel(id), Ok((Kind::Commit, ..))));
            if found.len() != 1 {
                return Err(RangeError::Ambiguous(self.text.to_owned()));
            }
        }
        Ok(found.pop_first())
    }

    /// `NAME@{…}`: a branch's upstream, or what a reflog tells. Without a name it is the branch that HEAD is on.
    fn logged(&self, name: &str, inside: &str) -> Result<Option<ObjectId>, RangeError> {
        let branch = || match self.refs.head() {
            Ok(Head::Branch(branch, _)) => branch,
            _ => "HEAD".to_owned(),
        };
        if let Some(back) = inside.strip_prefix('-').and_then(|number| number.parse().ok()) {
            let left = reflog::branch_left(self.repo, back).filter(|_| name.is_empty());
            return left.map_or(Ok(None), |left| self.named(&left));
        }
        let full = match name {
            "" => Some(branch()),
            "@" => Some("HEAD".to_owned()),
            name => self.find_ref(name)?.map(|(full, _)| full),
        };
        let Some(full) = full else { return Ok(None) };
        if ["u", "upstream", "push"].contains(&inside.to_ascii_lowercase().as_str()) {
            let full = if full == "HEAD" { branch() } else { full };
            let upstream = full.strip_prefix("refs/heads/").and_then(|branch| self.upstream(branch));
            return upstream.map_or(Ok(None), |upstream| Ok(self.refs.resolve(&upstream)?));
        }
        if let Ok(number) = inside.parse() {
            return Ok(match number {
                0 => self.refs.resolve(&full)?,
                number => reflog::nth(self.repo, &full, number),
            });
        }
        reflog::at(self.repo, &full, inside).ok_or_else(|| self.unsupported()).map(Some)
    }

    /// The ref that a branch follows, by its configuration.
    fn upstream(&self, branch: &str) -> Option<String> {
        let setting = |key| self.repo.setting("branch", branch, key);
        let (remote, merge) = (setting("remote")?, setting("merge")?);
        if remote == "." {
            return Some(merge);
        }
        let fetch = self.repo.settings("remote", &remote, "fetch");
        fetch.iter().find_map(|spec| {
            let (from, to) = spec.trim_start_matches('+').split_once(':')?;
            match (from.split_once('*'), to.split_once('*')) {
                (Some((start, end)), Some((before, behind))) => {
                    let middle = merge.strip_prefix(start)?.strip_suffix(end)?;
                    Some(format!("{before}{middle}{behind}"))
                }
                _ => (from == merge).then(|| to.to_owned()),
            }
        })
    }

    fn is_kind(&self, id: ObjectId, wanted: Kind) -> Result<bool, RangeError> {
        let read = self.objects.read(&id);
        read.map(|(kind, _)| kind == wanted).map_err(|error| self.unread(&error))
    }

    fn peel(&self, id: ObjectId) -> Result<(Kind, ObjectId, Vec<ObjectId>), RangeError> {
        self.objects.peel(&id).map_err(|error| self.unread(&error))
    }

    /// Follows tags, and a commit to its tree, until something is of a kind.
    fn peel_to(&self, id: ObjectId, wanted: Kind) -> Result<Option<ObjectId>, RangeError> {
        Ok(match self.peel(id)? {
            (kind, id, _) if kind == wanted => Some(id),
            (Kind::Commit, id, _) if wanted == Kind::Tree => {
                Some(self.objects.commit(&id).map_err(|error| self.unread(&error))?.tree)
            }
            _ => None,
        })
    }

    /// Why the revision leads nowhere.
    fn absent(&self) -> RangeError {
        let text = self.text.to_owned();
        let is_unborn = || matches!(self.refs.head(), Ok(Head::Branch(_, None)));
        match self.text {
            "HEAD" | "@" if is_unborn() => RangeError::Unborn,
            _ if self.repo.is_shallow_clone() => RangeError::Shallow(text),
            _ => RangeError::Unknown(text),
        }
    }

    fn unread(&self, error: &store::ObjectError) -> RangeError {
        let what = match error {
            store::ObjectError::Missing(id) | store::ObjectError::Damaged { id, .. } => {
                format!("object {id}")
            }
            store::ObjectError::NoObjects { .. } => "repository".to_owned(),
        };
        RangeError::Unread(self.text.to_owned(), self.repo.unread_reason(&what, error))
    }

    fn unsupported(&self) -> RangeError {
        RangeError::Unsupported(self.text.to_owned())
    }
}

/// The commits where two histories parted.
pub(super) fn parting(
    repo: &Repository,
    a: ObjectId,
    b: ObjectId,
    text: &str,
) -> Result<Vec<ObjectId>, RangeError> {
    let shared = Ancestry::new(repo.objects()?).shared(&a, &b).map_err(|error| {
        RangeError::Unread(text.to_owned(), repo.unread_reason("history of its two sides", &error))
    })?;
    match shared.is_empty() {
        true if repo.is_shallow_clone() => {
            Err(RangeError::Shallow(format!("the commit where the two sides of {text} parted")))
        }
        true => Err(RangeError::Unrelated(text.to_owned())),
        false => Ok(shared),
    }
}

/// The commits under `refs/remotes/NAME/`.
pub(super) fn remote_tips(repo: &Repository, name: &str) -> Result<Vec<ObjectId>, RangeError> {
    tips(repo, &[&format!("refs/remotes/{name}/")])
}

/// What others have of a new branch or tag that leads to `tip`.
///
/// While a push is in quarantine (githooks(5), `pre-receive`), no ref has moved yet, and all that are there count. Else it is
/// the remote-tracking branches; and where a bare repository has none, as on a server in `update` and `post-receive`, its own
/// branches and tags. Of these only those count that do not contain `tip`: the new one itself may be among those that do. If
/// there is none, others have nothing.
pub(super) fn others(repo: &Repository, tip: ObjectId) -> Result<Vec<ObjectId>, RangeError> {
    if repo.is_in_quarantine() {
        return tips(repo, &["refs/"]);
    }
    let mut all = tips(repo, &["refs/remotes/"])?;
    if all.is_empty() && repo.is_bare() {
        all = tips(repo, &["refs/heads/", "refs/tags/"])?;
    }
    let mut ancestry = Ancestry::new(repo.objects()?);
    let mut without = |oldest: i64| -> Vec<ObjectId> {
        let reach = ancestry.reaching(&all, &tip, oldest);
        all.iter().zip(reach).filter(|(_, reaches)| !reaches).map(|(id, _)| *id).collect()
    };
    let recent = ancestry_start(repo, tip)?;
    let others = without(recent);
    // Nothing would be left to scan: then clocks that lie are no excuse.
    if Ancestry::new(repo.objects()?).list(&tip, &others).commits.is_empty() {
        return Ok(without(i64::MIN));
    }
    Ok(others)
}

/// From when on commits may lead to `tip`, by clocks that do not lie much.
fn ancestry_start(repo: &Repository, tip: ObjectId) -> Result<i64, RangeError> {
    let committed = Ancestry::new(repo.objects()?).committed(&tip);
    Ok(committed.map_or(i64::MIN, |committed| committed.saturating_sub(CLOCKS)))
}

/// The commits that refs below some folders lead to, sorted, each once. Refs that lead to nothing, such as a remote's HEAD
/// whose branch is gone, hide nothing.
fn tips(repo: &Repository, folders: &[&str]) -> Result<Vec<ObjectId>, RangeError> {
    let refs = Refs::open(repo)?;
    let is_below = |name: &str| folders.iter().any(|folder| name.starts_with(folder));
    let all = refs.all().into_iter().filter(|(name, _)| is_below(name));
    let commits: BTreeSet<ObjectId> = all.filter_map(|(_, id)| refs.commit(id)).collect();
    Ok(commits.into_iter().collect())
}
