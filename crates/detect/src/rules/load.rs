//! Reads rule files. Keys are taken in any case, as Gitleaks does; a key that nobody knows is an error.

use super::pattern;
use super::{Allowlist, ContextRule, Needs, RegexTarget, Required, Rule};
use krea_scan_files::parse_error;
use krea_scan_files::{self as files, Refusal, ScannedTrees};
use krea_scan_token::{Confidence, TokenKind};
use regex::bytes::Regex;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// No rule file that people write is nearly as large, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// No more files than this extend one another.
const MAX_EXTENDED_FILES: usize = 8;

/// Why rules could not be loaded. Every message names the file, and the rule and key where there is one.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the rules in {file}: {source}")]
    Read { file: String, source: Refusal },
    /// Files that extend one another.
    #[error(
        "{0}: key \"extend.path\": more than {MAX_EXTENDED_FILES} files extend one another; does one extend itself?"
    )]
    Extends(String),
    /// The folder holds no rule file.
    #[error("{0} is a folder without a .toml file; give a rule file, or a folder that holds some")]
    NoRules(String),
    /// The file is no TOML.
    #[error("{file} is not valid TOML: {problem}")]
    Syntax { file: String, problem: String },
    /// A key is unknown, or its value is not what it takes.
    #[error("{file}: {rule}: key {key:?}: {problem}")]
    Key { file: String, rule: String, key: String, problem: String },
    /// Two rules share an id.
    #[error(
        "{file}: rule {id:?}: key \"id\": {other} has a rule of this id already; ids are unique over all rule files"
    )]
    DuplicateId {
        /// The file of the second one.
        file: String,
        id: String,
        /// The file of the first one.
        other: String,
    },
}

#[derive(Debug)]
pub struct RuleFile {
    pub(super) rules: Vec<Rule>,
    pub(super) notes: Vec<String>,
}

/// Reads a rule file, or every `.toml` file of a folder in the order of their names.
///
/// # Errors
/// See [`LoadError`].
pub fn load_path(trees: &ScannedTrees, path: &Path) -> Result<Vec<RuleFile>, LoadError> {
    load(trees, path, 0)
}

/// Loads a file or a folder that so many files, one after the other, extend.
fn load(trees: &ScannedTrees, path: &Path, extended: usize) -> Result<Vec<RuleFile>, LoadError> {
    if extended > MAX_EXTENDED_FILES {
        return Err(LoadError::Extends(path.display().to_string()));
    }
    let unreadable = |file: &Path, source| LoadError::Read { file: file.display().to_string(), source };
    let mut files: Vec<PathBuf> = Vec::new();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).map_err(|e| unreadable(path, e.into()))? {
            let file = entry.map_err(|e| unreadable(path, e.into()))?.path();
            if file.extension().is_some_and(|e| e == "toml") {
                files.push(file);
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(LoadError::NoRules(path.display().to_string()));
        }
    } else {
        files.push(path.to_owned());
    }
    files
        .iter()
        .map(|file| {
            let bytes = files::read_named(trees, file, MAX_FILE_BYTES);
            let text = bytes.and_then(files::text).map_err(|e| unreadable(file, e))?;
            parse_extended(trees, &text, &file.display().to_string(), extended)
        })
        .collect()
}

/// Reads rules from a file's text.
pub(super) fn parse(text: &str, file: &str) -> Result<RuleFile, LoadError> {
    parse_extended(&ScannedTrees::default(), text, file, 0)
}

fn parse_extended(
    trees: &ScannedTrees,
    text: &str,
    file: &str,
    extends: usize,
) -> Result<RuleFile, LoadError> {
    let table: Table = text.parse().map_err(|e: toml::de::Error| LoadError::Syntax {
        file: file.to_owned(),
        problem: parse_error::toml(&e, text),
    })?;
    let mut top = Keys::new(table, file, "the file itself");
    for ignored in ["title", "description", "minVersion", "version", "betterleaksMinVersion"] {
        top.text(ignored)?;
    }
    let mut notes = Vec::new();
    let mut disabled = Vec::new();
    let mut extended = Vec::new();
    if let Some(mut extend) = top.table("extend")? {
        if extend.flag("useDefault")? {
            notes.push(format!(
                "{file}: extend.useDefault: Gitleaks' own rules are not a part of krea-scan, so only the rules written in this file run; add Gitleaks' configuration with a second --rules"
            ));
        }
        disabled = extend.texts("disabledRules")?;
        if let Some(path) = extend.text("path")? {
            let path = Path::new(file).parent().unwrap_or(Path::new("")).join(path);
            extended = load(trees, &path, extends + 1)?;
        }
        if extend.text("url")?.is_some() {
            return Err(extend.wrong(
                "url",
                "rules are not loaded over the network; fetch the file and give it with --rules",
            ));
        }
        extend.finish()?;
    }
    let mut global = Vec::new();
    for mut allowlist in top.tables("allowlist")?.into_iter().chain(top.tables("allowlists")?) {
        global.push(read_allowlist(&mut allowlist)?);
        allowlist.finish()?;
    }
    let mut rules = Vec::new();
    for file in extended {
        notes.extend(file.notes);
        rules.extend(file.rules);
    }
    for (number, rule) in top.tables("rules")?.into_iter().enumerate() {
        rules.push(read_rule(rule, number + 1)?);
    }
    top.finish()?;
    rules.retain(|rule| !disabled.contains(&rule.id));
    for (i, rule) in rules.iter().enumerate() {
        if rules[..i].iter().any(|other| other.id == rule.id) {
            return Err(LoadError::DuplicateId {
                file: file.to_owned(),
                id: rule.id.clone(),
                other: rule.origin.clone(),
            });
        }
    }
    for rule in &mut rules {
        let applies = |list: &&Allowlist| list.rules.is_empty() || list.rules.contains(&rule.id);
        rule.allowlists.extend(global.iter().filter(applies).cloned().collect::<Vec<_>>());
    }
    Ok(RuleFile { rules, notes })
}

fn read_rule(mut keys: Keys, number: usize) -> Result<Rule, LoadError> {
    keys.rule = format!("rule number {number}");
    let Some(id) = keys.text("id")?.filter(|id| !id.is_empty()) else {
        return Err(keys.wrong("id", "a rule needs an id"));
    };
    keys.rule = format!("rule {id:?}");
    let regex = keys.pattern("regex")?;
    let path = keys.pattern("path")?;
    if regex.is_none() && path.is_none() {
        return Err(keys.wrong("regex", "a rule needs a regex, a path, or both"));
    }
    let secret_group = keys.number("secretGroup")?.unwrap_or(0);
    if regex.as_ref().is_some_and(|regex| secret_group as usize >= regex.captures_len()) {
        return Err(keys.wrong("secretGroup", "the regex has no such group"));
    }
    let confidence = match keys.text("confidence")?.as_deref() {
        None | Some("medium") => Confidence::Medium,
        Some("low") => Confidence::Low,
        Some("high") => Confidence::High,
        Some(_) => return Err(keys.wrong("confidence", "takes \"low\", \"medium\" or \"high\"")),
    };
    let mut allowlists = Vec::new();
    for mut allowlist in keys.tables("allowlist")?.into_iter().chain(keys.tables("allowlists")?) {
        allowlists.push(read_allowlist(&mut allowlist)?);
        allowlist.finish()?;
    }
    let mut required = Vec::new();
    for mut table in keys.tables("required")? {
        let Some(id) = table.text("id")? else { return Err(table.wrong("required.id", "is missing")) };
        required.push(Required {
            id,
            within_lines: table.number("withinLines")?,
            within_columns: table.number("withinColumns")?,
        });
        table.finish()?;
    }
    let context = match keys.table("context")? {
        Some(mut table) => {
            let Some(value) = table.pattern("value")? else {
                return Err(table.wrong("context.value", "is missing: the shape of the value alone"));
            };
            let token = match table.text("token")?.as_deref() {
                Some("pair") => TokenKind::Pair,
                Some("legacy") => TokenKind::Legacy,
                _ => return Err(table.wrong("context.token", "takes \"pair\" or \"legacy\"")),
            };
            let needs = match table.text("needs")?.as_deref() {
                Some("nothing") => Needs::Nothing,
                Some("name") | None => Needs::Name,
                Some(_) => return Err(table.wrong("context.needs", "takes \"nothing\" or \"name\"")),
            };
            table.finish()?;
            Some(ContextRule { token, value, needs })
        }
        None => None,
    };
    let rule = Rule {
        id,
        description: keys.text("description")?.unwrap_or_default(),
        regex,
        secret_group: secret_group as usize,
        entropy: keys.float("entropy")?,
        keywords: keys.texts("keywords")?.into_iter().map(|k| k.to_lowercase()).collect(),
        path,
        allowlists,
        tags: keys.texts("tags")?,
        required,
        skip_report: keys.flag("skipReport")?,
        examples: keys.texts("examples")?,
        counterexamples: keys.texts("counterexamples")?,
        confidence,
        context,
        origin: keys.file.clone(),
    };
    keys.finish()?;
    Ok(rule)
}

fn read_allowlist(keys: &mut Keys) -> Result<Allowlist, LoadError> {
    keys.text("description")?;
    let all = match keys.text("condition")?.map(|c| c.to_lowercase()).as_deref() {
        None | Some("" | "or" | "||") => false,
        Some("and" | "&&") => true,
        Some(_) => return Err(keys.wrong("condition", "takes \"OR\" or \"AND\"")),
    };
    let target = match keys.text("regexTarget")?.as_deref() {
        None | Some("" | "secret") => RegexTarget::Secret,
        Some("match") => RegexTarget::Match,
        Some("line") => RegexTarget::Line,
        Some(_) => return Err(keys.wrong("regexTarget", "takes \"secret\", \"match\" or \"line\"")),
    };
    Ok(Allowlist {
        all,
        target,
        commits: keys.texts("commits")?.into_iter().map(|c| c.to_lowercase()).collect(),
        paths: keys.patterns("paths")?,
        regexes: keys.patterns("regexes")?,
        stopwords: keys.texts("stopwords")?.into_iter().map(|w| w.to_lowercase()).collect(),
        rules: keys.texts("targetRules")?,
    })
}

/// A table whose keys are taken out one by one, in any case; what is left over at the end is unknown.
struct Keys {
    table: Table,
    file: String,
    rule: String,
}

impl Keys {
    fn new(table: Table, file: &str, rule: &str) -> Self {
        Keys { table, file: file.to_owned(), rule: rule.to_owned() }
    }

    fn wrong(&self, key: &str, problem: &str) -> LoadError {
        LoadError::Key {
            file: self.file.clone(),
            rule: self.rule.clone(),
            key: key.to_owned(),
            problem: problem.to_owned(),
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        let name = self.table.keys().find(|name| name.eq_ignore_ascii_case(key))?.clone();
        self.table.remove(&name)
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, LoadError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "takes a string")),
        }
    }

    fn texts(&mut self, key: &str) -> Result<Vec<String>, LoadError> {
        let not_strings = || self.wrong(key, "takes a list of strings");
        match self.table.keys().find(|name| name.eq_ignore_ascii_case(key)).cloned() {
            None => Ok(Vec::new()),
            Some(name) => match self.table.get(&name) {
                Some(Value::Array(values)) => {
                    let texts =
                        values.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
                    let texts = texts.ok_or_else(not_strings)?;
                    self.table.remove(&name);
                    Ok(texts)
                }
                _ => Err(not_strings()),
            },
        }
    }

    fn flag(&mut self, key: &str) -> Result<bool, LoadError> {
        match self.take(key) {
            None => Ok(false),
            Some(Value::Boolean(flag)) => Ok(flag),
            Some(_) => Err(self.wrong(key, "takes true or false")),
        }
    }

    fn number(&mut self, key: &str) -> Result<Option<u64>, LoadError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Integer(number)) if number >= 0 => Ok(Some(number.unsigned_abs())),
            Some(_) => Err(self.wrong(key, "takes a whole number")),
        }
    }

    fn float(&mut self, key: &str) -> Result<Option<f64>, LoadError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Integer(number)) => Ok(Some(number as f64)),
            Some(Value::Float(number)) => Ok(Some(number)),
            Some(_) => Err(self.wrong(key, "takes a number")),
        }
    }

    fn pattern(&mut self, key: &str) -> Result<Option<Regex>, LoadError> {
        let Some(text) = self.text(key)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        pattern::compile(&text).map(Some).map_err(|problem| self.wrong(key, &problem))
    }

    fn patterns(&mut self, key: &str) -> Result<Vec<Regex>, LoadError> {
        self.texts(key)?
            .iter()
            .map(|text| pattern::compile(text).map_err(|problem| self.wrong(key, &problem)))
            .collect()
    }

    /// One table, or a list of them.
    fn tables(&mut self, key: &str) -> Result<Vec<Keys>, LoadError> {
        let values = match self.take(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(values)) => values,
            Some(value) => vec![value],
        };
        values
            .into_iter()
            .map(|value| match value {
                Value::Table(table) => Ok(Keys::new(table, &self.file, &self.rule)),
                _ => Err(self.wrong(key, "takes a table")),
            })
            .collect()
    }

    fn table(&mut self, key: &str) -> Result<Option<Keys>, LoadError> {
        Ok(self.tables(key)?.pop())
    }

    fn finish(self) -> Result<(), LoadError> {
        match self.table.keys().next() {
            None => Ok(()),
            Some(key) => Err(self.wrong(key, "is not a key that krea-scan knows; see rules/README.md")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse(text, "team.toml").expect_err("an error").to_string()
    }

    #[test]
    fn errors_name_file_rule_and_key() {
        let unknown = error("[[rules]]\nid = \"a\"\nregex = \"x\"\nregexx = \"y\"");
        assert!(["team.toml", "\"a\"", "regexx"].iter().all(|part| unknown.contains(part)), "{unknown}");
        let bad = error("[[rules]]\nid = \"a\"\nregex = \"(\"");
        assert!(
            ["team.toml", "\"a\"", "regex", "unclosed group"].iter().all(|part| bad.contains(part)),
            "{bad}"
        );
        assert!(error("[[rules]]\nregex = \"x\"").contains("rule number 1"));
        assert!(
            error("[[rules]]\nid=\"a\"\nregex=\"x\"\n[[rules]]\nid=\"a\"\nregex=\"x\"").contains("team.toml")
        );
        assert!(error("[[rules]]\nid=\"a\"\nregex=\"x\"\nkeywords=\"k\"").contains("list of strings"));
        assert!(error("[[rules]\n").contains("team.toml"));
        assert!(error("[[rules]]\nid=\"a\"\nregex=\"x\"\n[[rules.allowlists]]\nfoo=1").contains("foo"));
    }

    #[test]
    fn gitleaks_forms_are_read() {
        let file = parse(
            "title = \"t\"\n[extend]\nuseDefault = true\n[allowlist]\npaths = ['''a''']\n[[allowlists]]\ntargetRules = [\"b\"]\nstopWords = [\"X\"]\n\
             [[rules]]\nID = \"a\"\nRegex = '''(x)(y)'''\nsecretGroup = 2\nentropy = 3\n[rules.allowlist]\nregexTarget = \"line\"\nregexes = ['''z''']\n\
             [[rules]]\nid = \"b\"\npath = '''\\.p12$'''\n[[rules.required]]\nid = \"a\"\nwithinLines = 3",
            "team.toml",
        )
        .expect("loads");
        assert_eq!(file.rules[0].allowlists.len(), 2);
        assert_eq!(file.rules[1].allowlists.len(), 2);
        assert_eq!(file.notes.len(), 1);
        assert_eq!(file.rules[1].required[0].within_lines, Some(3));
    }
}
