//! From a place in a file to the part of it that people know: the message of a chat, the cell of a notebook.
//!
//! Takes findings in texts, gives those in files whose parts have names a layer for each. Each file is read once more for
//! all findings in it. A file that is not there any more takes nothing away: the finding stays as it is.

use super::sibling_files::SiblingFiles;
use crate::finding::Finding;
use krea_scan_extract::parts;
use krea_scan_text::containers;
use std::collections::BTreeMap;

/// Names the parts that findings stand in.
pub fn resolve(findings: &mut [Finding], files: &mut SiblingFiles<'_>) {
    let mut texts: BTreeMap<(String, Option<String>), Vec<usize>> = BTreeMap::new();
    for (i, finding) in findings.iter().enumerate() {
        let is_named = finding.layers.iter().any(|layer| layer.is_part());
        if !is_named && finding.original().is_none() && parts::may_have(finding.file_name()) {
            let commit = finding.commit().map(str::to_owned);
            texts.entry((finding.trail(), commit)).or_default().push(i);
        }
    }
    for mut numbers in texts.into_values() {
        let first = findings[numbers[0]].clone();
        files.input.look_in(first.git.as_ref());
        let Some(file) = files.sibling(&first, "", parts::MAX_FILE_BYTES) else { continue };
        numbers.sort_by_key(|&number| findings[number].location.byte_offset);
        let offset = |&number: &usize| findings[number].location.byte_offset as usize;
        let offsets: Vec<usize> = numbers.iter().map(offset).collect();
        let ways = parts::name(first.file_name(), &file.bytes, &offsets);
        for (number, way) in numbers.into_iter().zip(ways) {
            let layers = &mut findings[number].layers;
            let inside = containers(layers);
            layers.splice(inside..inside, way);
        }
    }
}
