//! What people call an entry of a HAR file: its number and its request.

use krea_scan_text::label::one_line;

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
