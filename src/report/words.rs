//! The words that the formats share: what a finding is called, how grave it is, what to do, and the closing line
//! that says what was read.

use crate::allowance::AllowedBy;
use crate::finding::{Finding, Outcome, Summary, trail};
use crate::location::Location;
use krea_scan_text::{Layer, LayerKind, containers};
use krea_scan_token::escape::visible;
use krea_scan_token::{Confidence, Status, TOKENS_PAGE, TokenKind};
use std::collections::BTreeMap;
use std::fmt::Display;

/// Longer lists are cut without `-v`.
const LISTED: usize = 20;

/// How grave a finding is, in the terms that SARIF and GitHub share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// High confidence.
    Error,
    /// Medium confidence.
    Warning,
    /// Low confidence, or a token that is proven dead.
    Note,
}

impl Severity {
    /// How grave a finding is.
    pub fn of(finding: &Finding) -> Self {
        match (finding.status, finding.confidence) {
            (Status::Dead, _) | (_, Confidence::Low) => Severity::Note,
            (_, Confidence::Medium) => Severity::Warning,
            (_, Confidence::High) => Severity::Error,
        }
    }
}

/// What a token is called, without its secret.
pub fn name(finding: &Finding) -> String {
    match finding.token.kind() {
        TokenKind::Pair => format!("Krea token {}", finding.token.redacted()),
        TokenKind::Legacy => format!("Krea legacy key {}", finding.token.redacted()),
        TokenKind::Custom => format!("Secret of rule {}", visible(&finding.rule)),
    }
}

/// What is known of a token's life.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Unverified => "not verified",
        Status::Live => "live: Krea accepts it",
        Status::Dead => "dead: Krea refuses it",
        Status::Unknown => "not known whether live: Krea gave no usable answer",
    }
}

/// Whether only the history still holds it.
pub fn is_past(finding: &Finding) -> bool {
    finding.git.as_ref().is_some_and(|git| git.commit.is_some() && !git.in_head)
}

/// What to do about one finding, in a sentence or two.
pub fn advice(finding: &Finding) -> String {
    let remove = if is_past(finding) { "" } else { ", and remove it from the file" };
    match (finding.status, finding.token.kind(), finding.token.id_prefix()) {
        (Status::Dead, ..) if is_past(finding) => "It is dead: nothing is left to do.".to_owned(),
        (Status::Dead, ..) => "It is dead: nothing to revoke. Remove it from the file.".to_owned(),
        (_, TokenKind::Custom, _) => format!("Revoke it where it was issued, create a replacement{remove}."),
        (_, _, Some(id)) => {
            let id = visible(&id);
            format!(
                "Revoke the row whose id starts with {id} on {TOKENS_PAGE}, create a replacement{remove}."
            )
        }
        (_, _, None) => format!("Revoke it on {TOKENS_PAGE}, create a replacement{remove}."),
    }
}

/// What is to be known of a text that may be wrong; nothing where the text is certain.
pub fn reading(finding: &Finding) -> Option<String> {
    let doubt = finding.readings.doubt()?;
    let repaired = finding.readings.as_read().zip(finding.token.id_prefix()).filter(|(read, id)| read != id);
    Some(match repaired {
        Some((read, id)) => {
            format!("read as {}, repaired to {}: the rest may be wrong too", visible(read), visible(&id))
        }
        None => format!("the text may be wrong: {doubt}"),
    })
}

/// The way from a file to the text that matched: `source-map src/krea.ts:12:9 -> base64`.
pub fn way(layers: &[Layer]) -> String {
    let step = |layer: &Layer| {
        let mut step = layer.kind.to_string();
        if !layer.name.is_empty() {
            step.push_str(&format!(" {}", visible(&layer.name)));
        }
        match (layer.line, layer.column) {
            (Some(line), Some(column)) => step.push_str(&format!(":{line}:{column}")),
            (Some(line), None) => step.push_str(&format!(":{line}")),
            _ => {}
        }
        step
    };
    layers.iter().map(step).collect::<Vec<_>>().join(" -> ")
}

/// A place as people read it: `dist.tgz → package/dist/app.js:1:20480`, `general.json:120:14 → message 14 of U02`.
pub fn place(location: &Location, layers: &[Layer]) -> String {
    let [text, numbers, part] = place_in_pieces(location, layers);
    format!("{text}{numbers}{part}")
}

/// A place as people read it: the text that a person opens, line and column in it, and the part of it that they stand in.
pub fn place_in_pieces(location: &Location, layers: &[Layer]) -> [String; 3] {
    let (containers, rest) = layers.split_at(containers(layers));
    let parts = rest.iter().filter(|layer| layer.is_part());
    let part = parts.map(|layer| format!(" → {}", visible(&layer.name))).collect();
    let text = visible(&trail(&location.path, containers)).into_owned();
    let numbers = match containers.last().is_some_and(Layer::is_file_name) {
        true => " (its name)".to_owned(),
        false => format!(":{}:{}", location.line, location.column),
    };
    [text, numbers, part]
}

/// The place in an original as people read it: `src/krea.ts:12:9`.
pub fn original(layer: &Layer) -> String {
    way(std::slice::from_ref(layer)).split_off(LayerKind::SourceMap.as_str().len() + 1)
}

/// The steps that neither a trail nor an original tells of: what was decoded on the way, but for the encoding of a map
/// inside a bundle.
pub fn decoded(layers: &[Layer]) -> Vec<Layer> {
    let holds_map = |at: usize| layers[at].line.is_none() && is_original(layers.get(at + 1));
    let inside = containers(layers);
    let told =
        |at: usize| at < inside || layers[at].is_part() || is_original(layers.get(at)) || holds_map(at);
    (0..layers.len()).filter(|&at| !told(at)).map(|at| layers[at].clone()).collect()
}

fn is_original(layer: Option<&Layer>) -> bool {
    layer.is_some_and(|layer| layer.kind == LayerKind::SourceMap)
}

/// The first twelve characters of an object's id.
pub fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// The part of a list that is shown, and what stands for the rest.
pub fn bounded<T>(list: &[T], verbose: bool) -> (&[T], Option<String>) {
    if verbose || list.len() <= LISTED {
        return (list, None);
    }
    let more = format!("and {} more; -v lists all", grouped((list.len() - LISTED) as u64));
    (&list[..LISTED], Some(more))
}

/// The last line of a run: what was found, what was read, what could not be.
pub fn closing(outcome: &Outcome) -> String {
    let summary = &outcome.summary;
    let unread = summary.incomplete.len() as u64;
    let nothing_read = summary.files == 0 && summary.blobs == 0;
    let found = if !outcome.findings.is_empty() {
        tally(outcome)
    } else if unread > 0 {
        "No Krea token found in what could be read.".to_owned()
    } else if nothing_read {
        "No Krea token found, because nothing was read.".to_owned()
    } else {
        "No Krea token found.".to_owned()
    };
    let allowed = match allowed(summary) {
        None => String::new(),
        Some(allowed) => format!(" {allowed} and not shown; -v lists them."),
    };
    let left_out = match summary.left_out.paths {
        0 => None,
        paths => Some(format!("what ignore files name ({}; -v lists it)", count(paths, "path", "paths"))),
    };
    let rest = match (unread, left_out) {
        (0, Some(left_out)) if !nothing_read => format!("; everything was read but {left_out}."),
        (0, None) if nothing_read => ".".to_owned(),
        (0, None) => "; everything was read.".to_owned(),
        (0, Some(left_out)) => format!("; left out: {left_out}."),
        (unread, left_out) => {
            let parts = count(unread, "part was", "parts were");
            let left_out = left_out.map_or_else(String::new, |left_out| format!("; left out: {left_out}"));
            format!("; {parts} not read (listed above){left_out}.")
        }
    };
    let files = count(summary.files, "file", "files");
    let blobs = count(summary.blobs, "blob", "blobs");
    format!("{found}{allowed} Read {files}, {blobs}, {}{rest}", bytes(summary.bytes))
}

/// How many findings are allowed, and by what; nothing when none is.
pub fn allowed(summary: &Summary) -> Option<String> {
    let by = |by: AllowedBy| summary.allowances.iter().filter(|allowance| allowance.by == by).count();
    let counts: Vec<String> = [
        (AllowedBy::Comment, "a comment"),
        (AllowedBy::TreeConfig, ".krea-scan.toml"),
        (AllowedBy::Config, "the file of --config"),
        (AllowedBy::Baseline, "a baseline"),
    ]
    .into_iter()
    .map(|(of, name)| (by(of), name))
    .filter(|&(number, _)| number > 0)
    .map(|(number, name)| format!("{} by {name}", grouped(number as u64)))
    .collect();
    let findings = count(summary.allowed, "finding is", "findings are");
    (summary.allowed > 0).then(|| format!("{findings} allowed ({})", counts.join(", ")))
}

/// `2 tokens in 3 places`, and what is known of their lives once somebody asked.
fn tally(outcome: &Outcome) -> String {
    let tokens: BTreeMap<_, _> =
        outcome.findings.iter().map(|finding| (finding.token.expose(), finding.status)).collect();
    let places = count(outcome.findings.len() as u64, "place", "places");
    let lives: Vec<String> = [(Status::Live, "live"), (Status::Dead, "dead"), (Status::Unknown, "unknown")]
        .into_iter()
        .map(|(status, word)| (tokens.values().filter(|&&of| of == status).count(), word))
        .filter(|&(number, _)| number > 0)
        .map(|(number, word)| format!("{} {word}", grouped(number as u64)))
        .collect();
    let lives = if lives.is_empty() { String::new() } else { format!(" ({})", lives.join(", ")) };
    format!("{} in {places}{lives}.", count(tokens.len() as u64, "token", "tokens"))
}

/// A number with its noun: `1 file`, `5,012 files`.
pub fn count(number: u64, one: impl Display, many: impl Display) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(number)) }
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in bytes, in decimal units: `999 bytes`, `41.2 MB`.
fn bytes(number: u64) -> String {
    if number < 1000 {
        return count(number, "byte", "bytes");
    }
    let mut size = number as f64 / 1000.0;
    let mut units = ["kB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    // What would round up to 1000.0 belongs to the next unit.
    while size >= 999.95
        && let Some(larger) = units.next()
    {
        size /= 1000.0;
        unit = larger;
    }
    format!("{size:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Tokens, allowance, finding, outcome, three_places};
    use super::*;
    use crate::allowance::Ignored;
    use krea_scan_files::Incomplete;

    #[test]
    fn the_closing_line_says_what_was_read() {
        let found = three_places();
        assert_eq!(
            closing(&found),
            "1 token in 3 places. Read 5,012 files, 0 blobs, 41.2 MB; everything was read."
        );
        let mut nothing = outcome(Vec::new());
        assert_eq!(
            closing(&nothing),
            "No Krea token found. Read 5,012 files, 0 blobs, 41.2 MB; everything was read."
        );
        let ignored = Ignored { path: "a".into(), by: ".gitignore".into() };
        nothing.summary.left_out.add(ignored);
        assert_eq!(
            closing(&nothing),
            "No Krea token found. Read 5,012 files, 0 blobs, 41.2 MB; everything was read but what ignore files \
             name (1 path; -v lists it)."
        );
        let by_comment = allowance(AllowedBy::Comment);
        nothing.summary.allowances = vec![by_comment.clone(), by_comment, allowance(AllowedBy::TreeConfig)];
        nothing.summary.allowed = 3;
        nothing.summary.incomplete =
            vec![Incomplete { path: "a".into(), reason: "permission denied".into() }; 3];
        assert_eq!(
            closing(&nothing),
            "No Krea token found in what could be read. 3 findings are allowed (2 by a comment, 1 by \
             .krea-scan.toml) and not shown; -v lists them. Read 5,012 files, 0 blobs, 41.2 MB; 3 parts were not \
             read (listed above); left out: what ignore files name (1 path; -v lists it)."
        );
    }

    #[test]
    fn a_way_is_told_by_its_names_and_what_was_decoded() {
        let step = |kind: LayerKind, name: &str, line: Option<u64>| Layer {
            kind,
            name: name.into(),
            line,
            column: line,
        };
        let layers = [
            step(LayerKind::Gzip, "", None),
            step(LayerKind::Tar, "package/app.js", Some(1)),
            step(LayerKind::Base64, "", None),
            step(LayerKind::SourceMap, "src/krea.ts", Some(12)),
            step(LayerKind::Base64, "", Some(1)),
        ];
        let location = Location { path: "a.tgz".into(), line: 1, column: 20480, byte_offset: 0 };
        assert_eq!(place(&location, &layers), "a.tgz → package/app.js:1:20480");
        assert_eq!(original(&layers[3]), "src/krea.ts:12:12");
        assert_eq!(decoded(&layers), [layers[4].clone()]);
    }

    #[test]
    fn reading_nothing_is_no_all_clear() {
        assert_eq!(
            closing(&Outcome::default()),
            "No Krea token found, because nothing was read. Read 0 files, 0 blobs, 0 bytes."
        );
    }

    #[test]
    fn verified_tokens_are_counted_by_their_lives() {
        let mut tokens = Tokens::new();
        let mut findings = vec![finding(tokens.pair(), "a"), finding(tokens.pair(), "b")];
        findings[0].status = Status::Live;
        findings[1].status = Status::Dead;
        assert!(closing(&outcome(findings)).starts_with("2 tokens in 2 places (1 live, 1 dead). Read"));
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        let sizes = [1, 999, 1000, 999_949, 999_950, 8_100_000_000].map(bytes);
        assert_eq!(sizes, ["1 byte", "999 bytes", "1.0 kB", "999.9 kB", "1.0 MB", "8.1 GB"]);
        assert_eq!(bytes(u64::MAX), "18446744.1 TB");
    }

    #[test]
    fn a_dead_token_is_no_error() {
        let mut finding = finding(Tokens::new().pair(), "a");
        assert_eq!(Severity::of(&finding), Severity::Error);
        finding.status = Status::Dead;
        assert_eq!(Severity::of(&finding), Severity::Note);
    }
}
