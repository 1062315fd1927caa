//! The report for people: grouped by token, each place with its line, then what to do, what could not be read, and
//! a last line that says how much was read.
//!
//! All text from scanned files is shown through [`visible`], and lines of files behind a `|`, so that nothing in them
//! acts on the terminal, or on a CI log that takes lines for commands.

#[cfg(feature = "incident")]
mod incident;
mod palette;
mod place;
mod steps;

use super::Context;
use super::words::{bounded, closing, count, is_past, name, status};
use crate::finding::{Finding, Outcome, Summary};
use crate::shown::Shown;
use krea_scan_token::escape::visible;
use krea_scan_token::{Fingerprint, Status, TOKENS_PAGE, TokenKind};
use palette::{Palette, paint};
use place::{at, place};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// Renders an outcome for a terminal.
pub fn render(outcome: &Shown<Outcome>, context: &Context) -> Result<String, fmt::Error> {
    let mut page = HumanReport {
        out: String::new(),
        palette: Palette::new(context.color),
        context,
        groups: groups(outcome),
    };
    if let Some(verified) = &outcome.summary.verified {
        let asked = verified.live + verified.dead + verified.unknown;
        if asked > 0 {
            let tokens = count(asked, "token", "tokens");
            writeln!(page.out, "Asked {} about {tokens}.\n", visible(&verified.host))?;
        }
    }
    page.tokens()?;
    #[cfg(feature = "incident")]
    if let Some(report) = &outcome.incident {
        incident::render(&mut page.out, report, &page.palette)?;
    }
    if !outcome.has_incident() && outcome.plan.is_empty() {
        page.steps()?;
    }
    steps::plan(&mut page.out, &outcome.plan, &page.palette)?;
    steps::left_to_do(&mut page.out, &outcome.left_to_do, &page.palette)?;
    page.unread(outcome)?;
    page.hints(outcome)?;
    page.passed_by(&outcome.summary)?;
    page.notes(outcome)?;
    page.remarks(&outcome.remarks)?;
    #[cfg(feature = "incident")]
    if let Some(report) = &outcome.incident {
        incident::closing(&mut page.out, report, &page.palette)?;
    }
    let all_dead = outcome.findings.iter().all(|finding| finding.status == Status::Dead);
    let style = match (all_dead, outcome.summary.incomplete.is_empty()) {
        (true, true) => page.palette.good,
        (true, false) => page.palette.medium,
        (false, _) => page.palette.high,
    };
    let nothing_scanned = outcome.has_incident() && outcome.summary.files == 0 && outcome.summary.blobs == 0;
    if !nothing_scanned {
        writeln!(page.out, "{}", paint(style, closing(outcome)))?;
    }
    Ok(page.out)
}

/// One token with all its places.
struct TokenGroup<'a> {
    fingerprint: Fingerprint,
    /// In the outcome's order, never empty.
    places: Vec<&'a Finding>,
}

impl<'a> TokenGroup<'a> {
    /// The place that says most surely what the token is; of equals, the first.
    fn surest(&self) -> &'a Finding {
        let first = self.places[0];
        self.places
            .iter()
            .fold(first, |best, place| if place.confidence > best.confidence { place } else { best })
    }

    fn is_dead(&self) -> bool {
        self.places[0].status == Status::Dead
    }

    fn kind(&self) -> TokenKind {
        self.places[0].token.kind()
    }
}

/// Findings by token, in the order in which tokens first appear.
fn groups(outcome: &Outcome) -> Vec<TokenGroup<'_>> {
    let mut groups: Vec<TokenGroup> = Vec::new();
    let mut known: BTreeMap<&[u8], usize> = BTreeMap::new();
    for finding in &outcome.findings {
        let at = *known.entry(finding.token.expose()).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.places.push(finding),
            None => {
                groups.push(TokenGroup { fingerprint: finding.token.fingerprint(), places: vec![finding] });
            }
        }
    }
    groups
}

/// The report while it is made.
struct HumanReport<'a> {
    out: String,
    palette: Palette,
    context: &'a Context<'a>,
    groups: Vec<TokenGroup<'a>>,
}

impl HumanReport<'_> {
    fn tokens(&mut self) -> fmt::Result {
        for group in &self.groups {
            let (surest, palette) = (group.surest(), &self.palette);
            let title = if group.is_dead() { palette.good } else { palette.of(surest) };
            let places = count(group.places.len() as u64, "place", "places");
            writeln!(self.out, "{}", paint(title, name(surest)))?;
            let life = status(surest.status);
            let why = match surest.status_reason.as_str() {
                "" => String::new(),
                reason => format!(" ({})", visible(reason)),
            };
            writeln!(self.out, "  {} confidence, in {places}, {life}{why}", surest.confidence)?;
            writeln!(self.out, "  fingerprint {}\n", group.fingerprint)?;
            for finding in &group.places {
                place(&mut self.out, finding, palette, self.context)?;
            }
        }
        Ok(())
    }

    /// What to do next.
    fn steps(&mut self) -> fmt::Result {
        if self.groups.is_empty() {
            return Ok(());
        }
        self.heading("What to do")?;
        let left: Vec<&TokenGroup> = self.groups.iter().filter(|group| !group.is_dead()).collect();
        if left.is_empty() {
            return writeln!(
                self.out,
                "  Every token above is dead: there is nothing to revoke. Remove the text from the files, so that\n  \
                 nobody has to look into it again.\n"
            );
        }
        let mut steps = Vec::new();
        let krea = left.iter().filter(|group| group.kind() != TokenKind::Custom).count();
        if krea > 0 {
            let mut ids: Vec<String> = Vec::new();
            for id in left.iter().filter_map(|group| group.places[0].token.id_prefix()) {
                // Two readings of one token are one row.
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            let legacy = left.iter().filter(|group| group.kind() == TokenKind::Legacy).count() as u64;
            steps.push(revoke(&ids, legacy, self.context.verbose));
        }
        if krea < left.len() {
            steps.push("Revoke the secrets that your own rules found where they were issued.".to_owned());
        }
        steps.push(
            "Create a replacement, and keep it in a secret store or in an environment file that git ignores."
                .to_owned(),
        );
        let mut places = left.iter().flat_map(|group| &group.places);
        let in_history = places.clone().any(|finding| is_past(finding));
        if places.any(|finding| !is_past(finding)) {
            steps.push("Remove the leaked text from the places above.".to_owned());
        }
        for (at, step) in steps.iter().enumerate() {
            writeln!(self.out, "  {}. {step}", at + 1)?;
        }
        if in_history {
            writeln!(
                self.out,
                "  Revoke first: once dead, a token in the history is harmless. Rewriting the history does not reach\n  \
                 the copies that others have."
            )?;
        }
        writeln!(self.out)
    }

    fn unread(&mut self, outcome: &Outcome) -> fmt::Result {
        let parts = &outcome.summary.incomplete;
        if parts.is_empty() {
            return Ok(());
        }
        self.heading("Not read")?;
        let (listed, more) = bounded(parts, self.context.verbose);
        for part in listed {
            let path = paint(self.palette.path, visible(&part.path));
            writeln!(self.out, "  {path}: {}", visible(&part.reason))?;
        }
        self.end_of_list(more)
    }

    fn hints(&mut self, outcome: &Outcome) -> fmt::Result {
        let hints = &outcome.summary.hints;
        if hints.is_empty() {
            return Ok(());
        }
        let ids: BTreeMap<&Fingerprint, String> = self
            .groups
            .iter()
            .filter_map(|group| Some((&group.fingerprint, group.places[0].token.id_prefix()?)))
            .collect();
        let (listed, more) = bounded(hints, self.context.verbose);
        let mut lines = String::new();
        for hint in listed {
            let place = &hint.location;
            let path = paint(self.palette.path, visible(&place.path));
            let of = ids.get(&hint.fingerprint).map_or(hint.fingerprint.as_str(), String::as_str);
            let (what, of) = (visible(&hint.what), visible(of));
            writeln!(lines, "  {path}:{}:{}  {what} of {of}", place.line, place.column)?;
        }
        self.heading("Other traces of these tokens")?;
        self.out.push_str(&lines);
        self.end_of_list(more)
    }

    /// What was passed by because somebody said so, for `-v`.
    fn passed_by(&mut self, summary: &Summary) -> fmt::Result {
        if !self.context.verbose {
            return Ok(());
        }
        if !summary.allowances.is_empty() {
            self.heading("Allowed")?;
            for allowance in &summary.allowances {
                let place = at(&allowance.location, &allowance.layers, &self.palette);
                writeln!(self.out, "  {place}  {}", visible(&allowance.reason))?;
            }
            writeln!(self.out)?;
        }
        let left_out = &summary.left_out;
        if left_out.paths > 0 {
            self.heading("Left out by ignore files")?;
            for ignored in &left_out.listed {
                let path = paint(self.palette.path, visible(&ignored.path));
                writeln!(self.out, "  {path}  {}", visible(&ignored.by))?;
            }
            let more = left_out.paths - left_out.listed.len() as u64;
            self.end_of_list((more > 0).then(|| format!("and {}", count(more, "more", "more"))))?;
        }
        Ok(())
    }

    /// What was dropped and noticed, for `-v`.
    fn notes(&mut self, outcome: &Outcome) -> fmt::Result {
        let summary = &outcome.summary;
        let mut notes: Vec<String> = outcome.notes.iter().map(|note| visible(note).into_owned()).collect();
        if summary.placeholders > 0 {
            let values = count(summary.placeholders, "value was", "values were");
            notes.push(format!("{values} dropped as placeholders or references"));
        }
        if notes.is_empty() || !self.context.verbose {
            return Ok(());
        }
        self.heading("Notes")?;
        for note in notes {
            writeln!(self.out, "  {note}")?;
        }
        writeln!(self.out)
    }

    /// What is to be known beside the last line.
    fn remarks(&mut self, remarks: &[String]) -> fmt::Result {
        remarks.iter().try_for_each(|remark| writeln!(self.out, "Note: {}\n", visible(remark)))
    }

    fn heading(&mut self, text: &str) -> fmt::Result {
        writeln!(self.out, "{}", paint(self.palette.heading, text))
    }

    fn end_of_list(&mut self, more: Option<String>) -> fmt::Result {
        match more {
            Some(more) => writeln!(self.out, "  {more}\n"),
            None => writeln!(self.out),
        }
    }
}

/// The first step: which rows to revoke.
fn revoke(ids: &[String], legacy: u64, verbose: bool) -> String {
    let page = format!("on the API Tokens page, {TOKENS_PAGE}");
    let (listed, more) = bounded(ids, verbose);
    let mut rows: Vec<String> = listed.iter().map(|id| format!("\n       {}", visible(id))).collect();
    rows.extend(more.map(|more| format!("\n       {more}")));
    let legacy = match legacy {
        0 => String::new(),
        number => {
            let keys = count(number, "legacy key has", "legacy keys have");
            format!("\n     {keys} no id to go by: look for where it is used.")
        }
    };
    let rows = match listed {
        [] => return format!("Revoke {page}.{legacy}"),
        [_] => format!("the row whose id starts with:{}", rows.concat()),
        _ => format!("the rows whose ids start with:{}", rows.concat()),
    };
    format!("Revoke, {page},\n     {rows}{legacy}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Hint;
    use crate::location::Location;
    use crate::report::ReportFormat;
    use crate::report::testing::{Tokens, finding, origin, outcome, rendered, three_places};
    use krea_scan_files::Incomplete;
    use krea_scan_git::GitOrigin;
    use krea_scan_text::LayerKind;

    fn text(outcome: &Outcome, context: &Context) -> String {
        rendered(ReportFormat::Human, outcome, context)
    }

    #[test]
    fn a_token_is_shown_once_with_all_its_places() {
        let found = three_places();
        let id = found.findings[0].token.id_prefix().unwrap();
        let fingerprint = found.findings[0].token.fingerprint();
        let expected = format!(
            "\
Krea token {id}-…:••••
  high confidence, in 3 places, not verified
  fingerprint {fingerprint}

  .env:3:14  KREA_API_KEY
    | KREA_API_KEY={id}-…:••••

  src/krea.ts:12:9  via dist/app.js.map:3:14
    inside: base64
    | KREA_API_KEY={id}-…:••••

  old/.env:3:14  KREA_API_KEY
    commit c0ffee12c0ff, 2026-06-01, Jane Doe <jane@example.com>; not in HEAD
    | KREA_API_KEY={id}-…:••••

What to do
  1. Revoke, on the API Tokens page, https://www.krea.ai/app/api/tokens,
     the row whose id starts with:
       {id}
  2. Create a replacement, and keep it in a secret store or in an environment file that git ignores.
  3. Remove the leaked text from the places above.
  Revoke first: once dead, a token in the history is harmless. Rewriting the history does not reach
  the copies that others have.

1 token in 3 places. Read 5,012 files, 0 blobs, 41.2 MB; everything was read.
"
        );
        assert_eq!(text(&found, &Context::default()), expected);
    }

    #[test]
    fn nothing_found_is_one_line() {
        let clean = outcome(Vec::new());
        let line = "No Krea token found. Read 5,012 files, 0 blobs, 41.2 MB; everything was read.\n";
        assert_eq!(text(&clean, &Context::default()), line);
    }

    #[test]
    fn what_was_not_read_is_listed_within_bounds() {
        let mut found = outcome(Vec::new());
        found.summary.incomplete = (0..23)
            .map(|at| Incomplete { path: format!("{at:02}.zip"), reason: "encrypted".into() })
            .collect();
        let short = text(&found, &Context::default());
        assert!(short.starts_with("Not read\n  00.zip: encrypted\n"));
        assert!(short.contains("  19.zip: encrypted\n  and 3 more; -v lists all\n\n"));
        assert!(short.ends_with("; 23 parts were not read (listed above).\n"));
        let long = text(&found, &Context { verbose: true, ..Context::default() });
        assert!(long.contains("  22.zip: encrypted\n\n"));
    }

    #[test]
    fn a_dead_token_needs_no_revoking() {
        let mut found = three_places();
        found.findings.iter_mut().for_each(|finding| finding.status = Status::Dead);
        let report = text(&found, &Context::default());
        assert!(report.contains("there is nothing to revoke"));
        assert!(!report.contains("1. Revoke"));
        assert!(report.contains("1 token in 3 places (1 dead)."));
    }

    #[test]
    fn what_only_the_history_holds_cannot_be_removed_from_a_file() {
        let found = outcome(vec![three_places().findings.remove(2)]);
        let report = text(&found, &Context::default());
        assert!(report.contains("a token in the history is harmless"));
        assert!(!report.contains("Remove the leaked text"));
    }

    #[test]
    fn each_kind_of_token_gets_its_steps() {
        let mut tokens = Tokens::new();
        let mut custom =
            finding(krea_scan_token::Token::new(TokenKind::Custom, tokens.text().as_bytes()), "c");
        custom.rule = "team-rule".into();
        let (one, two) = (tokens.pair(), tokens.pair());
        let ids = [&one, &two].map(|token| token.id_prefix().unwrap());
        let found =
            outcome(vec![finding(one, "a"), finding(two, "b"), finding(tokens.legacy(), "c"), custom]);
        let report = text(&found, &Context::default());
        let steps = format!(
            "the rows whose ids start with:\n       {}\n       {}\n     1 legacy key has no id to go by: look for \
             where it is used.\n  2. Revoke the secrets that your own rules found where they were issued.\n  3. ",
            ids[0], ids[1]
        );
        assert!(report.contains(&steps), "{report}");
        assert!(report.contains("\nKrea legacy key ••••\n"));
        assert!(report.contains("\nSecret of rule team-rule\n"));
    }

    #[test]
    fn traces_and_notes_are_told() {
        let mut found = three_places();
        let token = &found.findings[0].token;
        let id = token.id_prefix().unwrap();
        found.summary.hints = vec![Hint {
            fingerprint: token.fingerprint(),
            location: Location { path: "notes.md".into(), line: 4, column: 1, byte_offset: 90 },
            what: "id half".into(),
        }];
        found.summary.placeholders = 2;
        found.notes = vec!["an entry matches nothing".into()];
        let report = text(&found, &Context::default());
        assert!(
            report.contains(&format!("Other traces of these tokens\n  notes.md:4:1  id half of {id}\n\n"))
        );
        assert!(!report.contains("Notes"));
        let report = text(&found, &Context { verbose: true, ..Context::default() });
        let notes =
            "Notes\n  an entry matches nothing\n  2 values were dropped as placeholders or references\n\n";
        assert!(report.contains(notes));
        assert!(report.contains("    rule: krea-api-token, high confidence\n"));
    }

    #[test]
    fn no_text_acts_on_the_terminal() {
        let attack = "x\u{1b}[2J\n\u{202e}y\u{9b}";
        let mut found = outcome(vec![finding(Tokens::new().pair(), attack)]);
        let first = &mut found.findings[0];
        (first.context, first.excerpt, first.rule) = (attack.into(), attack.into(), attack.into());
        first.layers = vec![krea_scan_text::Layer {
            kind: LayerKind::Zip,
            name: attack.into(),
            line: None,
            column: None,
        }];
        first.git = Some(GitOrigin {
            author: Some(attack.into()),
            email: Some(attack.into()),
            date: Some(attack.into()),
            commit: Some(attack.into()),
            refs: vec![attack.into()],
            ..origin()
        });
        found.summary.incomplete = vec![Incomplete { path: attack.into(), reason: attack.into() }];
        found.notes = vec![attack.into()];
        let report = text(&found, &Context { verbose: true, ..Context::default() });
        assert!(!report.contains(['\u{1b}', '\u{202e}', '\u{9b}']));
        // Twelve characters are shown of what should be a commit's id.
        assert_eq!(report.matches("x\\u{1b}[2J\\n\\u{202e}y\\u{9b}").count(), 12, "{report}");
    }

    #[test]
    fn colour_is_only_there_when_asked_for_and_marks_the_mask() {
        let found = three_places();
        let plain = text(&found, &Context::default());
        let coloured = text(&found, &Context { color: true, ..Context::default() });
        assert!(!plain.contains('\u{1b}'));
        let id = found.findings[0].token.id_prefix().unwrap();
        assert!(coloured.contains(&format!("KREA_API_KEY=\u{1b}[1m\u{1b}[31m{id}-…:••••\u{1b}[0m\n")));
        assert!(coloured.contains("\u{1b}[35m.env\u{1b}[0m\u{1b}[32m:3:14\u{1b}[0m"));
    }
}
