//! What is told where several texts show one token: a file as it is and what is in it, a part of a document and the
//! document's text, a bundle, its source map and its original.
//!
//! | one text | another text | what is told of a token in both |
//! | --- | --- | --- |
//! | a container as it is, in bytes | what is in it | what is in it; from outside a token may run into what lies next to it, or miss its last letter |
//! | a text that holds more, as it is | what is in it | both where it stands in the text in letters; else what is in it |
//! | a part of a document as it is stored | the document's text | the text |
//! | a source map as it is | a source in it | the source, where both show the same place |
//! | a picture, looked at in one way | looked at in another way | the reading that most ways agree on |
//! | a bundle, or its map | the original | the original, with the others as its other places |
//!
//! The first five are settled when a file has been read ([`one_file`]), the last one when all have been ([`all_files`]), with
//! the names of what the tokens stand in.

mod merge;
mod ocr_vote;
mod one_file;
mod originals;
mod parts;
mod sibling_files;

pub mod member_cache;
pub mod names;
pub mod sibling_file;

use super::Input;
use crate::finding::Finding;
use member_cache::MemberCache;
pub use one_file::one_file;
use sibling_files::SiblingFiles;

/// Settles what is told of all that was found. Gives remarks for `-v`.
pub fn all_files(findings: &mut Vec<Finding>, input: &mut dyn Input, members: &MemberCache) -> Vec<String> {
    let mut files = SiblingFiles::new(input, members);
    let notes = originals::resolve(findings, &mut files);
    parts::resolve(findings, &mut files);
    notes
}
