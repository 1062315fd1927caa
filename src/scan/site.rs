//! Deployed sites: each resource as a file that goes by its address, and each line of its head by the header's name.

use super::context::{FileNames, ScanContext};
use super::file::FileScanner;
use super::progress::Counter;
use super::reconcile::sibling_file::{self, SiblingFile};
use super::{Input, PassResult};
use crate::finding::{Finding, trail};
use crate::source::reader;
use krea_scan_bounds::limits::Limits;
use krea_scan_detect::Detector;
use krea_scan_extract::container::Seekable;
use krea_scan_files::Incomplete;
use krea_scan_site::{self as site, Resource, Site, SiteOptions, Withheld};
use krea_scan_text::charset;
use krea_scan_text::{Layer, LayerKind, containers};
use krea_scan_token::{Fingerprint, Token};
use std::collections::HashMap;
use std::path::PathBuf;
use url::Url;

/// Sites, read once and kept.
pub struct Sites {
    sites: Vec<Site>,
    incomplete: Vec<Incomplete>,
    limits: Limits,
}

impl Sites {
    /// Reads sites one after the other.
    ///
    /// # Errors
    /// When none of them can be read.
    pub fn open(
        sites: &[SiteOptions],
        detector: &Detector,
        limits: Limits,
        counter: &Counter,
    ) -> Result<Self, site::SiteError> {
        let (mut read, mut incomplete, mut first_error) = (Vec::new(), Vec::new(), None);
        for options in sites {
            let mut tokens = SiteTokens { detector, known: HashMap::new() };
            match Site::read(options, &mut tokens, &|bytes| counter.add(bytes)) {
                Ok(site) => read.push(site),
                Err(error) => {
                    incomplete.push(Incomplete { path: options.origin(), reason: error.to_string() });
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if read.is_empty() => Err(error),
            _ => Ok(Sites { sites: read, incomplete, limits }),
        }
    }
}

impl Input for Sites {
    fn read_pass(&mut self, context: ScanContext<'_>) -> anyhow::Result<PassResult> {
        let mut all = PassResult { incomplete: self.incomplete.clone(), ..PassResult::default() };
        let mut scanner = FileScanner::new(context);
        for site in &self.sites {
            all.incomplete.extend(site.incomplete.iter().cloned());
            all.notes.extend(site.notes.iter().cloned());
            for resource in site.resources() {
                scan_head(&mut scanner, resource);
                let Some(body) = &resource.body else { continue };
                let names = FileNames { shown: resource.url.as_str(), below: below(&resource.url) };
                let bytes = scanner.file(names, &mut site.open(body)?)?;
                scanner.found.files += 1;
                scanner.found.bytes += bytes;
            }
        }
        all.found = scanner.found;
        Ok(all)
    }

    fn sibling(&mut self, path: &str, layers: &[Layer], reference: &str, most: u64) -> Option<SiblingFile> {
        self.sites.iter().find_map(|site| {
            if containers(layers) > 0 {
                let open = |url: &str| Some(Box::new(site.open_at(url)?) as Box<dyn Seekable + '_>);
                return sibling_file::find(path, layers, reference, most, self.limits, open);
            }
            let (path, bytes) = site.beside(path, reference, most)?;
            Some(SiblingFile { path, layers: Vec::new(), bytes })
        })
    }

    /// Patterns that allow something are for paths: `app.example.com/assets/app.js`.
    fn on_disk(&self, path: &str) -> PathBuf {
        let path = path.split_once("://").map_or(path, |(_, rest)| rest);
        PathBuf::from(path.split('?').next().unwrap_or(path))
    }
}

/// The path that a resource has on its host.
fn below(url: &Url) -> &str {
    url.path().trim_start_matches('/')
}

/// Scans each line of a response's head by itself: `name: value`.
fn scan_head(scanner: &mut FileScanner<'_>, resource: &Resource) {
    for (name, value) in &resource.headers {
        let layer = |line, column| Layer { kind: LayerKind::Header, name: name.to_string(), line, column };
        // The trail that its findings have in the end: a second pass knows them by it.
        let shown = trail(resource.url.as_str(), &[layer(None, None)]);
        let line = [name.as_str().as_bytes(), b": ", value.as_bytes()].concat();
        let (findings, hints) = (scanner.found.findings.len(), scanner.found.hints.len());
        scanner.bytes(FileNames { shown: &shown, below: "" }, &line);
        let to_header = |finding: &mut Finding| {
            let location = &mut finding.location;
            location.path = resource.url.to_string();
            finding.layers.insert(0, layer(Some(location.line), Some(location.column)));
        };
        scanner.found.findings[findings..].iter_mut().for_each(to_header);
        for hint in &mut scanner.found.hints[hints..] {
            hint.location.path = resource.url.to_string();
        }
    }
}

/// No credential is shorter, in bytes.
const MIN_CREDENTIAL_BYTES: usize = 16;

/// The tokens of a site, which no request may hold.
struct SiteTokens<'a> {
    detector: &'a Detector,
    known: HashMap<Fingerprint, Token>,
}

impl Withheld for SiteTokens<'_> {
    fn see(&mut self, name: &str, text: &[u8]) {
        let mut encoding = None;
        reader::windows(text, |window| {
            if window.offset == 0 {
                encoding = charset::utf16(window.bytes);
            }
            if self.detector.wants(window.bytes) {
                let found = self.detector.detect(window.bytes, name.trim_start_matches('/'), encoding);
                let tokens = found.matches.into_iter().map(|found| found.token);
                // What a team's own rule takes for a secret may be a word that stands in every address.
                let tokens = tokens.filter(|token| token.secret().len() >= MIN_CREDENTIAL_BYTES);
                self.known.extend(tokens.map(|token| (token.fingerprint(), token)));
            }
        });
    }

    fn is_in(&self, url: &Url) -> bool {
        let written = url.as_str().as_bytes();
        let plain: Vec<u8> = percent_encoding::percent_decode(written).collect();
        let holds = |text: &[u8]| {
            let has = |part: &[u8]| memchr::memmem::find(text, part).is_some();
            self.known.values().any(|token| has(token.secret()))
                || !self.detector.detect(text, "", None).matches.is_empty()
        };
        holds(written) || (plain != written && holds(&plain)) || names_a_credential(url)
    }
}

/// Whether a query has a parameter that is called as credentials are, and long enough to be one.
fn names_a_credential(url: &Url) -> bool {
    const WORDS: [&str; 8] =
        ["key", "token", "secret", "auth", "password", "credential", "signature", "session"];
    url.query_pairs().any(|(name, value)| {
        let name = name.to_ascii_lowercase();
        value.len() >= MIN_CREDENTIAL_BYTES && WORDS.iter().any(|word| name.contains(word))
    })
}
