//! Raw trees, commits and tags: their links to other objects, read without building anything.

use gix_hash::{ObjectId, oid};

pub(crate) struct RawTreeEntry<'a> {
    mode: &'a [u8],
    /// The path component.
    pub name: &'a [u8],
    /// What it names.
    pub id: &'a oid,
}

impl RawTreeEntry<'_> {
    /// The mode, as a number; `None` when it is none.
    pub fn mode(&self) -> Option<u32> {
        let digit = |mode: u32, byte: &u8| Some(mode << 3 | char::from(*byte).to_digit(8)?);
        self.mode.iter().try_fold(0, digit).filter(|_| !self.mode.is_empty())
    }

    /// Whether it names a tree.
    pub fn is_tree(&self) -> bool {
        self.mode.starts_with(b"4") || self.mode.starts_with(b"04")
    }

    /// Whether it names a commit of another repository (a submodule), which is not expected to be here.
    pub fn is_gitlink(&self) -> bool {
        self.mode.starts_with(b"16")
    }
}

/// The entry that starts at `at`, and where the next one starts. `None` at the end, and where the tree is malformed.
pub(crate) fn entry_at(tree: &[u8], at: usize, hash_len: usize) -> Option<(RawTreeEntry<'_>, usize)> {
    let rest = tree.get(at..)?;
    let space = rest.iter().take(8).position(|&byte| byte == b' ')?;
    let nul = space + memchr::memchr(0, &rest[space..])?;
    let id = rest.get(nul + 1..nul + 1 + hash_len)?;
    let entry =
        RawTreeEntry { mode: &rest[..space], name: &rest[space + 1..nul], id: oid::try_from_bytes(id).ok()? };
    Some((entry, at + nul + 1 + hash_len))
}

/// All entries of a tree, up to the first malformed one.
pub(crate) fn entries(tree: &[u8], hash_len: usize) -> impl Iterator<Item = RawTreeEntry<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (entry, next) = entry_at(tree, at, hash_len)?;
        at = next;
        Some(entry)
    })
}

/// The start of an entry at or before `at`: found by its mode behind the id of the entry before it.
///
/// A name that looks like one costs nothing: reading on from there ends at the same id.
pub(crate) fn entry_start(tree: &[u8], at: usize, hash_len: usize) -> usize {
    const MODES: [&[u8]; 5] = [b"40000 ", b"100644 ", b"100755 ", b"120000 ", b"160000 "];
    let mut before = at.saturating_sub(hash_len);
    while let Some(nul) = memchr::memrchr(0, &tree[..before]) {
        let start = nul + 1 + hash_len;
        if MODES.iter().any(|mode| tree[start..].starts_with(mode)) {
            return start;
        }
        before = nul;
    }
    0
}

/// A header's lines: `(key, value)` up to the first empty line.
pub(crate) fn header(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    object.split(|&byte| byte == b'\n').take_while(|line| !line.is_empty()).map(|line| {
        let space = memchr::memchr(b' ', line).unwrap_or(line.len());
        (&line[..space], line.get(space + 1..).unwrap_or_default())
    })
}

/// A commit's tree and parents.
pub(crate) fn commit_links(commit: &[u8]) -> (Option<ObjectId>, impl Iterator<Item = ObjectId>) {
    let mut lines = header(commit);
    let tree =
        lines.next().filter(|(key, _)| *key == b"tree").and_then(|(_, value)| ObjectId::from_hex(value).ok());
    let parents = lines
        .take_while(|(key, _)| *key == b"parent")
        .filter_map(|(_, value)| ObjectId::from_hex(value).ok());
    (tree, parents)
}

/// What a tag names.
pub(crate) fn tag_target(tag: &[u8]) -> Option<ObjectId> {
    header(tag).find(|(key, _)| *key == b"object").and_then(|(_, value)| ObjectId::from_hex(value).ok())
}

/// Who signed a commit's line, and when.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// The name, read lossily.
    pub name: String,
    /// The address, read lossily.
    pub email: String,
    /// Seconds since 1970.
    pub seconds: i64,
    /// Minutes east of Greenwich.
    pub offset: i32,
}

/// The `author` or `committer` line of a commit. Broken parts are left empty or zero.
pub(crate) fn signature(commit: &[u8], who: &str) -> Option<Signature> {
    let (_, line) = header(commit).find(|(key, _)| *key == who.as_bytes())?;
    let close = memchr::memrchr(b'>', line);
    let (person, time) = line.split_at(close.map_or(line.len(), |close| close + 1));
    let (name, email) = match memchr::memchr(b'<', person) {
        Some(open) => (&person[..open], person[open + 1..].strip_suffix(b">").unwrap_or(&person[open + 1..])),
        None => (person, &b""[..]),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
    let time = text(time);
    let mut time = time.split_ascii_whitespace();
    let seconds = time.next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let zone = time.next().and_then(|zone| zone.parse::<i32>().ok()).unwrap_or(0);
    let minutes = zone / 100 * 60 + zone % 100;
    let offset = if minutes.abs() < 24 * 60 { minutes } else { 0 };
    Some(Signature { name: text(name), email: text(email), seconds, offset })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date::rfc3339;

    fn signed(line: &[u8]) -> Signature {
        let commit = [b"tree x\nauthor ", line, b"\n\nauthor of nothing"].concat();
        signature(&commit, "author").unwrap()
    }

    #[test]
    fn dates_keep_their_offset() {
        let date = |line: &[u8]| {
            let s = signed(line);
            rfc3339(s.seconds, s.offset)
        };
        assert_eq!(date(b"A <a@b> 0 +0000").as_deref(), Some("1970-01-01T00:00:00+00:00"));
        assert_eq!(date(b"A <a@b> 1709210096 -0330").as_deref(), Some("2024-02-29T09:04:56-03:30"));
        assert_eq!(date(b"A <a@b> -1 +0100").as_deref(), Some("1970-01-01T00:59:59+01:00"));
        assert_eq!(date(b"A <a@b> 9223372036854775807 +0100"), None);
    }

    #[test]
    fn broken_authors_do_not_fail() {
        assert_eq!(signed(b"M\xfcller <m@x> 1 +9999").name, "M\u{fffd}ller");
        assert_eq!(signed(b"M <m@x> soon +9999").offset, 0);
        assert_eq!(signed(b"no address"), Signature { name: "no address".into(), ..Signature::default() });
        assert_eq!(signed(b"<> 5 +0000").seconds, 5);
        assert_eq!(signed(b"A <b> <c> 7 x").email, "b> <c");
    }

    #[test]
    fn an_entry_is_found_from_within() {
        let mut tree = Vec::new();
        for name in ["a", "100644 b", "c"] {
            tree.extend_from_slice(format!("100644 {name}\0").as_bytes());
            tree.extend_from_slice(&[0; 20]);
        }
        let starts: Vec<_> = (0..tree.len()).map(|at| entry_start(&tree, at, 20)).collect();
        for (at, &start) in starts.iter().enumerate() {
            assert!(start <= at && entry_at(&tree, start, 20).is_some());
        }
        assert_eq!(
            entries(&tree, 20).map(|entry| entry.name.to_vec()).collect::<Vec<_>>(),
            [&b"a"[..], b"100644 b", b"c"]
        );
    }
}
