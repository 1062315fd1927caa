//! What scripts, stylesheets and data name. Takes text and two addresses, gives links. A script is read for the literals in
//! it, in any quotes and escaped any number of times, as in JSON in a script in a page; it is never run, and no address is
//! made of anything but one literal.

use super::link::{Link, LinkKind, resolve};
use krea_scan_text::map_reference;
use memchr::memmem;
use regex::bytes::Regex;
use std::sync::LazyLock;
use url::Url;

/// More links of one text are not taken.
pub const MAX_LINKS: usize = 20_000;
/// A longer literal is no address.
const MAX_LITERAL_BYTES: usize = 2048;
/// How far back the code before a literal is looked at, in bytes.
const BEFORE: usize = 120;

/// What addresses in a text are relative to.
#[derive(Clone, Copy, Debug)]
pub struct Bases<'a> {
    /// The text's own address: modules, workers' scripts, source maps.
    pub script: &'a Url,
    /// The page that it runs in: requests.
    pub page: &'a Url,
    /// Scripts of the same build, whose folders tell where it starts.
    pub builds: &'a [Url],
}

/// What the code before a literal makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// A module, or a script that a worker loads.
    Import,
    /// `new URL("x", import.meta.url)`.
    Beside,
    /// Something that is requested as seen from the page: `fetch("x")`, `new Worker("x")`.
    Request,
    /// A key of an object.
    Key,
    /// Nothing.
    Unknown,
}

/// What a script, or JSON, names by literals.
pub fn links(text: &[u8], bases: Bases<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    let quotes = memchr::memchr3_iter(b'"', b'\'', b'`', text);
    let mut read_to = 0;
    for at in quotes {
        // What was taken for one literal is not read again, but for its last quote, which may start the next one.
        if at < read_to {
            continue;
        }
        let Some((literal, end)) = literal(text, at) else { continue };
        read_to = end;
        if links.len() < MAX_LINKS {
            of_literal(&literal, usage(text, at, end), bases, &mut links);
        }
    }
    links.extend(source_map(text, bases.script));
    links
}

/// The literal whose quote is at `at`, if it may be an address, and where its closing quote is.
fn literal(text: &[u8], at: usize) -> Option<(String, usize)> {
    let quote = text[at];
    let mut literal = String::new();
    let mut i = at + 1;
    while literal.len() <= MAX_LITERAL_BYTES {
        match *text.get(i)? {
            b if b == quote => return (!literal.is_empty()).then_some((literal, i)),
            b'\\' => {
                let slashes = text[i..].iter().take_while(|&&b| b == b'\\').take(32).count();
                match *text.get(i + slashes)? {
                    // A quote that is escaped as the first one was, or a slash in JSON that was made for a page.
                    b if b == quote => {
                        return (!literal.is_empty()).then_some((literal, i + slashes));
                    }
                    b'/' => {
                        literal.push('/');
                        i += slashes + 1;
                    }
                    b'u' => {
                        let digits = text.get(i + slashes + 1..i + slashes + 5)?;
                        let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
                        let c = char::from_u32(code).filter(|&c| is_in_address(c))?;
                        literal.push(c);
                        i += slashes + 5;
                    }
                    _ => return None,
                }
            }
            b if is_in_address(char::from(b)) => {
                literal.push(char::from(b));
                i += 1;
            }
            _ => return None,
        }
    }
    None
}

fn is_in_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/.-_~%@+:?=&#,()[]!$*;".contains(c)
}

/// What the code around a literal makes of it; its quotes are at `start` and `end`.
fn usage(text: &[u8], start: usize, end: usize) -> Use {
    let before = code_before(&text[start.saturating_sub(BEFORE)..start]);
    let after = text[(end + 1).min(text.len())..].trim_ascii_start();
    let name = |before: &[u8]| {
        let from =
            before.iter().rposition(|b| !b.is_ascii_alphanumeric() && *b != b'_').map_or(0, |at| at + 1);
        before[from..].to_ascii_lowercase()
    };
    let Some((&last, rest)) = before.split_last() else { return Use::Unknown };
    if matches!(last, b'{' | b',') && after.starts_with(b":") {
        return Use::Key;
    }
    if last != b'(' {
        return match name(before).as_slice() {
            b"from" | b"import" => Use::Import,
            // `.open("GET", "x")`
            _ if last == b',' && ends_with_method(rest) => Use::Request,
            _ => Use::Unknown,
        };
    }
    let rest = rest.trim_ascii_end();
    match name(rest).as_slice() {
        b"import" | b"importscripts" => Use::Import,
        b"url" if after.starts_with(b",") => Use::Beside,
        b"fetch"
        | b"worker"
        | b"sharedworker"
        | b"register"
        | b"get"
        | b"getjson"
        | b"axios"
        | b"loadscript"
        | b"addmodule"
        | b"ajax"
        | b"load"
        | b"request"
        | b"usefetch"
        | b"instantiatestreaming" => Use::Request,
        _ => Use::Unknown,
    }
}

/// The code before a literal without the blanks and comments at its end: `import(/* webpackChunkName: "a" */ "./a.js")`.
/// Backslashes before a quote are a part of that quote.
fn code_before(mut before: &[u8]) -> &[u8] {
    loop {
        before = before.trim_ascii_end();
        if before.ends_with(b"\\") {
            before = &before[..before.len() - 1];
        } else if before.ends_with(b"*/") {
            match memmem::rfind(before, b"/*") {
                Some(start) => before = &before[..start],
                None => return before,
            }
        } else {
            return before;
        }
    }
}

fn ends_with_method(before: &[u8]) -> bool {
    let method = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or_default();
    method.to_ascii_uppercase().ends_with(b"GET")
}

fn of_literal(literal: &str, used: Use, bases: Bases<'_>, links: &mut Vec<Link>) {
    let path = literal.split(['?', '#']).next().unwrap_or(literal);
    if used == Use::Key || path.contains("node_modules/") || path.ends_with('/') {
        return;
    }
    let is_relative = path.starts_with("./") || path.starts_with("../");
    let is_absolute = path.starts_with('/') || path.starts_with("http://") || path.starts_with("https://");
    let kind = LinkKind::of_name(path);
    let mut add = |base: &Url, kind: LinkKind, is_named: bool| {
        let url = resolve(base, literal);
        links.extend(url.map(|url| if is_named { Link::named(url, kind) } else { Link::guessed(url, kind) }));
    };
    match used {
        // `import("react")` names no address.
        Use::Import if is_relative || is_absolute => {
            add(bases.script, kind.unwrap_or(LinkKind::Script), kind.is_some())
        }
        Use::Import => {}
        Use::Beside => {
            if let Some(kind) = kind {
                add(bases.script, kind, false);
            }
        }
        Use::Request => match kind {
            Some(kind) => add(bases.page, kind, false),
            None if is_configuration(path) => add(bases.page, LinkKind::Data, false),
            None => {}
        },
        Use::Key | Use::Unknown => {
            let Some(kind) = kind else { return };
            if is_relative {
                add(bases.script, kind, false);
            } else if is_absolute {
                add(bases.page, kind, false);
                // Files of a build that lies on a host of its own.
                if matches!(kind, LinkKind::Script | LinkKind::Style)
                    && path.starts_with('/')
                    && !path.starts_with("//")
                {
                    add(bases.script, kind, false);
                }
            } else if path.contains('/') && !path.contains(':') {
                let scripts = std::iter::once(bases.script).chain(bases.builds);
                match scripts.filter_map(|script| build_base(script, path)).next() {
                    Some(base) => add(&base, kind, false),
                    None => add(bases.page, kind, false),
                }
            }
        }
    }
}

/// Whether a path without an ending is one where applications keep their configuration.
fn is_configuration(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        "config" | "env" | "settings" | "configuration" | "runtime-config" | "app-config" | "env-config"
    )
}

/// Where a build's paths start, told by a folder that they share with the script that names them: the script
/// `/_next/static/chunks/a.js` says of `static/chunks/b.js` that it is below `/_next/`, and `/assets/index.js` of
/// `assets/b.js` that it is below `/`.
pub fn build_base(script: &Url, path: &str) -> Option<Url> {
    let (first, _) = path.split_once('/')?;
    let at = script.path().rfind(&format!("/{first}/"))?;
    let mut base = script.clone();
    base.set_query(None);
    base.set_path(&script.path()[..=at]);
    Some(base)
}

/// The source map that a script or a stylesheet names. `None` for one in a data URL too: that is in the text itself.
pub fn source_map(text: &[u8], base: &Url) -> Option<Link> {
    let address = map_reference::last_file(text)?;
    resolve(base, &address).map(|url| Link::named(url, LinkKind::Map))
}

/// What a stylesheet names.
pub fn style_links(text: &[u8], base: &Url) -> Vec<Link> {
    static IMPORT: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#"(?i)@import\s*(?:url\(\s*)?["']?([^"'()\s;]{1,2048})"#;
        Regex::new(pattern).expect("the pattern is sound")
    });
    let imports = IMPORT.captures_iter(text).take(MAX_LINKS);
    let urls = imports.filter_map(|found| resolve(base, std::str::from_utf8(&found[1]).ok()?));
    urls.map(|url| Link::named(url, LinkKind::Style)).chain(source_map(text, base)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::link::Surety;
    use super::*;

    /// What a script at `/static/js/main.js` of a CDN names, in a page at `/shop/`; guesses have a question mark.
    fn named(text: &str) -> Vec<String> {
        let script = Url::parse("https://cdn.example/static/js/main.js").unwrap();
        let page = Url::parse("https://a.example/shop/").unwrap();
        let links = links(text.as_bytes(), Bases { script: &script, page: &page, builds: &[] });
        let shown = |link: Link| match link.surety {
            Surety::Named => String::from(link.url),
            Surety::Guessed => format!("{}?", link.url),
        };
        links.into_iter().map(shown).collect()
    }

    #[test]
    fn modules_are_beside_the_script() {
        for text in [
            r#"import("./a.js")"#,
            r#"import("./a.js").then(m=>m.default)"#,
            "import(/* webpackChunkName: 'a' */ './a.js')",
            "import{a as b}from\"./a.js\";",
            "import`./a.js`",
            r#"import "./a.js";"#,
            r#"export*from"./a.js""#,
            r#"importScripts("./a.js")"#,
        ] {
            assert_eq!(named(text), ["https://cdn.example/static/js/a.js"], "{text}");
        }
        assert_eq!(named(r#"import("/chunk")"#), ["https://cdn.example/chunk?"]);
        assert_eq!(
            named(r#"new Worker(new URL("w.js",import.meta.url))"#),
            ["https://cdn.example/static/js/w.js?"]
        );
        for text in
            [r#"import("react")"#, r#"require("./node_modules/a/b.js")"#, r#"{"./src/a.js":1,"b/c.js":2}"#]
        {
            assert_eq!(named(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_is_requested_is_seen_from_the_page() {
        for (text, url) in [
            (r#"fetch("/config.json")"#, "https://a.example/config.json?"),
            (r#"fetch("config.json")"#, "https://a.example/shop/config.json?"),
            ("axios.get(`config/runtime-env.json`)", "https://a.example/shop/config/runtime-env.json?"),
            (r#"x.open("GET","env.json",!0)"#, "https://a.example/shop/env.json?"),
            (r#"navigator.serviceWorker.register("/sw.js")"#, "https://a.example/sw.js?"),
            (r#"fetch("/api/config")"#, "https://a.example/api/config?"),
            (r#"p?"/a.json":"x""#, "https://a.example/a.json?"),
            (r#"e.exports="/env.txt""#, "https://a.example/env.txt?"),
        ] {
            assert_eq!(named(text), [url], "{text}");
        }
        for text in
            [r#"fetch("/api/session")"#, r#"label("index.js")"#, r#"fetch("/a b.json")"#, r#"fetch("/x/")"#]
        {
            assert_eq!(named(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn literals_are_found_however_they_are_escaped() {
        for text in [
            r#"["static/chunks/a.js"]"#,
            r#"self.__next_f.push([1,"5:I[9,[\"1\",\"static/chunks/a.js\"]"])"#,
            r#""[\\\"static/chunks/a.js\\\"]""#,
            r#"{"f":"static\/chunks\/a.js"}"#,
            r#"'static\u002Fchunks\u002fa.js'"#,
            r#"say("it's "+'static/chunks/a.js')"#,
        ] {
            assert_eq!(named(text), ["https://cdn.example/static/chunks/a.js?"], "{text}");
        }
        assert_eq!(
            named(r#"d=m.f||(m.f=["assets/a.js","assets/b.css"])"#),
            ["https://a.example/shop/assets/a.js?", "https://a.example/shop/assets/b.css?"]
        );
    }

    #[test]
    fn an_unfinished_literal_ends_the_search_for_it_alone() {
        for text in ["\"", "'a.js", "\"\\", "\"\\u00", "`${a}/b.js`", "\"\\\\\\"] {
            assert_eq!(named(text), [""; 0], "{text}");
        }
        assert_eq!(named("\"a.js\n\"/b.js\""), ["https://a.example/b.js?", "https://cdn.example/b.js?"]);
        assert_eq!(named(&"\"a/".repeat(100_000)), [""; 0]);
    }

    #[test]
    fn source_maps_are_named_in_comments() {
        for text in [
            "x\n//# sourceMappingURL=main.js.map",
            "x\n//@ sourceMappingURL=main.js.map\n",
            "x /*# sourceMappingURL=main.js.map */",
            "//# sourceMappingURL=old.map\n//# sourceMappingURL=main.js.map\n//# sourceURL=x",
        ] {
            assert_eq!(named(text), ["https://cdn.example/static/js/main.js.map"], "{text}");
        }
        for text in ["//# sourceMappingURL=data:application/json;base64,e30=", "sourceMappingURL=a.map"] {
            assert_eq!(named(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn stylesheets_import_stylesheets() {
        let base = Url::parse("https://a.example/css/main.css").unwrap();
        let text = b"@import 'a.css';@IMPORT url( \"/b.css\" ) screen;@import url(//c.example/c.css);\n\
                     i{background:url(d.png)}/*# sourceMappingURL=main.css.map */";
        let urls: Vec<String> = style_links(text, &base).into_iter().map(|link| link.url.into()).collect();
        assert_eq!(
            urls,
            [
                "https://a.example/css/a.css",
                "https://a.example/b.css",
                "https://c.example/c.css",
                "https://a.example/css/main.css.map"
            ]
        );
    }
}
