//! What a page names. Takes HTML and the address that it came from, gives links, and the address that its scripts see.

use super::link::{Link, LinkKind, Surety, resolve};
use super::script::{self, Bases};
use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use url::Url;

/// More links of one page are not taken.
const MAX_LINKS: usize = script::MAX_LINKS;

/// What a page names.
#[derive(Debug, Default)]
pub struct PageLinks {
    /// What relative addresses in it are relative to: its own address, or what `<base>` says.
    pub base: Option<Url>,
    pub links: Vec<Link>,
    /// What it loads scripts, styles and preloads from, which are hosts of its site.
    pub loads: Vec<Url>,
}

pub fn read_page(html: &[u8], url: &Url) -> PageLinks {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut reader = PageReader {
        url: url.clone(),
        base: url.clone(),
        has_base: false,
        script: None,
        scripts: Vec::new(),
        page: PageLinks::default(),
    };
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => reader.tag(&tag),
            Token::String(text) => {
                if let Some(script) = &mut reader.script {
                    script.text.extend_from_slice(&text.value);
                }
            }
            Token::EndTag(tag) if tag.name.eq_ignore_ascii_case(b"script") => reader.end_of_script(),
            _ => {}
        }
    }
    reader.end_of_script();
    reader.read_scripts();
    let mut page = reader.page;
    page.links.extend(guesses(html, url));
    page.links.truncate(MAX_LINKS);
    page.base = Some(reader.base);
    page
}

struct PageReader {
    url: Url,
    base: Url,
    has_base: bool,
    script: Option<InlineScript>,
    /// The texts of the scripts in it, one after the other.
    scripts: Vec<Vec<u8>>,
    page: PageLinks,
}

struct InlineScript {
    is_import_map: bool,
    /// `__NEXT_DATA__`
    is_next_data: bool,
    text: Vec<u8>,
}

impl PageReader {
    fn tag(&mut self, tag: &StartTag<()>) {
        let name: &[u8] = &tag.name;
        let attribute = |name: &str| {
            let value = &tag.attributes.get(name.as_bytes())?.value;
            std::str::from_utf8(value).ok()
        };
        let word = |name: &str| attribute(name).unwrap_or_default().trim().to_ascii_lowercase();
        match name {
            b"base" if !self.has_base => {
                if let Some(base) = attribute("href").and_then(|href| resolve(&self.url, href)) {
                    (self.base, self.has_base) = (base, true);
                }
            }
            b"script" => {
                match attribute("src") {
                    Some(src) => self.load(src, LinkKind::Script),
                    None => {
                        self.script = Some(InlineScript {
                            is_import_map: word("type") == "importmap",
                            is_next_data: attribute("id") == Some("__NEXT_DATA__"),
                            text: Vec::new(),
                        });
                    }
                }
                self.others(tag, &["src"]);
            }
            b"link" => {
                let (rel, what) = (word("rel"), word("as"));
                let has = |wanted: &str| rel.split_ascii_whitespace().any(|word| word == wanted);
                let href = attribute("href").unwrap_or_default();
                if has("stylesheet") {
                    self.load(href, LinkKind::Style);
                } else if has("modulepreload") {
                    self.load(href, LinkKind::Script);
                } else if has("manifest") {
                    self.add(href, LinkKind::Data, Surety::Named);
                } else if has("preload") || has("prefetch") {
                    let kind = match what.as_str() {
                        "script" | "worker" | "serviceworker" | "sharedworker" => Some(LinkKind::Script),
                        "style" => Some(LinkKind::Style),
                        "fetch" | "json" => Some(LinkKind::Data),
                        "" => LinkKind::of_name(path_of(href)),
                        _ => None,
                    };
                    if let Some(kind) = kind {
                        self.load(href, kind);
                    }
                }
            }
            b"a" | b"area" => {
                let href = attribute("href").unwrap_or_default();
                if let Some(kind) = linked(href) {
                    self.add(href, kind, Surety::Named);
                }
            }
            b"iframe" | b"frame" => {
                self.add(attribute("src").unwrap_or_default(), LinkKind::Frame, Surety::Named)
            }
            b"meta" if word("http-equiv") == "refresh" => {
                let content = attribute("content").unwrap_or_default();
                let at = content.to_ascii_lowercase().find("url=");
                if let Some(target) = at.and_then(|at| content.get(at + 4..)) {
                    self.add(target.trim().trim_matches(['"', '\'']), LinkKind::Page, Surety::Named);
                }
            }
            _ => self.others(tag, &[]),
        }
    }

    /// Attributes that frameworks keep addresses of scripts and data in: `component-url`, `data-src`.
    fn others(&mut self, tag: &StartTag<()>, but: &[&str]) {
        for (name, value) in &tag.attributes {
            let Ok(value) = std::str::from_utf8(&value.value) else { continue };
            if but.iter().any(|known| known.as_bytes() == &name[..]) || value.contains(char::is_whitespace) {
                continue;
            }
            if let Some(kind) = LinkKind::of_name(path_of(value)) {
                self.add(value, kind, Surety::Guessed);
            }
        }
    }

    /// Something that the browser loads with the page.
    fn load(&mut self, reference: &str, kind: LinkKind) {
        let before = self.page.links.len();
        self.add(reference, kind, Surety::Named);
        let loaded = self.page.links[before..].iter().map(|link| link.url.clone());
        self.page.loads.extend(loaded);
    }

    fn add(&mut self, reference: &str, kind: LinkKind, surety: Surety) {
        if reference.is_empty() || self.page.links.len() >= MAX_LINKS {
            return;
        }
        let url = resolve(&self.base, reference);
        self.page.links.extend(url.map(|url| Link { url, kind, surety }));
    }

    fn end_of_script(&mut self) {
        let Some(script) = self.script.take() else { return };
        if script.is_import_map {
            let map: serde_json::Value = serde_json::from_slice(&script.text).unwrap_or_default();
            let scopes = map["scopes"].as_object().into_iter().flat_map(|scopes| scopes.values());
            for imports in std::iter::once(&map["imports"]).chain(scopes) {
                let imports = imports.as_object().into_iter().flat_map(|imports| imports.values());
                for target in imports.filter_map(|target| target.as_str()).filter(|to| !to.ends_with('/')) {
                    self.load(target, LinkKind::Script);
                }
            }
            return;
        }
        if script.is_next_data
            && let Some(link) = next_data(&script.text, &self.base)
        {
            self.page.links.push(link);
        }
        self.scripts.push(script.text);
    }

    /// Reads the scripts in the page, once it is known what else it loads.
    fn read_scripts(&mut self) {
        /// The folders of so many tell where a build starts.
        const MAX_BUILDS: usize = 20;
        let scripts = self.page.links.iter().filter(|link| link.kind == LinkKind::Script);
        let builds: Vec<Url> = scripts.take(MAX_BUILDS).map(|link| link.url.clone()).collect();
        let bases = Bases { script: &self.base, page: &self.base, builds: &builds };
        for text in &self.scripts {
            let room = MAX_LINKS.saturating_sub(self.page.links.len());
            self.page.links.extend(script::links(text, bases).into_iter().take(room));
        }
    }
}

fn path_of(reference: &str) -> &str {
    reference.split(['?', '#']).next().unwrap_or(reference)
}

/// What is expected where a person can go; `None` for what is to be downloaded or looked at.
fn linked(href: &str) -> Option<LinkKind> {
    let after_host =
        href.split_once("://").map_or(href, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let path = path_of(after_host);
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()) {
        None => Some(LinkKind::Page),
        Some(ending) => match ending.as_str() {
            "html" | "htm" | "xhtml" | "php" | "asp" | "aspx" | "jsp" | "do" | "cgi" => Some(LinkKind::Page),
            _ => match LinkKind::of_name(name) {
                Some(kind) => Some(kind),
                // `/docs/v1.2` is a page, `/setup.exe` is none.
                None => (ending.len() > 5 || ending.starts_with(|c: char| c.is_ascii_digit()))
                    .then_some(LinkKind::Page),
            },
        },
    }
}

/// Next.js's pages router: the data of this page as the router asks for it.
fn next_data(json: &[u8], base: &Url) -> Option<Link> {
    let data: serde_json::Value = serde_json::from_slice(json).ok()?;
    let build = data["buildId"].as_str()?;
    let has_data = data["gssp"] == true
        || data["gsp"] == true
        || data["props"]["__N_SSP"] == true
        || data["props"]["__N_SSG"] == true;
    let path = match base.path().trim_end_matches('/') {
        "" => "/index",
        path => path,
    };
    let url = resolve(base, &format!("/_next/data/{build}{path}.json"))?;
    has_data.then(|| Link::guessed(url, LinkKind::Data))
}

/// What frameworks keep beside a page without naming it.
fn guesses(html: &[u8], url: &Url) -> Vec<Link> {
    let has = |text: &str| memchr::memmem::find(html, text.as_bytes()).is_some();
    let below = |name: &str| {
        let path = format!("{}/{name}", url.path().trim_end_matches('/').trim_end_matches(".html"));
        resolve(url, &path).map(|url| Link::guessed(url, LinkKind::Data))
    };
    let at_root = |path: &str, kind| resolve(url, path).map(|url| Link::guessed(url, kind));
    let mut links = Vec::new();
    if has("__sveltekit_") {
        links.extend([below("__data.json"), at_root("/_app/env.js", LinkKind::Script)]);
    }
    if has("__NUXT__") {
        links.push(below("_payload.json"));
    }
    links.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_at(url: &str, html: &str) -> PageLinks {
        read_page(html.as_bytes(), &Url::parse(url).unwrap())
    }

    /// What a page at `https://a.example/shop/` names: kind and address; guesses have a question mark.
    fn named(html: &str) -> Vec<String> {
        let page = read_at("https://a.example/shop/", html);
        let shown = |link: &Link| {
            let mark = if link.surety == Surety::Guessed { "?" } else { "" };
            format!("{:?} {}{mark}", link.kind, link.url)
        };
        page.links.iter().map(shown).collect()
    }

    #[test]
    fn what_a_page_loads_is_named() {
        let cases = [
            ("<script src=a.js></script>", "Script https://a.example/shop/a.js"),
            ("<SCRIPT TYPE=module SRC='/a.js'></SCRIPT>", "Script https://a.example/a.js"),
            ("<script src=//cdn.example/a></script>", "Script https://cdn.example/a"),
            ("<link rel='preload' as=script href=/a.js>", "Script https://a.example/a.js"),
            ("<link rel=modulepreload href=/a.js>", "Script https://a.example/a.js"),
            ("<link rel=prefetch href=/a.js>", "Script https://a.example/a.js"),
            ("<link rel=preload as=fetch href=/a>", "Data https://a.example/a"),
            (
                "<link rel='alternate stylesheet' href=a.css?v=1&amp;w=2>",
                "Style https://a.example/shop/a.css?v=1&w=2",
            ),
            ("<link rel=manifest href=/site.webmanifest>", "Data https://a.example/site.webmanifest"),
            ("<iframe src=/frame></iframe>", "Frame https://a.example/frame"),
            ("<a href=/about#team>", "Page https://a.example/about"),
            ("<a href='https://b.example'>", "Page https://b.example/"),
            ("<a href=/docs/v1.2>", "Page https://a.example/docs/v1.2"),
            ("<a href=data.json>", "Data https://a.example/shop/data.json"),
            ("<meta http-equiv=Refresh content=\"0; URL='/app'\">", "Page https://a.example/app"),
            ("<astro-island component-url='/_astro/a.js'>", "Script https://a.example/_astro/a.js?"),
            (
                "<script data-src=\"/_payload.json?1\" type=application/json>[]</script>",
                "Data https://a.example/_payload.json?1?",
            ),
            ("<base href=/x/><base href=/y/><script src=a.js></script>", "Script https://a.example/x/a.js"),
            ("<script>import('./a.js')</script>", "Script https://a.example/shop/a.js"),
            ("<script>import('./a.js')", "Script https://a.example/shop/a.js"),
            (
                "<script type=importmap>{\"imports\":{\"#entry\":\"/_nuxt/a.js\",\"x/\":\"/x/\"}}</script>",
                "Script https://a.example/_nuxt/a.js",
            ),
        ];
        for (html, link) in cases {
            assert_eq!(named(html), [link], "{html}");
        }
    }

    #[test]
    fn what_is_looked_at_or_downloaded_is_not() {
        for html in [
            "<img src=a.png srcset='b.png 2x'>",
            "<a href=/setup.exe>",
            "<a href=mailto:a@b.example>",
            "<a href='javascript:x()'>",
            "<link rel=icon href=/a.ico>",
            "<link rel=preload as=image href=/a.png>",
            "<link rel=canonical href=/b>",
            "<!-- <script src=a.js></script> -->",
            "<script src=''></script>",
            "<script src='data:text/javascript,1'></script>",
            "<textarea><script src=a.js></script></textarea>",
        ] {
            assert_eq!(named(html), [""; 0], "{html}");
        }
    }

    #[test]
    fn frameworks_keep_data_beside_a_page() {
        let next =
            r#"<script id="__NEXT_DATA__" type="application/json">{"buildId":"b1","gssp":true}</script>"#;
        assert_eq!(named(next), ["Data https://a.example/_next/data/b1/shop.json?"]);
        assert_eq!(named("<script>__sveltekit_1={}</script>")[0], "Data https://a.example/shop/__data.json?");
        assert_eq!(
            named("<script>window.__NUXT__={}</script>"),
            ["Data https://a.example/shop/_payload.json?"]
        );
    }

    #[test]
    fn only_what_is_loaded_makes_a_host_one_of_the_sites() {
        let html = "<script src=//cdn.example/a.js></script><a href=//b.example/>b</a><iframe src=//c.example>\
                    <script>x='https://d.example/a.js'</script>";
        let page = read_at("https://a.example/", html);
        let loads: Vec<&str> = page.loads.iter().filter_map(|url| url.host_str()).collect();
        assert_eq!(loads, ["cdn.example"]);
    }

    #[test]
    fn a_hostile_page_is_bounded() {
        let page = read_at("https://a.example/", &"<script src=x1></script>".repeat(200_000));
        assert_eq!(page.links.len(), MAX_LINKS);
        assert_eq!(read_at("https://a.example/", &"<script src=x1>".repeat(200_000)).links.len(), 1);
        read_at("https://a.example/", &"<a href=\"".repeat(100_000));
        read_at("https://a.example/", &"<".repeat(1_000_000));
    }
}
