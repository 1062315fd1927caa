//! Where a file is, told so that other programs find it: relative to the repository's root, or absolute.
//!
//! A location's path starts with PATH as a person gave it; code scanning and annotations want it from the root.
//! Works on the text of paths only and never asks the file system.

use super::Context;
use krea_scan_token::escape::PATH;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::path::Path;

/// Where a file is.
#[derive(Debug, PartialEq, Eq)]
pub enum ReportPlace {
    /// From the repository's root, or from the working directory where there is no repository.
    Relative(String),
    /// Outside the repository.
    Absolute(String),
    /// On a server.
    Url(String),
}

impl ReportPlace {
    /// The place of `path`; `in_repository` when the path is the repository's own, as a commit names it.
    pub fn of(path: &str, in_repository: bool, context: &Context) -> Self {
        if in_repository || matches!(path, "-" | "<stdin>") {
            return ReportPlace::Relative(path.to_owned());
        }
        if path.starts_with("https://") || path.starts_with("http://") {
            return ReportPlace::Url(path.to_owned());
        }
        let full = match context.base {
            Some(base) if !is_absolute(path) => normal(&format!("{}/{path}", text(base))),
            _ => normal(path),
        };
        if let Some(root) = context.repository_root.map(|root| normal(&text(root)))
            && let Some(inside) = full.strip_prefix(root.trim_end_matches('/'))
            && let Some(inside) = inside.strip_prefix('/')
        {
            return ReportPlace::Relative(inside.to_owned());
        }
        let given = normal(path);
        let leaves = given.starts_with("../") || context.repository_root.is_some() || is_absolute(path);
        if leaves && is_absolute(&full) { ReportPlace::Absolute(full) } else { ReportPlace::Relative(given) }
    }

    /// The path or address, as text.
    pub fn as_str(&self) -> &str {
        match self {
            ReportPlace::Relative(path) | ReportPlace::Absolute(path) | ReportPlace::Url(path) => path,
        }
    }

    /// As a URI reference: a relative path stays relative, an absolute one becomes a `file` URI. An address becomes a relative
    /// path, `https/app.example.com/a.js`: code scanning refuses a whole report for one URI that is no file's.
    pub fn uri(&self) -> String {
        match self {
            ReportPlace::Relative(path) => utf8_percent_encode(path, PATH).to_string(),
            ReportPlace::Absolute(path) => match drive(path) {
                Some((drive, rest)) => format!("file:///{drive}{}", utf8_percent_encode(rest, PATH)),
                None => format!("file://{}", utf8_percent_encode(path, PATH)),
            },
            ReportPlace::Url(address) => {
                let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
                let (path, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
                let path = utf8_percent_encode(path.trim_end_matches('/'), PATH);
                // What stands in a query is no way through folders.
                format!("{scheme}/{path}{}", utf8_percent_encode(query, NON_ALPHANUMERIC))
            }
        }
    }
}

/// A path with `/` between its parts.
fn text(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || drive(path).is_some()
}

/// Splits `C:` off a Windows path.
fn drive(path: &str) -> Option<(&str, &str)> {
    let (drive, rest) = path.split_at_checked(2)?;
    let is_drive =
        cfg!(windows) && drive.starts_with(|c: char| c.is_ascii_alphabetic()) && drive.ends_with(':');
    (is_drive && rest.starts_with('/')).then_some((drive, rest))
}

/// Takes `.`, `..` and empty parts out.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    format!("{}{}", if path.starts_with('/') { "/" } else { "" }, parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context<'a>(base: &'a str, root: Option<&'a str>) -> Context<'a> {
        Context { base: Some(Path::new(base)), repository_root: root.map(Path::new), ..Context::default() }
    }

    #[test]
    fn paths_start_at_the_repositorys_root() {
        let inside = context("/home/me/shop/web", Some("/home/me/shop"));
        let relative = |path: &str| ReportPlace::Relative(path.to_owned());
        assert_eq!(ReportPlace::of("./src/a.ts", false, &inside), relative("web/src/a.ts"));
        assert_eq!(ReportPlace::of("../.env", false, &inside), relative(".env"));
        assert_eq!(ReportPlace::of("/home/me/shop/.env", false, &inside), relative(".env"));
        assert_eq!(ReportPlace::of("old/.env", true, &inside), relative("old/.env"));
        assert_eq!(ReportPlace::of("-", false, &inside), relative("-"));
        let outside = ReportPlace::Absolute("/home/me/shopping/.env".into());
        assert_eq!(ReportPlace::of("../../shopping/.env", false, &inside), outside);
        assert_eq!(ReportPlace::of("/a//b/../c", false, &inside), ReportPlace::Absolute("/a/c".into()));
    }

    #[test]
    fn without_a_repository_paths_stay_as_given() {
        let nowhere = context("/home/me", None);
        assert_eq!(ReportPlace::of("./a/b", false, &nowhere), ReportPlace::Relative("a/b".into()));
        assert_eq!(ReportPlace::of("../a/b", false, &nowhere), ReportPlace::Absolute("/home/a/b".into()));
        assert_eq!(
            ReportPlace::of("../a/b", false, &Context::default()),
            ReportPlace::Relative("../a/b".into())
        );
    }

    #[test]
    fn uris_are_encoded() {
        let uri = |path: &str| ReportPlace::Relative(path.into()).uri();
        assert_eq!(uri("a b/100%#1?.env"), "a%20b/100%25%231%3F.env");
        assert_eq!(uri("caf\u{e9}/c:d"), "caf%C3%A9/c%3Ad");
        assert_eq!(ReportPlace::Absolute("/tmp/a b".into()).uri(), "file:///tmp/a%20b");
        let site = |address: &str| ReportPlace::of(address, false, &Context::default()).uri();
        assert_eq!(site("https://x.test:8443/a%20b/c.js?q=/../<1>#x"), {
            "https/x.test%3A8443/a%2520b/c.js%3Fq%3D%2F%2E%2E%2F%3C1%3E%23x"
        });
        assert_eq!(site("http://[::1]/"), "http/%5B%3A%3A1%5D");
    }
}
