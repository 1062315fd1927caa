//! The files that findings are in, and those beside them, however often they are asked for.

use super::member_cache::MemberCache;
use super::sibling_file::SiblingFile;
use crate::finding::Finding;
use crate::scan::Input;
use std::collections::HashMap;

/// So often a container is gone through once more for a file in it that was not kept.
const MAX_PASSES: usize = 8;

/// Where bundles, maps and originals come from.
pub struct SiblingFiles<'i> {
    /// What is scanned.
    pub input: &'i mut dyn Input,
    members: &'i MemberCache,
    /// How often each container was gone through.
    looks: HashMap<String, usize>,
}

impl<'i> SiblingFiles<'i> {
    /// The files of an input, of which a sweep has kept some.
    pub fn new(input: &'i mut dyn Input, members: &'i MemberCache) -> Self {
        SiblingFiles { input, members, looks: HashMap::new() }
    }

    /// The file that `reference` names as seen from a finding's file, unless it is larger than `most`.
    pub fn sibling(&mut self, finding: &Finding, reference: &str, most: u64) -> Option<SiblingFile> {
        let path = &finding.location.path;
        if finding.is_inside() {
            if let Ok(kept) = self.members.take(finding, reference) {
                return kept;
            }
            let looks = self.looks.entry(path.clone()).or_default();
            *looks += 1;
            if *looks > MAX_PASSES {
                return None;
            }
        }
        self.input.sibling(path, &finding.layers, reference, most)
    }
}
