//! Tokens that a template, a format string or a call puts together from two strings.

use super::{MAX_SECRET, REACH, SplitToken};
use crate::attribution::{Strength, Surroundings};
use crate::placeholder::{self, Scrutiny};
use krea_scan_token::Readings;
use krea_scan_token::randomness;
use regex::bytes::Regex;
use std::cell::LazyCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

/// No such expression is longer, on either side of its colon, in bytes.
const JOIN_REACH: usize = 600;
/// More joints than this in one text are machine output.
const MAX_JOINS: usize = 64;

/// Expressions that put two strings together with a colon between them. `ID` and `SECRET` stand for a name or a
/// literal.
static JOINS: LazyLock<Vec<Join>> = LazyLock::new(|| {
    let operand = r#"(?:&?\$?([A-Za-z_$][\w.$]*)|["'`]([A-Za-z0-9_\-+/]{8,}={0,2})["'`])"#;
    let literal = r#"()["'`]?([A-Za-z0-9_\-+/]{8,}={0,2})["'`]?"#;
    let joiner = r"(?:\+\+?|\.\.?|&|<>|~|\|\||\^)";
    let expressions = [
        // `${id}:${secret}`, f"{id}:{secret}", "#{id}:#{secret}"
        (r"\}:", r"[$#]?\{\s*ID\s*\}:[$#]?\{\s*SECRET\s*\}"),
        // "$id:$secret", "\(id):\(secret)"
        (r":\$", r"\$([A-Za-z_]\w*)():\$([A-Za-z_]\w*)()"),
        (r"\):", r"\\?\(ID\):\\?\(SECRET\)"),
        // id + ":" + secret
        (r#"["'`]:["'`]"#, r#"ID\s{0,20}JOIN\s{0,20}["'`]:["'`]\s{0,20}JOIN\s{0,20}SECRET"#),
        // "%s:%s" % (id, secret), "{}:{}".format(id, secret), Sprintf("%s:%s", id, secret)
        (
            r"[}sv@]:[{%]",
            r#"["'](?:Bearer )?(?:\{0?\}|%s|%v|%@):(?:\{1?\}|%s|%v|%@)["']\s*\)?(?:\.format\s*\(|\.formatted\s*\(|%\s*\(|,)\s*ID\s*,\s*SECRET"#,
        ),
        // [id, secret].join(":"), strings.Join([]string{id, secret}, ":")
        (r#"["'`]:["'`]"#, r#"[\[{(]\s*ID\s*,\s*SECRET\s*[\])}]\s*(?:\.join\(|,)\s*["'`]:["'`]"#),
        // parts = [id, secret], and then parts.join(":"), ":".join(parts)
        (
            r#"["'`]:["'`]"#,
            r#"=\s*[\[(]\s*ID\s*,\s*SECRET\s*[\])];?\s{0,40}[^\n]{0,120}?(?:\.join\(\s*["'`]:["'`]|["'`]:["'`]\.join\()"#,
        ),
        // "".concat(id, ":").concat(secret), what compilers make of a template
        (
            r#"["'`]:["'`]"#,
            r#"["'`]["'`]\.concat\(\s*ID\s*(?:,|\)\.concat\()\s*["'`]:["'`]\s*(?:,|\)\.concat\()\s*SECRET"#,
        ),
        // id.concat(":", secret), id.concat(":").concat(secret)
        (r#"["'`]:["'`]"#, r#"ID\.concat\(\s*["'`]:["'`]\s*(?:,|\)\.concat\()\s*SECRET"#),
        // ":".join([id, secret]), implode(":", [$id, $secret]), String.join(":", id, secret)
        (r#"["'`]:["'`]"#, r#"["']:["']\s*(?:\.join\(|,)\s*[\[(]?\s*ID\s*,\s*SECRET"#),
        // concat!(id, ":", secret)
        (r#"["'`]:["'`]"#, r#"ID\s*,\s*["']:["']\s*,\s*SECRET"#),
        // SetBasicAuth(id, secret), auth=(id, secret)
        ("auth", r"(?i:basic_?auth|auth)\s*=?\s*\(\s*ID\s*,\s*SECRET\s*[,)]"),
    ];
    let literals = [
        // printf '%s:%s' ID SECRET
        ("%s:%s", r#"%s:%s(?:\\n)?["']\s+ID\s+SECRET"#),
        // Fn::Join: [":", [ID, SECRET]], each on a line of its own
        ("Fn::Join", r#"Fn::Join["']?\s*:\s*-\s*["']:["']\s*-\s*-\s*ID\s*-\s*SECRET"#),
        // '{0}:{1}' -f 'ID', 'SECRET'
        (r"\{0\}:\{1\}", r#"\{0\}:\{1\}["']\s+-f\s+ID\s*,\s*SECRET"#),
        // KreaClient::new("ID", "SECRET")
        ("krea", r#"(?i:krea)[\w:.]{0,60}\(\s{0,20}ID\s*,\s*SECRET"#),
        // .netrc
        ("login", r"(?i:login|user|username)\s+ID\s+(?i:password|account)\s+SECRET"),
        // krea_id, krea_secret = "…", "…"
        (
            "secret",
            r#"(?i:id)\s{0,5},\s{0,5}\$?(?:[\w.]{0,60}_)?(?i:[a-z]{0,20}secret)\s{0,5}[)\]]?\s{0,5}:?=\s{0,5}[\[(]?ID\s{0,5},\s{0,5}SECRET"#,
        ),
        // A table with an id and a secret.
        (
            "secret",
            r"(?im-u:\A[^\n]*\bid\b[^\n]{0,20}\bsecret\b[^\n]*\n)(?s:.{0,4096}?)\bID\s*[,;\t]\s*SECRET",
        ),
    ];
    let compile = |(gate, pattern): &(&'static str, &str), operand: &str| {
        let pattern = pattern.replace("ID", operand).replace("SECRET", operand).replace("JOIN", joiner);
        let search = Regex::new(&format!("(?-u){pattern}")).expect("a constant pattern");
        let gate = Regex::new(&format!("(?i-u){gate}")).expect("a constant pattern");
        Join { gate, search, whole: pattern.contains("\\A") }
    };
    let expressions = expressions.iter().map(|join| compile(join, operand));
    expressions.chain(literals.iter().map(|join| compile(join, literal))).collect()
});

/// An expression that joins two strings.
struct Join {
    /// What it cannot do without; it is searched for around that only.
    gate: Regex,
    search: Regex,
    /// It looks at the text from its beginning.
    whole: bool,
}

impl Join {
    /// The stretches of a text in which the expression can be, in order.
    fn zones(&self, text: &[u8], around: &Surroundings<'_>) -> Vec<Range<usize>> {
        let mut zones: Vec<Range<usize>> = Vec::new();
        for found in self.gate.find_iter(text).filter(|found| around.mentioned_within(found.start(), REACH)) {
            let zone = match self.whole {
                true => 0..text.len(),
                false => found.start().saturating_sub(JOIN_REACH)..(found.end() + JOIN_REACH).min(text.len()),
            };
            match zones.last_mut() {
                Some(last) if zone.start <= last.end => last.end = zone.end.max(last.end),
                _ => zones.push(zone),
            }
        }
        zones
    }
}

/// Finds the tokens that an expression puts together.
pub fn find(text: &[u8], around: &Surroundings<'_>) -> Vec<SplitToken> {
    let mut found = Vec::new();
    let definitions = LazyCell::new(|| Definitions::of(text));
    let zones =
        JOINS.iter().flat_map(|join| join.zones(text, around).into_iter().map(move |zone| (join, zone)));
    let joins = zones.flat_map(|(join, zone)| {
        let at = zone.start;
        join.search.captures_iter(&text[zone]).map(move |captures| (at, captures))
    });
    for (at, captures) in joins.take(MAX_JOINS) {
        let Some(whole) = captures.get(0).map(|whole| at + whole.start()..at + whole.end()) else { continue };
        // A name's definition, or the literal itself.
        let half = |name: usize, literal: usize| match captures.get(literal).filter(|found| !found.is_empty())
        {
            Some(literal) => Some(at + literal.start()..at + literal.end()),
            None => definitions.nearest(captures.get(name)?.as_bytes(), whole.start),
        };
        let (Some(id), Some(secret)) = (half(1, 2), half(3, 4)) else { continue };
        let (id_text, secret_text) = (&text[id.clone()], &text[secret.clone()]);
        if !(randomness::is_uuid(id_text) || placeholder::is_plausible_id(id_text))
            || placeholder::is_placeholder_id(id_text)
            || !(16..=MAX_SECRET).contains(&secret_text.len())
            || placeholder::is_placeholder(secret_text, Scrutiny::Pair)
        {
            continue;
        }
        let uses = [whole.clone(), secret.clone(), id.clone()].map(|span| around.attribute(&span));
        if uses.iter().any(|attribution| attribution.other_service) {
            continue;
        }
        let Some(attribution) = uses.into_iter().max_by_key(|attribution| attribution.strength) else {
            continue;
        };
        if attribution.strength > Strength::None {
            found.push(SplitToken { id, secret, attribution, readings: Readings::default() });
        }
    }
    found
}

/// `name = "value"` in any language, and `name=value` on a line of a shell script.
static DEFINITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)([A-Za-z_$][A-Za-z0-9_$]*)["']?\]?\s{0,20}(?::\s{0,20}[A-Za-z&'_<>\[\] ]{1,40})?\s{0,20}(?::=|=>|=|:|\s)\s{0,20}[\[(]?["'`]([A-Za-z0-9_\-+/]{8,}={0,2})["'`]|(?m:^)[ \t]*(?:export |set |local )?([A-Za-z_][A-Za-z0-9_]*)=([A-Za-z0-9_\-+/]{8,}={0,2})\s"#,
    )
    .expect("a constant pattern")
});

/// `a, b = "x", "y"` and `const [a, b] = ["x", "y"]`.
static TWO_DEFINITIONS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)([A-Za-z_$][A-Za-z0-9_$]*)\s{0,5},\s{0,5}([A-Za-z_$][A-Za-z0-9_$]*)\s{0,5}[\])]?\s{0,5}:?=\s{0,5}[\[(]?\s{0,5}["'`]([A-Za-z0-9_\-+/]{8,}={0,2})["'`]\s{0,5},\s{0,5}["'`]([A-Za-z0-9_\-+/]{8,}={0,2})["'`]"#,
    )
    .expect("a constant pattern")
});

/// Which names stand for which strings in a text.
struct Definitions<'a>(HashMap<&'a [u8], Vec<Range<usize>>>);

impl<'a> Definitions<'a> {
    fn of(text: &'a [u8]) -> Self {
        let mut by_name: HashMap<&[u8], Vec<Range<usize>>> = HashMap::new();
        for captures in DEFINITION.captures_iter(text) {
            let name = captures.get(1).or(captures.get(3));
            let value = captures.get(2).or(captures.get(4));
            if let (Some(name), Some(value)) = (name, value) {
                by_name.entry(bare(name.as_bytes())).or_default().push(value.range());
            }
        }
        for captures in TWO_DEFINITIONS.captures_iter(text) {
            for (name, value) in [(1, 3), (2, 4)] {
                if let (Some(name), Some(value)) = (captures.get(name), captures.get(value)) {
                    by_name.entry(bare(name.as_bytes())).or_default().push(value.range());
                }
            }
        }
        Definitions(by_name)
    }

    /// Where the string stands that the last part of `name` is defined as, nearest before `at`, else the first one.
    fn nearest(&self, name: &[u8], at: usize) -> Option<Range<usize>> {
        let last = name.rsplit(|&b| b == b'.').next()?;
        let spans = self.0.get(bare(last))?;
        spans.iter().rfind(|span| span.start < at).or(spans.first()).cloned()
    }
}

/// A name without the mark that some languages want before it.
fn bare(name: &[u8]) -> &[u8] {
    &name[name.iter().take_while(|&&b| b == b'$').count().min(name.len().saturating_sub(1))..]
}
