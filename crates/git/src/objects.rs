//! Commits, tags and trees as they are read one by one: strict, so that what is malformed is told instead of read in part.

use super::store::tree::{self, Signature};
use super::store::{Kind, ObjectError, ObjectStore};
use gix_hash::{ObjectId, oid};
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Longer chains of tags that name tags are not followed.
const MAX_TAGS: usize = 64;
/// The bits of a mode that say what an entry is.
const KIND: u32 = 0o170_000;

#[derive(Clone, Debug)]
pub struct Commit {
    data: Arc<Vec<u8>>,
    /// Its files.
    pub tree: ObjectId,
    /// The commits before it.
    pub parents: Vec<ObjectId>,
    /// Seconds since 1970, by the committer's clock.
    pub committed: i64,
}

impl Commit {
    /// Takes the bytes of a commit; `None` when they are malformed.
    fn parse(data: Arc<Vec<u8>>, hash: gix_hash::Kind) -> Option<Commit> {
        let mut lines = tree::header(&data);
        let id = |value: &[u8]| ObjectId::from_hex(value).ok().filter(|id| id.kind() == hash);
        let tree = lines.next().filter(|(key, _)| *key == b"tree").and_then(|(_, value)| id(value))?;
        let parents = lines.take_while(|(key, _)| *key == b"parent").map(|(_, value)| id(value));
        let parents = parents.collect::<Option<Vec<ObjectId>>>()?;
        let committed = tree::signature(&data, "committer").unwrap_or_default().seconds;
        Some(Commit { data, tree, parents, committed })
    }

    /// What stands behind the header.
    pub fn message(&self) -> &[u8] {
        message(&self.data)
    }

    pub fn author(&self) -> Option<Signature> {
        tree::signature(&self.data, "author")
    }
}

#[derive(Clone, Debug)]
pub struct Tag {
    data: Arc<Vec<u8>>,
    /// What it names.
    pub target: ObjectId,
}

impl Tag {
    /// What stands behind the header.
    pub fn message(&self) -> &[u8] {
        message(&self.data)
    }

    pub fn tagger(&self) -> Option<Signature> {
        tree::signature(&self.data, "tagger")
    }
}

fn message(data: &[u8]) -> &[u8] {
    &data[header(data).len()..]
}

/// What stands before the message of a commit or a tag, with the empty line between them.
pub fn header(data: &[u8]) -> &[u8] {
    memchr::memmem::find(data, b"\n\n").map_or(data, |at| &data[..at + 2])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeEntry<'a> {
    /// The path component.
    pub name: &'a [u8],
    /// The mode: `0o040000`, `0o100644`, `0o100755`, `0o120000` or `0o160000`.
    pub mode: u32,
    /// What it names.
    pub id: &'a oid,
}

impl TreeEntry<'_> {
    /// Whether it is a folder.
    pub fn is_tree(&self) -> bool {
        self.mode & KIND == 0o040_000
    }

    /// Whether it is a file or a link: neither a folder nor a submodule.
    pub fn is_blob(&self) -> bool {
        !self.is_tree() && self.mode & KIND != 0o160_000
    }

    /// Whether two entries are a folder, a file or a submodule alike.
    pub fn is_like(&self, other: &TreeEntry<'_>) -> bool {
        self.is_tree() == other.is_tree() && self.is_blob() == other.is_blob()
    }
}

/// The modes that git writes today, for those that it wrote once; what nobody wrote is a file.
fn normal_mode(mode: u32) -> u32 {
    match mode & KIND {
        kind @ (0o040_000 | 0o120_000 | 0o160_000) => kind,
        _ if mode & 0o100 != 0 => 0o100_755,
        _ => 0o100_644,
    }
}

/// A tree whose every entry is well formed.
#[derive(Debug)]
pub struct Tree {
    data: Arc<Vec<u8>>,
    hash_len: usize,
    /// The modes, and where the names are; behind each stand a NUL and the id.
    entries: Vec<(u32, Range<u32>)>,
    /// For a tree that is not in git's order, which only a stranger makes; filled when a name is asked for.
    by_name: Option<OnceCell<HashMap<Vec<u8>, usize>>>,
}

impl Tree {
    /// Takes the bytes of a tree; `None` when they are malformed.
    fn parse(data: Arc<Vec<u8>>, hash: gix_hash::Kind) -> Option<Tree> {
        let hash_len = hash.len_in_bytes();
        let mut entries = Vec::new();
        let mut at = 0;
        while at < data.len() {
            let (entry, next) = tree::entry_at(&data, at, hash_len)?;
            let end = next - hash_len - 1;
            let start = end - entry.name.len();
            if entry.name.is_empty() {
                return None;
            }
            entries.push((normal_mode(entry.mode()?), u32::try_from(start).ok()?..u32::try_from(end).ok()?));
            at = next;
        }
        let mut tree = Tree { data, hash_len, entries, by_name: None };
        let is_sorted = tree.iter().zip(tree.iter().skip(1)).all(|(one, next)| order(&one, &next).is_lt());
        tree.by_name = (!is_sorted).then(OnceCell::new);
        Some(tree)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An entry by its number.
    pub fn get(&self, at: usize) -> Option<TreeEntry<'_>> {
        let (mode, name) = self.entries.get(at)?;
        let end = name.end as usize;
        let id = self.data.get(end + 1..end + 1 + self.hash_len)?;
        Some(TreeEntry {
            name: self.data.get(name.start as usize..end)?,
            mode: *mode,
            id: oid::try_from_bytes(id).ok()?,
        })
    }

    /// All entries, in the tree's order.
    pub fn iter(&self) -> impl Iterator<Item = TreeEntry<'_>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// The entry of a name, a file's or a folder's; the first of several.
    pub fn named(&self, name: &[u8]) -> Option<TreeEntry<'_>> {
        let Some(by_name) = &self.by_name else {
            return self.sorted_at(name, false).or_else(|| self.sorted_at(name, true));
        };
        let by_name = by_name.get_or_init(|| {
            let mut by_name = HashMap::new();
            for (at, entry) in self.iter().enumerate() {
                by_name.entry(entry.name.to_vec()).or_insert(at);
            }
            by_name
        });
        self.get(*by_name.get(name)?)
    }

    /// Looks for a name where a file's or a folder's is in git's order.
    fn sorted_at(&self, name: &[u8], is_folder: bool) -> Option<TreeEntry<'_>> {
        let (mut start, mut end) = (0, self.len());
        while start < end {
            let middle = start + (end - start) / 2;
            let entry = self.get(middle)?;
            match tree_order(entry.name, entry.is_tree(), name, is_folder) {
                Ordering::Less => start = middle + 1,
                Ordering::Equal => return Some(entry),
                Ordering::Greater => end = middle,
            }
        }
        None
    }
}

fn order(one: &TreeEntry<'_>, other: &TreeEntry<'_>) -> Ordering {
    tree_order(one.name, one.is_tree(), other.name, other.is_tree())
}

impl ObjectStore {
    /// Reads a commit.
    ///
    /// # Errors
    /// When it is missing, damaged or no commit.
    pub fn commit(&self, id: &oid) -> Result<Commit, ObjectError> {
        let data = self.of_kind(id, Kind::Commit)?;
        Commit::parse(data, self.hash).ok_or_else(|| malformed(id, Kind::Commit))
    }

    /// Reads a tree. Git knows the empty one without storing it.
    ///
    /// # Errors
    /// When it is missing, damaged or no tree.
    pub fn tree(&self, id: &oid) -> Result<Tree, ObjectError> {
        let data = match self.of_kind(id, Kind::Tree) {
            Err(ObjectError::Missing(_)) if id.is_empty_tree() => Arc::default(),
            data => data?,
        };
        Tree::parse(data, self.hash).ok_or_else(|| malformed(id, Kind::Tree))
    }

    /// Reads a tag object.
    ///
    /// # Errors
    /// When it is missing, damaged or no tag.
    pub fn tag(&self, id: &oid) -> Result<Tag, ObjectError> {
        let data = self.of_kind(id, Kind::Tag)?;
        let target = tree::tag_target(&data).filter(|target| target.kind() == self.hash);
        target.map(|target| Tag { data, target }).ok_or_else(|| malformed(id, Kind::Tag))
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// When it is missing, damaged or no blob.
    pub fn blob(&self, id: &oid) -> Result<Arc<Vec<u8>>, ObjectError> {
        self.of_kind(id, Kind::Blob)
    }

    fn of_kind(&self, id: &oid, wanted: Kind) -> Result<Arc<Vec<u8>>, ObjectError> {
        match self.read(id)? {
            (kind, data) if kind == wanted => Ok(data),
            (kind, _) => {
                let reason = format!("it is a {kind}, not a {wanted}");
                Err(ObjectError::Damaged { id: id.to_owned(), reason })
            }
        }
    }

    /// Follows tags: what is named in the end, and the tag objects on the way, outermost first.
    ///
    /// # Errors
    /// When one of them cannot be read, or there is no end of them.
    pub fn peel(&self, id: &oid) -> Result<(Kind, ObjectId, Vec<ObjectId>), ObjectError> {
        let (mut id, mut tags) = (id.to_owned(), Vec::new());
        loop {
            match self.read(&id)?.0 {
                Kind::Tag if tags.len() == MAX_TAGS => {
                    let reason = format!("more than {MAX_TAGS} tags name each other");
                    return Err(ObjectError::Damaged { id, reason });
                }
                Kind::Tag => {
                    tags.push(id);
                    id = self.tag(&id)?.target;
                }
                kind => return Ok((kind, id, tags)),
            }
        }
    }

    /// What a path leads to in a tree: its mode and id.
    ///
    /// # Errors
    /// When a tree on the way cannot be read.
    pub fn at_path(&self, tree: &oid, path: &[u8]) -> Result<Option<(u32, ObjectId)>, ObjectError> {
        let (mut mode, mut id) = (0o040_000, tree.to_owned());
        for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            if mode & KIND != 0o040_000 {
                return Ok(None);
            }
            let tree = self.tree(&id)?;
            let Some(entry) = tree.named(name) else { return Ok(None) };
            (mode, id) = (entry.mode, entry.id.to_owned());
        }
        Ok(Some((mode, id)))
    }
}

fn malformed(id: &oid, kind: Kind) -> ObjectError {
    ObjectError::Damaged { id: id.to_owned(), reason: format!("it is no well-formed {kind}") }
}

/// Compares names as git sorts a tree, which is the order of an index too: a folder as if its name ended in `/`.
pub fn tree_order(a: &[u8], a_is_dir: bool, b: &[u8], b_is_dir: bool) -> Ordering {
    let shared = a.len().min(b.len());
    let end = |name: &[u8], dir: bool| name.get(shared).copied().or(dir.then_some(b'/'));
    a[..shared].cmp(&b[..shared]).then_with(|| match (end(a, a_is_dir), end(b, b_is_dir)) {
        (Some(x), Some(y)) if x == y => a.len().cmp(&b.len()),
        (x, y) => x.cmp(&y),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix_hash::Kind::Sha1;

    fn tree(bytes: &[u8]) -> Option<Tree> {
        Tree::parse(Arc::new(bytes.to_vec()), Sha1)
    }

    #[test]
    fn a_tree_is_read_whole_or_not_at_all() {
        let entry = |text: &str| [text.as_bytes(), &[7; 20]].concat();
        let good = [entry("40000 b\0"), entry("100644 a\0"), entry("100644 a\0")].concat();
        let read = tree(&good).unwrap();
        let names: Vec<_> = read.iter().map(|entry| (entry.name.to_vec(), entry.is_tree())).collect();
        assert_eq!(names, [(b"b".to_vec(), true), (b"a".to_vec(), false), (b"a".to_vec(), false)]);
        assert_eq!(read.named(b"a"), read.get(1));
        let sorted =
            tree(&[entry("100644 a\0"), entry("100644 a.b\0"), entry("40000 b\0")].concat()).unwrap();
        assert!(sorted.by_name.is_none() && read.by_name.is_some());
        for (at, name) in ["a", "a.b", "b"].into_iter().enumerate() {
            assert_eq!(sorted.named(name.as_bytes()), sorted.get(at), "{name}");
        }
        assert!(read.named(b"c").is_none());
        for cut in 0..=good.len() {
            let ends_behind_an_entry = [0, 28, 57, 86].contains(&cut);
            assert_eq!(tree(&good[..cut]).is_some(), ends_behind_an_entry, "{cut}");
        }
        for bad in ["100644 \0", "8 a\0", " a\0", "100644a\0"] {
            assert!(tree(&entry(bad)).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_commit_with_half_a_parent_is_refused() {
        let (id, other) = ("1".repeat(40), "2".repeat(40));
        let parse = |text: String| Commit::parse(Arc::new(text.into_bytes()), Sha1);
        let commit = parse(format!("tree {id}\nparent {other}\ncommitter A <a> 5 +0000\n\ntext")).unwrap();
        assert_eq!((commit.parents.len(), commit.committed, commit.message()), (1, 5, &b"text"[..]));
        assert!(parse(format!("tree {id}\nparent {}\n\n", &other[..39])).is_none());
        assert!(parse(format!("tree {id}{}\n\n", "3".repeat(24))).is_none());
        assert!(parse(format!("parent {other}\n\n")).is_none());
    }
}
