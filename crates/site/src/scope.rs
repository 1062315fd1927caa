//! Which addresses belong to a site. Its pages are those of its own origin. A host from which its pages load scripts, styles
//! or preloads is an asset host: such files, and the modules, styles and maps that they name there, are read from it, its
//! pages never. An origin is a scheme, a host and a port.

use super::link::LinkKind;
use std::collections::BTreeSet;
use url::Url;

/// What belongs to a site.
#[derive(Debug, Default)]
pub struct Scope {
    own: BTreeSet<String>,
    assets: BTreeSet<String>,
    /// Hosts, or hosts with a port, that are asked for nothing.
    forbidden: Vec<String>,
}

impl Scope {
    /// A site without an origin yet.
    pub fn new(forbidden: Vec<String>) -> Self {
        Scope { forbidden, ..Scope::default() }
    }

    /// Takes an address's origin for the site's own.
    pub fn add_own(&mut self, url: &Url) {
        self.own.insert(origin(url));
    }

    /// Takes an address's origin for one of the site's asset hosts. Gives whether it is new.
    pub fn add_assets(&mut self, url: &Url) -> bool {
        !self.is_own(url) && !self.is_forbidden(url) && self.assets.insert(origin(url))
    }

    /// Whether an address is on the site's own origin.
    pub fn is_own(&self, url: &Url) -> bool {
        self.own.contains(&origin(url))
    }

    /// Whether an address is on a host that is asked for nothing, whatever names it.
    pub fn is_forbidden(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        self.forbidden.iter().any(|forbidden| *forbidden == host || *forbidden == with_port)
    }

    /// Whether an address belongs to the site as what it is said to be.
    pub fn holds(&self, url: &Url, kind: LinkKind) -> bool {
        !self.is_forbidden(url)
            && (self.is_own(url) || (!kind.is_page() && self.assets.contains(&origin(url))))
    }
}

/// Scheme, host and port.
pub fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_from_the_site_and_files_from_its_asset_hosts_too() {
        let url = |text: &str| Url::parse(text).unwrap();
        let mut scope = Scope::new(vec!["api.krea.ai".to_owned(), "127.0.0.1:9000".to_owned()]);
        scope.add_own(&url("https://a.example/x"));
        assert!(scope.add_assets(&url("https://cdn.example/a.js")));
        assert!(!scope.add_assets(&url("https://cdn.example/b.js")), "it is known");
        assert!(!scope.add_assets(&url("https://a.example/b.js")), "it is the site's own");
        assert!(
            !scope.add_assets(&url("https://api.krea.ai/a.js"))
                && !scope.add_assets(&url("https://API.krea.ai.:8/"))
        );
        for (address, kind, holds) in [
            ("https://a.example/y", LinkKind::Page, true),
            ("https://a.example:443/y", LinkKind::Page, true),
            ("http://a.example/y", LinkKind::Page, false),
            ("https://a.example:8443/y", LinkKind::Page, false),
            ("https://cdn.example/y", LinkKind::Page, false),
            ("https://cdn.example/y", LinkKind::Frame, false),
            ("https://cdn.example/y.js", LinkKind::Script, true),
            ("https://other.example/y.js", LinkKind::Script, false),
            ("https://api.krea.ai/y.js", LinkKind::Script, false),
        ] {
            assert_eq!(scope.holds(&url(address), kind), holds, "{address}");
        }
        assert!(
            scope.is_forbidden(&url("http://127.0.0.1:9000/"))
                && !scope.is_forbidden(&url("http://127.0.0.1/"))
        );
    }
}
