//! Files that lie beside others: a bundle's source map, a map's original. Takes a path, the way into a container, and
//! a reference as a file writes it; gives bytes. A reference never leads out of what is being scanned.

use krea_scan_bounds::limits::Limits;
use krea_scan_bounds::work;
use krea_scan_extract::container::{self, ContainedText, ContainerKind, ContainerVisitor, HEAD, Seekable};
use krea_scan_text::{Layer, containers};
use percent_encoding::percent_decode_str;
use std::io::{self, Read, Seek};

/// A file that another one names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiblingFile {
    /// Its path, as reports show it.
    pub path: String,
    /// The way to it, in a container.
    pub layers: Vec<Layer>,
    pub bytes: Vec<u8>,
}

/// Where a reference leads from a file, both with `/`: `..` and `.` are followed, a query, a fragment and percent
/// escapes are undone. `None` for what is no path, and for what leads above the start.
pub fn resolve(from: &str, reference: &str) -> Option<String> {
    let reference = reference.split(['?', '#']).next().unwrap_or_default();
    if reference.is_empty() || reference.starts_with('/') || reference.contains("://") {
        return None;
    }
    let reference = percent_decode_str(reference).decode_utf8().ok()?.replace('\\', "/");
    let folder = from.rfind('/').map_or("", |end| &from[..=end]);
    let root = if folder.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(reference.split('/')) {
        match part {
            "" => {}
            // `./a` and `a` are told apart in reports.
            "." if parts.is_empty() && root.is_empty() => parts.push("."),
            "." => {}
            ".." => match parts.last() {
                None if !root.is_empty() => return None,
                Some(&last) if last != ".." && last != "." => drop(parts.pop()),
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    Some(format!("{root}{}", parts.join("/")))
}

/// Finds the file that `reference` names as seen from the file at `path` and, in a container, `layers`. With an empty
/// `reference`, the file itself. `open` opens a file of the input by its path as reports show it.
pub fn find<'i>(
    path: &str,
    layers: &[Layer],
    reference: &str,
    most: u64,
    limits: Limits,
    mut open: impl FnMut(&str) -> Option<Box<dyn Seekable + 'i>>,
) -> Option<SiblingFile> {
    // What was decoded from the file's own text leads to no other file.
    let layers = &layers[..containers(layers)];
    if !layers.is_empty() {
        let mut file = open(path)?;
        let mut head = Vec::with_capacity(HEAD);
        (&mut file).take(HEAD as u64).read_to_end(&mut head).ok()?;
        if let Some(kind) = ContainerKind::of(&head, path) {
            let size = file.seek(io::SeekFrom::End(0)).ok()?;
            let work = work::begin(limits.work, true);
            work.reads(usize::try_from(size).unwrap_or(usize::MAX));
            let mut search = MemberSearch { layers, reference, most, found: None, is_named: false };
            container::walk(kind, path, &mut file, size, limits, None, &mut search);
            if let Some((layers, bytes)) = search.found {
                return Some(SiblingFile { path: path.to_owned(), layers, bytes });
            }
            if search.is_named || reference.is_empty() {
                return None;
            }
        }
    }
    let path = if reference.is_empty() { path.to_owned() } else { resolve(path, reference)? };
    let bytes = read_sibling(&mut open(&path)?, most)?;
    Some(SiblingFile { path, layers: Vec::new(), bytes })
}

/// All of a file, unless it is larger than `most`.
fn read_sibling(input: &mut dyn Read, most: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = input.take(most.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    (length as u64 <= most).then_some(bytes)
}

/// Looks for one member of a container.
struct MemberSearch<'s> {
    layers: &'s [Layer],
    reference: &'s str,
    most: u64,
    found: Option<(Vec<Layer>, Vec<u8>)>,
    /// The file that the search starts from has a name of its own in the container.
    is_named: bool,
}

impl MemberSearch<'_> {
    /// Whether this member is the one.
    fn is_it(&mut self, member: &[Layer]) -> bool {
        let Some(from) = self.layers.get(..member.len()) else { return false };
        let named = member.iter().rposition(|layer| !layer.name.is_empty());
        let same = |(i, (a, b)): (usize, (&Layer, &Layer))| {
            a.kind == b.kind && (a.name == b.name || Some(i) == named)
        };
        if !member.iter().zip(from).enumerate().all(same) {
            return false;
        }
        let Some(named) = named else { return self.reference.is_empty() };
        self.is_named = true;
        match self.reference {
            "" => member[named].name == from[named].name,
            reference => resolve(&from[named].name, reference).as_ref() == Some(&member[named].name),
        }
    }
}

impl ContainerVisitor for MemberSearch<'_> {
    fn text(&mut self, text: ContainedText<'_>) -> io::Result<()> {
        if self.found.is_none() && self.is_it(text.layers) {
            self.found = read_sibling(text.input, self.most).map(|bytes| (text.layers.to_vec(), bytes));
        }
        Ok(())
    }

    fn wants(&self, _name: &str, _part: &[u8]) -> bool {
        true
    }

    fn unread(&mut self, _layers: &[Layer], _reason: String) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_followed_as_a_browser_does() {
        let from = |from: &str, reference: &str| resolve(from, reference);
        assert_eq!(from("dist/app.js", "app.js.map").as_deref(), Some("dist/app.js.map"));
        assert_eq!(from("./dist/app.js", "../src/./a%20b.ts?v=1#x").as_deref(), Some("./src/a b.ts"));
        assert_eq!(from("app.js", "../src/a.ts").as_deref(), Some("../src/a.ts"));
        assert_eq!(from("/srv/app.js", "../../../etc/passwd"), None);
        assert_eq!(from("app.js", "/etc/passwd"), None);
        assert_eq!(from("app.js", "https://example.com/app.js.map"), None);
        assert_eq!(from("app.js", "?"), None);
    }
}
