//! What a file is called: a `>` in the wrong place makes a file whose name holds a token, which every clone and every listing
//! shows.

use super::text::{Text, TextScan};
use super::views::FileViews;
use crate::scan::context::{FileNames, ScanContext};
use crate::scan::results::ScanResults;
use crate::source::reader;
use krea_scan_extract::container::Relation;
use krea_scan_text::{Layer, LayerKind};

/// Shorter names, in bytes, hold no token.
const MIN_NAME: usize = 32;
/// The longest ending, in bytes.
const MAX_ENDING: usize = 5;

/// Looks at the parts of a file's path, or of that of a member that `layers` lead to. A token in the name of a folder is told of
/// the folder, once for each file in it.
#[inline]
pub fn scan_name(
    context: ScanContext<'_>,
    names: FileNames<'_>,
    layers: &[Layer],
    found: &mut ScanResults,
    views: &mut FileViews,
) {
    let path = names.below;
    if path.len() < MIN_NAME || !context.wants_name(path.as_bytes()) {
        return;
    }
    let layers: Vec<Layer> = layers.iter().cloned().chain([Layer::named(LayerKind::FileName, "")]).collect();
    let mut end = 0;
    for part in path.split_inclusive('/') {
        end += part.len();
        let part = part.trim_end_matches('/');
        let behind = path[end..].len() + usize::from(end < path.len());
        let shown = names.shown.len().checked_sub(behind).filter(|_| layers.len() == 1);
        let shown = shown.and_then(|length| names.shown.get(..length)).unwrap_or(names.shown);
        let text = Text {
            names: FileNames { shown, below: "" },
            layers: &layers,
            relation: Relation::Only,
            segments: None,
            is_source: false,
        };
        let mut scan = TextScan::new(context, text, found, views);
        reader::windows(&without_endings(part), |window| scan.window(window));
        scan.close();
    }
}

/// A name with blanks instead of the dots before its endings, `.tar.gz`: they are no part of what stands before them.
fn without_endings(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    let mut end = bytes.len();
    while let Some(dot) = memchr::memrchr(b'.', &bytes[..end])
        && (2..=MAX_ENDING + 1).contains(&(end - dot))
        && bytes[dot + 1..end].iter().all(u8::is_ascii_alphanumeric)
    {
        bytes[dot] = b' ';
        end = dot;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_no_part_of_a_name() {
        let without = |name| String::from_utf8_lossy(&without_endings(name)).into_owned();
        assert_eq!(without("krea.ai key x.tar.gz"), "krea.ai key x tar gz");
        assert_eq!(without("x.longer"), "x.longer");
        assert_eq!(without("x."), "x.");
    }
}
