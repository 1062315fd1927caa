//! Requests in recordings of browsers' traffic: HAR 1.2, <http://www.softwareishard.com/blog/har-12-spec/>.

use crate::parts::json::JsonPlace;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;

/// Names the entry that a place is in: `entry 12 (GET https://api.krea.ai/jobs), request header authorization`.
pub fn name(place: &JsonPlace<'_>) -> Option<Layer> {
    if place.field(1)? != "log" || place.field(2)? != "entries" {
        return None;
    }
    let number = place.number(3)?;
    let request = place.ask(3, "request", |fields| {
        Some(request(&fields.text("/request/method")?, &fields.text("/request/url")?))
    });
    let mut name = entry(number, request.as_deref());
    if let Some(thing) = thing(place) {
        name.push_str(&format!(", {thing}"));
    }
    Some(Layer::named(LayerKind::Entry, &name))
}

/// What of an entry a place is in.
fn thing(place: &JsonPlace<'_>) -> Option<String> {
    let side = place.field(4)?;
    let called = || place.ask(6, "name", |fields| fields.text("/name"));
    let with_name = |what: &str| called().map_or_else(|| what.to_owned(), |name| format!("{what} {name}"));
    Some(match (side, place.field(5)) {
        ("request" | "response", Some("headers")) => with_name(&format!("{side} header")),
        ("request" | "response", Some("cookies")) => with_name(&format!("{side} cookie")),
        ("request", Some("queryString")) => with_name("query parameter"),
        ("request", Some("url")) => "address".to_owned(),
        ("request", Some("postData")) => "request body".to_owned(),
        ("response", Some("content")) => "response body".to_owned(),
        ("_webSocketMessages", _) => format!("message {} of a WebSocket", place.number(5)?),
        _ => return None,
    })
}

/// A request, without what stands behind the address's path: that may be a credential.
pub fn request(method: &str, url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    one_line(&format!("{method} {url}"))
}

/// `entry 12 (GET https://api.krea.ai/jobs)`; entries are counted from 1.
pub fn entry(number: usize, request: Option<&str>) -> String {
    match request {
        Some(request) => format!("entry {number} ({request})"),
        None => format!("entry {number}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::parts;

    #[test]
    fn every_part_of_an_entry_has_a_name() {
        let request = |inner: &str| {
            format!(
                r#"{{"log":{{"version":"1.2","entries":[{{}},{{"request":{{"method":"GET",
                "url":"https://api.krea.ai/jobs?key=1",{inner}}}}}]}}}}"#
            )
        };
        let name = |text: &str| {
            let at = text.find("HERE").unwrap();
            parts::name("any.har", text.as_bytes(), &[at]).remove(0).remove(0).name
        };
        let entry = "entry 2 (GET https://api.krea.ai/jobs), ";
        for (inner, expected) in [
            (r#""headers":[{"name":"authorization","value":"HERE"}]"#, "request header authorization"),
            (r#""cookies":[{"name":"key","value":"HERE"}]"#, "request cookie key"),
            (r#""queryString":[{"name":"key","value":"HERE"}]"#, "query parameter key"),
            (r#""postData":{"mimeType":"a/b","text":"HERE"}"#, "request body"),
            (r#""x":1},"response":{"content":{"text":"HERE"}"#, "response body"),
            (
                r#""x":1},"_webSocketMessages":[{"type":"send","data":"HERE"}],"y":{"z":1"#,
                "message 1 of a WebSocket",
            ),
        ] {
            assert_eq!(name(&request(inner)), format!("{entry}{expected}"));
        }
    }
}
