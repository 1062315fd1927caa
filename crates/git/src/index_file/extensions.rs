//! What follows the entries of an index: the cache of trees, and where the rest of a split index is.

use super::u32_at;
use crate::trees::MAX_DEPTH;
use gix_hash::{Kind, ObjectId};
use std::io::{self, ErrorKind};

/// Signature and length.
const HEADER: usize = 8;

/// A tree that the index stands for, and those below it.
#[derive(Debug)]
pub struct CachedTree {
    /// The path component.
    pub name: Vec<u8>,
    /// The tree's id; null when it is not known.
    pub id: ObjectId,
    /// How many entries of the index are in it; `None` when the id is not known.
    pub entries: Option<u32>,
    /// Sorted by their names, each once.
    pub children: Vec<CachedTree>,
}

/// Where the rest of a split index is, and what became of it.
pub(super) struct SplitIndexLink {
    /// A part of the other file's name; null when there is none.
    pub base: ObjectId,
    /// Entries of the other file that are no more, and those that this one replaces.
    pub bitmaps: Option<[gix_bitmap::ewah::Vec; 2]>,
}

/// The extensions that are of use.
#[derive(Default)]
pub(super) struct Extensions {
    pub tree: Option<CachedTree>,
    pub link: Option<SplitIndexLink>,
}

impl Extensions {
    /// Reads what is between the last entry and the end of the file.
    pub fn read(mut data: &[u8], hash: Kind) -> io::Result<Extensions> {
        let mut all = Extensions::default();
        while data.len() > hash.len_in_bytes() {
            let (header, rest) = data.split_at_checked(HEADER).ok_or(ErrorKind::UnexpectedEof)?;
            let (content, rest) =
                rest.split_at_checked(u32_at(header, 4) as usize).ok_or(ErrorKind::UnexpectedEof)?;
            match &header[..4] {
                // A cache that makes no sense is as good as none.
                b"TREE" => all.tree = cached_tree(content, hash),
                b"link" => all.link = Some(link(content, hash).ok_or(ErrorKind::InvalidData)?),
                b"sdir" | [b'A'..=b'Z', ..] => {}
                _ => return Err(io::Error::other("it has an extension that nobody knows")),
            }
            data = rest;
        }
        if data.len() == hash.len_in_bytes() { Ok(all) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}

/// Reads the cache of trees, without going as deep as a stranger says.
fn cached_tree(mut data: &[u8], hash: Kind) -> Option<CachedTree> {
    // The trees that are begun, and how many children of each are to come.
    let mut open: Vec<(CachedTree, usize)> = Vec::new();
    loop {
        let name = until(&mut data, 0)?.to_vec();
        let entries: i64 = number(until(&mut data, b' ')?)?;
        let children = usize::try_from(number(until(&mut data, b'\n')?)?).ok()?;
        let entries = u32::try_from(entries).ok();
        let id = match entries {
            Some(_) => {
                let (id, rest) = data.split_at_checked(hash.len_in_bytes())?;
                data = rest;
                ObjectId::try_from(id).ok()?
            }
            None => ObjectId::null(hash),
        };
        open.push((CachedTree { name, id, entries, children: Vec::new() }, children));
        if open.len() > MAX_DEPTH {
            return None;
        }
        while let Some((mut tree, _)) = open.pop_if(|(_, children)| *children == 0) {
            tree.children.sort_by(|one, other| one.name.cmp(&other.name));
            if tree.children.windows(2).any(|pair| pair[0].name == pair[1].name) {
                return None;
            }
            match open.last_mut() {
                Some((parent, children)) => {
                    *children -= 1;
                    parent.children.push(tree);
                }
                None => return data.is_empty().then_some(tree),
            }
        }
    }
}

/// Takes what is before a byte, and the byte.
fn until<'d>(data: &mut &'d [u8], byte: u8) -> Option<&'d [u8]> {
    let at = memchr::memchr(byte, data)?;
    let taken = &data[..at];
    *data = &data[at + 1..];
    Some(taken)
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn link(data: &[u8], hash: Kind) -> Option<SplitIndexLink> {
    let (base, rest) = data.split_at_checked(hash.len_in_bytes())?;
    let base = ObjectId::try_from(base).ok()?;
    if rest.is_empty() {
        return Some(SplitIndexLink { base, bitmaps: None });
    }
    let (deleted, rest) = gix_bitmap::ewah::decode(rest).ok()?;
    let (replaced, rest) = gix_bitmap::ewah::decode(rest).ok()?;
    rest.is_empty().then_some(SplitIndexLink { base, bitmaps: Some([deleted, replaced]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_of_trees_is_read_and_has_a_bottom() {
        let tree = |name: &str, children: usize| {
            [format!("{name}\0{} {children}\n", 2).as_bytes(), &[7; 20]].concat()
        };
        let data = [tree("", 2), tree("b", 0), tree("a", 1), tree("c", 0)].concat();
        let read = cached_tree(&data, Kind::Sha1).unwrap();
        let names: Vec<_> = read.children.iter().map(|child| child.name.as_slice()).collect();
        assert_eq!(names, [b"a", b"b"]);
        assert_eq!(read.children[0].children.len(), 1);
        for bad in [&data[..data.len() - 1], &[tree("", 2), tree("a", 0), tree("a", 0)].concat()] {
            assert!(cached_tree(bad, Kind::Sha1).is_none());
        }
        let deep: Vec<u8> = (0..300_000).flat_map(|_| b"a\0-1 1\n".to_vec()).collect();
        assert!(cached_tree(&deep, Kind::Sha1).is_none());
        assert!(cached_tree(&tree("", usize::MAX >> 1), Kind::Sha1).is_none());
    }
}
