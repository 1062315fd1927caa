//! What a resource names: an address, and what is expected there.

use url::Url;

/// What is expected at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// A page that another one links to.
    Page,
    /// A page that another one shows within itself.
    Frame,
    /// A script or module.
    Script,
    Style,
    Map,
    /// JSON and other data that scripts read.
    Data,
}

impl LinkKind {
    /// Whether it is HTML.
    pub fn is_page(self) -> bool {
        matches!(self, LinkKind::Page | LinkKind::Frame)
    }

    /// What a name's ending says; `None` for what is not read.
    pub fn of_name(path: &str) -> Option<LinkKind> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (_, ending) = name.rsplit_once('.')?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "js" | "mjs" | "cjs" => LinkKind::Script,
            "css" => LinkKind::Style,
            "map" => LinkKind::Map,
            "json" | "webmanifest" | "wasm" | "txt" | "env" | "yaml" | "yml" | "toml" | "ini"
            | "properties" => LinkKind::Data,
            _ => return None,
        })
    }
}

/// How sure it is that there is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Surety {
    /// A text looks like an address of this site: nothing need be there.
    Guessed,
    /// It is named as what it is.
    Named,
}

/// What a resource names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Absolute.
    pub url: Url,
    /// What is expected there.
    pub kind: LinkKind,
    pub surety: Surety,
}

impl Link {
    /// Something that is named as what it is.
    pub fn named(url: Url, kind: LinkKind) -> Link {
        Link { url, kind, surety: Surety::Named }
    }

    /// Something that may be there.
    pub fn guessed(url: Url, kind: LinkKind) -> Link {
        Link { url, kind, surety: Surety::Guessed }
    }
}

/// An address as it stands in a page or a script, made absolute and without its fragment. `None` for what is not spoken
/// over HTTP, and for what holds a user or a password.
pub fn resolve(base: &Url, reference: &str) -> Option<Url> {
    /// No browser and no server takes a longer one.
    const MAX_URL_BYTES: usize = 8 << 10;
    if reference.len() > MAX_URL_BYTES {
        return None;
    }
    let mut url = base.join(reference.trim()).ok()?;
    url.set_fragment(None);
    let is_plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_resolved_as_a_browser_does() {
        let base = Url::parse("https://a.example/x/y?q#f").unwrap();
        let resolved = |text: &str| resolve(&base, text).map(String::from);
        for (text, url) in [
            ("z.js?v=1#top", "https://a.example/x/z.js?v=1"),
            ("//b.example:8443/z.js", "https://b.example:8443/z.js"),
            (" /z.js\n", "https://a.example/z.js"),
            ("http://b\u{fc}cher.example/z.js", "http://xn--bcher-kva.example/z.js"),
            ("\\\\b.example\\z.js", "https://b.example/z.js"),
        ] {
            assert_eq!(resolved(text).as_deref(), Some(url), "{text}");
        }
        for odd in [
            "data:text/javascript,1",
            "javascript:alert(1)",
            "blob:https://a.example/1",
            "mailto:a@b.example",
            "file:///etc/passwd",
            "https://user@b.example/",
            "https://:word@b.example/",
            "https://",
            "http://a b/",
        ] {
            assert_eq!(resolved(odd), None, "{odd}");
        }
        assert_eq!(resolved(&"x".repeat(9000)), None);
    }

    #[test]
    fn endings_say_what_is_expected() {
        for (path, kind) in [
            ("/a/b.min.JS", Some(LinkKind::Script)),
            ("b.css", Some(LinkKind::Style)),
            ("/b.js.map", Some(LinkKind::Map)),
            ("site.webmanifest", Some(LinkKind::Data)),
            ("/.env", Some(LinkKind::Data)),
            ("/a.js/b", None),
            ("logo.png", None),
            ("", None),
        ] {
            assert_eq!(LinkKind::of_name(path), kind, "{path}");
        }
    }
}
