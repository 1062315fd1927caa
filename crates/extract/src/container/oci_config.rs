//! The configuration of a container image, as `docker save` and OCI layouts hold it: its environment, its labels, and
//! how it was built. Every text in it is read for itself, under the name by which `docker inspect` and `jq` know it.

use super::Walk;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use serde_json::Value;
use std::io::{self, Cursor, Read};

/// A configuration that is larger than this, in bytes, is read as any other file.
const MAX_CONFIG: u64 = 1 << 20;

/// Reads an image's configuration, or a file that only looks like one. `name` is its own.
pub fn read_image_config(walk: &mut Walk<'_>, name: &str, input: &mut dyn Read) -> io::Result<()> {
    let mut bytes = Vec::new();
    let whole = input.take(MAX_CONFIG).read_to_end(&mut bytes);
    let config = whole.ok().and_then(|_| serde_json::from_slice::<Value>(&bytes).ok());
    match config.filter(|config| config.pointer("/rootfs/diff_ids").is_some()) {
        Some(config) => texts(walk, &config, String::new(), None),
        None => {
            walk.hand_on(name, &mut Cursor::new(&bytes).chain(input));
            Ok(())
        }
    }
}

/// Reads every text in a value. `label` is its name where that is a label's.
fn texts(walk: &mut Walk<'_>, value: &Value, way: String, label: Option<&str>) -> io::Result<()> {
    match value {
        Value::String(text) => {
            // A label says by its name whose it is.
            let text = label.map_or_else(|| text.clone(), |label| format!("{label}={text}"));
            walk.member(Layer::named(LayerKind::ImageConfig, &way), "", &mut text.as_bytes())
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, item)| texts(walk, item, format!("{way}[{at}]"), None)),
        Value::Object(fields) => fields.iter().try_for_each(|(key, field)| {
            let plain =
                !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let below = match (plain, way.as_str()) {
                (true, "") => key.clone(),
                (true, way) => format!("{way}.{key}"),
                (false, way) => format!("{way}[{key:?}]"),
            };
            texts(walk, field, below, way.ends_with(".Labels").then_some(key))
        }),
        _ => Ok(()),
    }
}
