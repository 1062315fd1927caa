//! What browsers store for pages, as tools dump it: Playwright's `storageState`, and lists of cookies as extensions and
//! Puppeteer write them.

use super::json::JsonPlace;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;

/// Names the entry of a storage that a place is in: `local storage of https://www.krea.ai, key token`.
pub fn name(place: &JsonPlace<'_>) -> Option<Layer> {
    (0..place.depth()).rev().find_map(|step| {
        let fields = place.fields(step)?;
        let name = match (fields.text("/name"), fields.text("/domain")) {
            (Some(name), Some(domain))
                if fields.has("value") && (fields.has("path") || fields.has("httpOnly")) =>
            {
                format!("cookie {} of {}", one_line(&name), one_line(&domain))
            }
            _ => {
                let origin = fields.text("/origin")?;
                let storage = match place.field(step + 1)? {
                    "localStorage" => "local storage",
                    "sessionStorage" => "session storage",
                    "indexedDB" => "IndexedDB",
                    _ => return None,
                };
                let key = place.ask(step + 2, "key", |fields| fields.text("/name"));
                let key = key.or_else(|| place.field_text(step + 2));
                let key = key.map(|key| format!(", key {}", one_line(&key))).unwrap_or_default();
                format!("{storage} of {}{key}", one_line(&origin))
            }
        };
        Some(Layer::named(LayerKind::Entry, &name))
    })
}

#[cfg(test)]
mod tests {
    use crate::parts;

    #[test]
    fn cookies_and_storages() {
        let name = |text: &str| {
            let at = text.find("HERE").unwrap();
            parts::name("state.json", text.as_bytes(), &[at]).remove(0).pop().map(|layer| layer.name)
        };
        let state = r#"{"cookies":[],"origins":[{"origin":"https://www.krea.ai","localStorage":[{"name":"token",
            "value":"HERE"}]}]}"#;
        assert_eq!(name(state).as_deref(), Some("local storage of https://www.krea.ai, key token"));
        let cookie = r#"[{"name":"auth","value":"HERE","domain":".krea.ai","path":"/"}]"#;
        assert_eq!(name(cookie).as_deref(), Some("cookie auth of .krea.ai"));
        assert_eq!(name(r#"{"origin":"https://www.krea.ai","token":"HERE"}"#), None);
    }
}
