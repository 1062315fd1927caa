//! What tests of formats share.

use krea_scan_text::LayerKind;

/// The name of the part of a JSON text that `HERE` stands in, which is of this kind if there is one.
#[track_caller]
pub fn name(text: &str, kind: LayerKind) -> String {
    let at = text.find("HERE").expect("a place");
    let way = super::name("any.json", text.as_bytes(), &[at]).remove(0);
    assert!(way.iter().all(|layer| layer.kind == kind));
    way.into_iter().map(|layer| layer.name).collect()
}
