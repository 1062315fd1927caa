//! Files in files, and the texts in them: archives, documents, pictures, recordings, source maps.
//!
//! A [`container`] gives files and texts, streamed, under one budget; [`parts`] names the parts of a text
//! that people know by a name. Nothing here knows what a token is, or where the outermost file came from.

pub mod container;
#[cfg(feature = "ocr")]
pub mod ocr;
#[cfg(not(feature = "ocr"))]
#[path = "ocr/left_out.rs"]
pub mod ocr;
pub mod parts;
pub mod source_map;

/// Whether a file's name ends so, in whatever case.
fn has_ending(name: &str, ending: &str) -> bool {
    let end = name.len().checked_sub(ending.len()).and_then(|at| name.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(ending))
}
