//! Takes the text of tokens out of the working tree: a reference to an environment variable comes in its place, in the
//! words of the file's language.
//!
//! [`plan`] reads and changes nothing; it gives whole new texts, each proven by a parser to be the old one but for the
//! tokens, and says for every other file why it is left alone. [`RedactPlan::diff`] shows them without a secret, and
//! [`FileEdit::apply`] puts one in its place.

mod diff;
mod file;
pub mod run;

use crate::finding::Finding;
use crate::shown;
use krea_scan_redact::{Language, ValueCopy, language, rewrite, variable};
use krea_scan_token::mask::Masker;
use krea_scan_token::{Token, TokenKind};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// What is to be changed, and what is not.
#[derive(Debug, Default)]
pub struct RedactPlan {
    /// One a file, sorted by path.
    pub edits: Vec<FileEdit>,
    /// Why files are left alone: every place that keeps one from being changed, sorted.
    pub refused: Vec<Refused>,
    /// How many of the findings are in files that are left alone.
    pub left: usize,
    /// The tokens that no diff may show.
    tokens: Vec<Token>,
}

/// A file's new text. `Debug` shows neither that nor the old one.
pub struct FileEdit {
    path: String,
    before: Zeroizing<String>,
    after: Zeroizing<String>,
    /// The tokens that are replaced, each once.
    pub tokens: Vec<Token>,
    /// How many copies of them are replaced.
    pub copies: usize,
    /// What a person has to know of the new text.
    pub notes: Vec<String>,
}

/// A file that is left alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// The file, as the findings name it.
    pub path: String,
    /// The line that keeps it from being changed, from 1.
    pub line: u64,
    /// Why, and what to do.
    pub reason: String,
}

impl fmt::Debug for FileEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileEdit")
            .field("path", &self.path)
            .field("tokens", &self.tokens)
            .field("copies", &self.copies)
            .finish_non_exhaustive()
    }
}

impl FileEdit {
    /// The file, as the findings name it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text that was read.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// The text to be written.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// Puts the new text in the file's place, whole, keeping its permissions and owner.
    ///
    /// # Errors
    /// The file is not what was read any more, or the system refuses; it is unchanged then.
    pub fn apply(&self) -> io::Result<()> {
        file::replace(Path::new(&self.path), &self.before, &self.after)
    }
}

impl RedactPlan {
    /// The changes as one unified diff, with every secret masked.
    pub fn diff(&self) -> String {
        let masker = Masker::new(&self.tokens);
        self.edits.iter().map(|edit| diff::of(edit, &self.tokens, &masker)).collect()
    }
}

/// Plans the changes for findings in the working tree. `withheld` are tokens that a scan has seen and that stay where they
/// are: the diff masks them as well.
pub fn plan(findings: &[Finding], withheld: &[Token]) -> RedactPlan {
    // Each place is a text to change, however many are one finding.
    let findings: &[Finding] = &findings.iter().flat_map(Finding::places).collect::<Vec<_>>();
    let mut files: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        files.entry(&finding.location.path).or_default().push(finding);
    }
    let tokens = distinct(findings.iter().flat_map(Finding::all_readings).chain(withheld));
    let mut plan = RedactPlan { tokens, ..RedactPlan::default() };
    for (path, found) in files {
        match edit(path, &found, findings) {
            Ok(edit) => plan.edits.push(edit),
            Err(mut refused) => {
                plan.left += found.len();
                plan.refused.append(&mut refused);
            }
        }
    }
    plan.refused.sort();
    plan
}

/// Every token once, longest first: one can be a part of another.
fn distinct<'a>(tokens: impl Iterator<Item = &'a Token>) -> Vec<Token> {
    let mut distinct: Vec<Token> = tokens.cloned().collect();
    distinct.sort_by(|a, b| (b.expose().len(), b.expose()).cmp(&(a.expose().len(), a.expose())));
    distinct.dedup();
    distinct
}

/// The change of one file, or every reason against it.
fn edit(path: &str, found: &[&Finding], all: &[Finding]) -> Result<FileEdit, Vec<Refused>> {
    let refused = |line: u64, reason: String| Refused { path: path.to_owned(), line, reason };
    let first = found.first().map_or(1, |finding| finding.location.line);
    if found.iter().any(|finding| finding.git.is_some()) {
        return Err(vec![refused(first, "is in the history, not in a file here".to_owned())]);
    }
    if found.iter().any(|finding| finding.is_in_name()) {
        let reason = "has the token in its name: give it another one, and run this again".to_owned();
        return Err(vec![refused(first, reason)]);
    }
    if let Some(finding) = found.iter().find(|finding| finding.is_inside()) {
        let way = shown::place(finding).to_string();
        let reason = format!(
            "is a file with others in it ({way}): take the token out of what it is made from, and make it anew"
        );
        return Err(vec![refused(first, reason)]);
    }
    let before = file::read_text(Path::new(path)).map_err(|reason| vec![refused(first, reason)])?;
    let unfit: Vec<Refused> = found
        .iter()
        .filter_map(|finding| Some(refused(finding.location.line, not_as_written(finding, &before)?)))
        .collect();
    if !unfit.is_empty() {
        return Err(unfit);
    }
    let tokens = distinct(found.iter().map(|finding| &finding.token));
    let copies = copies(&before, &tokens, all);
    let variable = copies.first().map_or("", |copy| copy.variable);
    if before.trim().as_bytes() == tokens[0].expose() {
        let reason =
            format!("is the token and nothing else: delete it, or store the replacement in it ({variable})");
        return Err(vec![refused(first, reason)]);
    }
    let language = language::of(path, &before, variable).map_err(|reason| vec![refused(first, reason)])?;
    let shipped = |finding: &&&Finding| variable::is_client(&finding.context);
    if matches!(language, Language::Shell | Language::Json | Language::Toml | Language::Yaml)
        && let Some(finding) = found.iter().find(shipped)
    {
        let reason = "builds put variables of this name into what browsers get: remove it, and call Krea from a server";
        return Err(vec![refused(finding.location.line, reason.to_owned())]);
    }
    let after = rewrite(language, path, &before, &copies).map_err(|problems| {
        let line = |at: usize| {
            1 + before.as_bytes()[..at.min(before.len())].iter().filter(|&&b| b == b'\n').count() as u64
        };
        problems.into_iter().map(|problem| refused(line(problem.at), problem.reason)).collect::<Vec<_>>()
    })?;
    let notes = notes(language, path, &before, &copies, found);
    Ok(FileEdit {
        path: path.to_owned(),
        before,
        after: Zeroizing::new(after),
        copies: copies.len(),
        tokens,
        notes,
    })
}

/// Why a finding's token does not stand in the text as it is.
fn not_as_written(finding: &Finding, text: &str) -> Option<String> {
    let token = &finding.token;
    if token.kind() == TokenKind::Custom {
        return Some(
            "a rule of your own found it, which does not say whose it is: replace it by hand".to_owned(),
        );
    }
    // An original that a source map names says nothing of how the token is written.
    if let Some(layer) = finding.layers.iter().find(|layer| !layer.is_name()) {
        return Some(format!("it is written as {}: replace it by hand", layer.kind));
    }
    if finding.is_guess() {
        let reason =
            "it is read through broken lines, spaces or letters that look alike: take it out by hand";
        return Some(reason.to_owned());
    }
    let here = usize::try_from(finding.location.byte_offset).ok().and_then(|at| text.as_bytes().get(at..));
    match here.is_some_and(|here| here.starts_with(token.expose())) {
        true => None,
        false => {
            Some("it is put together from pieces, or written with escapes: replace it by hand".to_owned())
        }
    }
}

/// Every copy of the tokens, which are sorted longest first; of two that overlap, the longer.
fn copies(text: &str, tokens: &[Token], all: &[Finding]) -> Vec<ValueCopy> {
    let mut copies: Vec<ValueCopy> = Vec::new();
    for token in tokens {
        let names =
            all.iter().filter(|finding| finding.token == *token).map(|finding| finding.context.as_str());
        let variable = variable::known_among(names);
        let length = token.expose().len();
        let taken = std::mem::take(&mut copies);
        let is_free = |at: usize| {
            let next = taken.partition_point(|copy| copy.range.end <= at);
            taken.get(next).is_none_or(|copy| at + length <= copy.range.start)
        };
        let starts = memchr::memmem::find_iter(text.as_bytes(), token.expose()).filter(|&at| is_free(at));
        copies.extend(starts.map(|at| ValueCopy { range: at..at + length, variable }));
        copies.extend(taken);
        copies.sort_by_key(|copy| copy.range.start);
    }
    copies
}

/// What a person has to know of the new text.
fn notes(
    language: Language,
    path: &str,
    text: &str,
    copies: &[ValueCopy],
    found: &[&Finding],
) -> Vec<String> {
    let mut notes = Vec::new();
    let mut tokens: Vec<(&str, &str)> =
        copies.iter().map(|copy| (copy.variable, &text[copy.range.clone()])).collect();
    tokens.sort_unstable();
    tokens.dedup();
    for pair in tokens.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let note = format!(
            "different tokens are one variable now, {}: give them names of their own if they must stay apart",
            pair[0].0
        );
        if notes.last() != Some(&note) {
            notes.push(note);
        }
    }
    let client = || {
        text.contains("import.meta.env")
            || ["\"use client\"", "'use client'"].iter().any(|mark| text.contains(mark))
            || found.iter().any(|finding| variable::is_client(&finding.context))
    };
    let note = match language {
        Language::JavaScript if client() => {
            "if this runs in a browser, it finds no value there, as it must: call Krea from a server"
        }
        Language::Yaml if krea_scan_redact::is_workflow(path) => {
            "store the replacement as a secret of the repository, with `gh secret set`"
        }
        Language::Json | Language::Toml | Language::Yaml => {
            "the reference counts if the program that reads the file expands it; if not, it is sent as it is"
        }
        Language::Dotenv => "the replacement goes here only if git ignores the file",
        _ => return notes,
    };
    notes.push(note.to_owned());
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{Tokens, finding};
    use krea_scan_text::Layer;
    use krea_scan_text::LayerKind;
    use std::fs;
    use tempfile::TempDir;

    fn text(token: &Token) -> &str {
        std::str::from_utf8(token.expose()).unwrap()
    }

    /// A file with this content, and a finding for the first copy of each token in it.
    fn found(folder: &TempDir, name: &str, content: &str, tokens: &[&Token]) -> Vec<Finding> {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let at = |token: &Token| {
            let mut found = finding(token.clone(), path.to_str().unwrap());
            found.location.byte_offset = content.find(text(token)).unwrap() as u64;
            found.location.line = 1;
            found
        };
        tokens.iter().map(|token| at(token)).collect()
    }

    #[test]
    fn a_file_is_changed_whole_and_keeps_its_mode() {
        let (folder, token) = (tempfile::tempdir().unwrap(), Tokens::new().pair());
        let content = format!("key: {t}\nother: {t}\n", t = text(&token));
        let findings = found(&folder, "a.yml", &content, &[&token]);
        let path = folder.path().join("a.yml");
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o604)).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions();
        let plan = plan(&findings, &[]);
        assert_eq!((plan.edits.len(), plan.edits[0].copies, plan.left), (1, 2, 0));
        assert_eq!(fs::read_to_string(&path).unwrap(), content, "a plan changes nothing");
        plan.edits[0].apply().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "key: ${KREA_API_KEY}\nother: ${KREA_API_KEY}\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions(), mode);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no other file is left");
    }

    #[test]
    fn what_changed_since_it_was_read_is_not_changed() {
        let (folder, token) = (tempfile::tempdir().unwrap(), Tokens::new().pair());
        let findings = found(&folder, "a.txt", &format!("see {}\n", text(&token)), &[&token]);
        let plan = plan(&findings, &[]);
        let path = folder.path().join("a.txt");
        fs::write(&path, "mine\n").unwrap();
        let error = plan.edits[0].apply().unwrap_err().to_string();
        assert!(error.contains("changed since"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine\n");
    }

    #[test]
    fn one_file_that_is_left_alone_does_not_hold_up_the_others() {
        let (folder, token) = (tempfile::tempdir().unwrap(), Tokens::new().pair());
        let mut findings = found(&folder, "a.rb", &format!("k = '{}'\n", text(&token)), &[&token]);
        findings.extend(found(&folder, "b.txt", &format!("see {}\n", text(&token)), &[&token]));
        let plan = plan(&findings, &[]);
        assert_eq!((plan.edits.len(), plan.refused.len(), plan.left), (1, 1, 1));
        assert!(plan.refused[0].reason.contains("ENV.fetch"), "{:?}", plan.refused);
    }

    /// What a plan says of one file that it leaves alone.
    #[track_caller]
    fn reason(findings: &[Finding]) -> String {
        let mut plan = plan(findings, &[]);
        assert!(plan.edits.is_empty(), "{:?}", plan.edits[0].path());
        assert_eq!(plan.left, findings.len());
        plan.refused.remove(0).reason
    }

    #[test]
    fn what_cannot_be_changed_safely_says_why() {
        let (folder, token) = (tempfile::tempdir().unwrap(), Tokens::new().pair());
        let line = format!("see {}\n", text(&token));
        let path = folder.path().join("a.txt");

        let mut layered = found(&folder, "a.txt", &line, &[&token]);
        layered[0].layers = vec![Layer::unnamed(LayerKind::Base64)];
        assert!(reason(&layered).contains("written as base64"));
        let mut elsewhere = found(&folder, "a.txt", &line, &[&token]);
        elsewhere[0].location.byte_offset += 1;
        assert!(reason(&elsewhere).contains("put together from pieces"));
        let mut past = found(&folder, "a.txt", &line, &[&token]);
        past[0].git = Some(crate::report::testing::origin());
        assert!(reason(&past).contains("history"));
        let custom = Token::new(TokenKind::Custom, token.expose());
        assert!(reason(&found(&folder, "a.txt", &line, &[&custom])).contains("a rule of your own"));
        let alone = found(&folder, "a.txt", &format!("{}\n", text(&token)), &[&token]);
        assert!(reason(&alone).contains("nothing else"));

        let findings = found(&folder, "a.txt", &line, &[&token]);
        fs::write(&path, [line.as_bytes(), &[0xff]].concat()).unwrap();
        assert!(reason(&findings).contains("UTF-8"));
        let mut large = line.clone().into_bytes();
        large.resize(usize::try_from(file::MAX_SIZE).unwrap() + 1, b' ');
        fs::write(&path, large).unwrap();
        assert!(reason(&findings).contains("16 MiB"));
        fs::write(&path, &line).unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        assert!(reason(&findings).contains("read-only"));
        fs::remove_file(&path).unwrap();
        assert!(reason(&findings).contains("cannot be changed"));
    }

    #[test]
    fn what_builds_ship_to_browsers_gets_no_value() {
        let (folder, token) = (tempfile::tempdir().unwrap(), Tokens::new().pair());
        for name in ["compose.yml", "build.sh", "a.json", "a.toml"] {
            let mut findings =
                found(&folder, name, &format!("VITE_KREA_API_KEY={}\n", text(&token)), &[&token]);
            findings[0].context = "VITE_KREA_API_KEY".into();
            assert!(reason(&findings).contains("what browsers get"), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_other_names_is_left_alone() {
        let (folder, token) = (tempfile::tempdir().unwrap(), Tokens::new().pair());
        let line = format!("see {}\n", text(&token));
        let path = folder.path().join("a.txt");
        let findings = found(&folder, "a.txt", &line, &[&token]);
        let other = folder.path().join("other");
        fs::hard_link(&path, &other).unwrap();
        assert!(reason(&findings).contains("hard links"));
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(reason(&findings).contains("symbolic link"));
        assert_eq!(fs::read_to_string(&other).unwrap(), line);
    }

    #[test]
    fn a_token_inside_a_longer_one_does_not_take_it_apart() {
        let (folder, pair) = (tempfile::tempdir().unwrap(), Tokens::new().pair());
        let legacy = Token::new(TokenKind::Legacy, pair.secret());
        let content = format!("{}\n{}\n", text(&pair), text(&legacy));
        let mut findings = found(&folder, "a.md", &content, &[&pair]);
        let mut short = findings[0].clone();
        short.token = legacy;
        short.location.byte_offset = text(&pair).len() as u64 + 1;
        findings.push(short);
        let plan = plan(&findings, &[]);
        assert_eq!(plan.edits[0].after(), "${KREA_API_KEY}\n${KREA_API_KEY}\n");
        assert!(plan.edits[0].notes[0].contains("different tokens"), "{:?}", plan.edits[0].notes);
    }

    #[test]
    fn a_diff_shows_the_lines_around_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let mut tokens = Tokens::new();
        let (one, other) = (tokens.pair(), tokens.pair());
        let long = "x".repeat(5000);
        let content =
            format!("a\nb\nc\nd\nallowed {}\nlong {long} {one} {long}\ne\n", text(&other), one = text(&one));
        let findings = found(&folder, "a\u{1b}.txt", &content, &[&one]);
        let diff = plan(&findings, std::slice::from_ref(&other)).diff();
        assert!(!diff.contains(text(&one)) && !diff.contains(std::str::from_utf8(one.secret()).unwrap()));
        assert!(!diff.contains(std::str::from_utf8(other.secret()).unwrap()));
        let debug = format!("{:?}", plan(&findings, &[]));
        assert!(!debug.contains(std::str::from_utf8(one.secret()).unwrap()), "{debug}");
        assert!(!diff.contains('\u{1b}') && diff.contains("a\\u{1b}.txt"), "{diff}");
        let (masked, allowed) = (one.redacted(), other.redacted());
        let lines: Vec<&str> = diff.lines().collect();
        assert_eq!(lines[2], "@@ -3,5 +3,5 @@");
        assert_eq!(lines[3..6], [" c", " d", &format!(" allowed {allowed}")]);
        assert!(lines[6].starts_with("-…xxx") && lines[6].contains(&masked), "{}", lines[6]);
        assert!(lines[7].starts_with("+…xxx") && lines[7].contains("${KREA_API_KEY}"), "{}", lines[7]);
        assert_eq!(lines[8..], [" e"]);
    }
}
