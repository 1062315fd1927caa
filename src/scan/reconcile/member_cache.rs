//! Built files in containers, their maps, and texts whose parts have names, kept while a container is gone through for
//! further copies: nobody has to go through it again for each of them.

use super::names::is_built;
use super::sibling_file::{self, SiblingFile};
use crate::finding::{Finding, trail};
use krea_scan_extract::parts;
use krea_scan_text::Layer;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// All that is kept at a time, in bytes.
const MAX_CACHE_BYTES: usize = 64 << 20;

/// What is kept.
#[derive(Debug, Default)]
pub struct MemberCache {
    /// The trails of the files to keep.
    wanted: HashSet<String>,
    kept: Mutex<CachedFiles>,
}

#[derive(Debug, Default)]
struct CachedFiles {
    files: HashMap<String, Vec<u8>>,
    bytes: usize,
    /// Something did not fit.
    is_full: bool,
}

impl MemberCache {
    /// Keeps what findings in containers are asked about: their files, and the maps of these.
    pub fn of(findings: &[Finding]) -> Self {
        let inside = findings.iter().filter(|finding| finding.git.is_none() && finding.is_inside());
        let mut wanted = HashSet::new();
        for finding in inside {
            if is_built(finding.file_name()) {
                let trail = finding.trail();
                wanted.extend([format!("{trail}.map"), trail]);
            } else if parts::may_have(finding.file_name()) {
                wanted.insert(finding.trail());
            }
        }
        MemberCache { wanted, kept: Mutex::default() }
    }

    /// Starts to keep a file, if it is one to keep.
    pub fn start(&self, trail: String) -> Option<CachedMember<'_>> {
        if self.wanted.is_empty() || !self.wanted.contains(&trail) {
            return None;
        }
        self.lock().files.insert(trail.clone(), Vec::new());
        Some(CachedMember { members: self, trail })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CachedFiles> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that `reference` names as seen from a finding's file, as [`super::Input::sibling`]. What is not kept is
    /// `Err`, unless it would have been.
    pub fn take(&self, finding: &Finding, reference: &str) -> Result<Option<SiblingFile>, ()> {
        let last = finding.layers.iter().rposition(Layer::is_member).ok_or(())?;
        let mut layers = finding.layers[..=last].to_vec();
        if !reference.is_empty() {
            layers[last].name = sibling_file::resolve(&layers[last].name, reference).ok_or(())?;
        }
        let trail = trail(&finding.location.path, &layers);
        if finding.git.is_some() || !self.wanted.contains(&trail) {
            return Err(());
        }
        let mut kept = self.lock();
        match kept.files.remove(&trail) {
            Some(bytes) => {
                kept.bytes -= bytes.len();
                Ok(Some(SiblingFile { path: finding.location.path.clone(), layers, bytes }))
            }
            None if kept.is_full => Err(()),
            None => Ok(None),
        }
    }
}

/// A file that is being kept.
#[derive(Debug)]
pub struct CachedMember<'m> {
    members: &'m MemberCache,
    trail: String,
}

impl CachedMember<'_> {
    /// Adds the next bytes, if there is room.
    pub fn keep(&self, bytes: &[u8]) {
        let mut kept = self.members.lock();
        if kept.bytes + bytes.len() > MAX_CACHE_BYTES {
            let gone = kept.files.remove(&self.trail);
            kept.bytes -= gone.map_or(0, |gone| gone.len());
            kept.is_full = true;
        } else if let Some(file) = kept.files.get_mut(&self.trail) {
            file.extend_from_slice(bytes);
            kept.bytes += bytes.len();
        }
    }
}
