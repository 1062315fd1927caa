//! Files of variables, as dotenv, shells, Docker and Compose read them: which variable stands where, and how one is set.
//!
//! Takes bytes and gives bytes; whatever is not the value of a variable that is set stays as it is. Where readers
//! differ (none of these formats has a specification), a value is written so that all of them read the same.

use std::ops::Range;
use zeroize::Zeroizing;

/// The variable that Krea's documentation names.
pub const DEFAULT_NAME: &str = "KREA_API_KEY";

/// The mark that Windows editors put before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// `NAME=value` in a file.
#[derive(Debug, PartialEq, Eq)]
struct Assignment {
    name: Range<usize>,
    /// Without quotes.
    value: Range<usize>,
    /// The quote before and after the value.
    quote: Option<u8>,
    /// Whether `export` stands before it.
    exported: bool,
}

impl Assignment {
    /// The value as it is written, quotes included.
    fn written(&self) -> Range<usize> {
        let quote = usize::from(self.quote.is_some());
        self.value.start - quote..self.value.end + quote
    }
}

/// A file after a variable was set.
#[derive(Debug)]
pub struct Edited {
    /// The whole file.
    pub bytes: Zeroizing<Vec<u8>>,
    /// The variables that hold the value now.
    pub names: Vec<String>,
}

/// The value holds what some reader would change, whatever quotes stand around it.
#[derive(Debug, PartialEq, Eq)]
pub struct Unquotable;

/// Whether a text is a variable's name in every shell.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Which variable is to be set.
#[derive(Clone, Copy, Debug)]
pub enum Variable<'a> {
    /// This one.
    Named(&'a str),
    /// Those that hold a value; where none does, the one of this name.
    Holding(Option<&'a [u8]>, &'a str),
}

/// Sets a variable to `new`. Every assignment of the variable is set, in the quotes that it has, and one is appended
/// where there is none.
pub fn set(bytes: &[u8], variable: Variable<'_>, new: &[u8]) -> Result<Edited, Unquotable> {
    let all = assignments(bytes);
    let mut names: Vec<&[u8]> = match variable {
        Variable::Holding(Some(old), _) => {
            all.iter().filter(|a| &bytes[a.value.clone()] == old).map(|a| &bytes[a.name.clone()]).collect()
        }
        _ => Vec::new(),
    };
    if names.is_empty() {
        let (Variable::Named(name) | Variable::Holding(_, name)) = variable;
        names.push(name.as_bytes());
    }
    names.sort_unstable();
    names.dedup();
    let set: Vec<&Assignment> = all.iter().filter(|a| names.contains(&&bytes[a.name.clone()])).collect();

    // Large enough from the start: a vector that grows leaves copies behind.
    let added = (set.len() + 1) * (new.len() + 2) + names[0].len() + b"export =\r\n\r\n".len();
    let mut edited = Zeroizing::new(Vec::with_capacity(bytes.len() + added));
    let mut copied = 0;
    for assignment in &set {
        let place = assignment.written();
        edited.extend_from_slice(&bytes[copied..place.start]);
        edited.extend_from_slice(&written(new, assignment.quote)?);
        copied = place.end;
    }
    edited.extend_from_slice(&bytes[copied..]);
    if set.is_empty() {
        let line_break: &[u8] = if ends_lines_with_crlf(bytes) { b"\r\n" } else { b"\n" };
        if !matches!(bytes.last(), None | Some(b'\n')) && bytes != BOM {
            edited.extend_from_slice(line_break);
        }
        if !all.is_empty() && all.iter().all(|assignment| assignment.exported) {
            edited.extend_from_slice(b"export ");
        }
        edited.extend_from_slice(names[0]);
        edited.push(b'=');
        edited.extend_from_slice(&written(new, None)?);
        edited.extend_from_slice(line_break);
    }
    let names = names.into_iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    Ok(Edited { bytes: edited, names })
}

/// Whether a variable is there and each of its assignments has this value.
pub fn holds(bytes: &[u8], name: &str, value: &[u8]) -> bool {
    let mut values = assignments(bytes)
        .into_iter()
        .filter(|assignment| &bytes[assignment.name.clone()] == name.as_bytes())
        .map(|assignment| &bytes[assignment.value])
        .peekable();
    values.peek().is_some() && values.all(|other| other == value)
}

/// The value as it is to be written: in the quotes that were there, else without, else in whatever quotes fit.
fn written(value: &[u8], quote: Option<u8>) -> Result<Zeroizing<Vec<u8>>, Unquotable> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_:+/=.-".contains(byte);
    let quoted = |quote: u8| Zeroizing::new([&[quote], value, &[quote]].concat());
    match quote.filter(|&quote| fits(value, quote)) {
        Some(quote) => Ok(quoted(quote)),
        None if !value.is_empty() && value.iter().all(plain) => Ok(Zeroizing::new(value.to_vec())),
        None => [b'\'', b'"'].into_iter().find(|&quote| fits(value, quote)).map(quoted).ok_or(Unquotable),
    }
}

/// Whether every reader takes the value as it is between such quotes. A backslash is never safe: some readers undo
/// escapes and some do not.
fn fits(value: &[u8], quote: u8) -> bool {
    let acts: &[u8] = match quote {
        b'"' => b"\"$`\\",
        b'\'' => b"'\\",
        _ => b"`\\",
    };
    value.iter().all(|byte| matches!(byte, b' '..=b'~') && !acts.contains(byte))
}

fn ends_lines_with_crlf(bytes: &[u8]) -> bool {
    bytes.iter().position(|&byte| byte == b'\n').is_some_and(|at| bytes[..at].ends_with(b"\r"))
}

/// Every assignment, in order. What stands inside another variable's quoted value is none.
fn assignments(bytes: &[u8]) -> Vec<Assignment> {
    let mut found = Vec::new();
    let mut at = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
    while at < bytes.len() {
        let assignment = assignment(bytes, at);
        // A quoted value may go on for lines.
        let last = assignment.as_ref().map_or(at, |assignment| assignment.written().end);
        at = line_end(bytes, last) + 1;
        found.extend(assignment);
    }
    found
}

/// The assignment in the line that starts at `start`.
fn assignment(bytes: &[u8], start: usize) -> Option<Assignment> {
    let mut at = skip_blanks(bytes, start);
    let word = skip(bytes, at, is_name_byte);
    let after = skip_blanks(bytes, word);
    let exported = &bytes[at..word] == b"export" && after > word;
    if exported {
        at = after;
    }
    let name = at..skip(bytes, at, is_name_byte);
    if name.is_empty() {
        return None;
    }
    let separator = skip_blanks(bytes, name.end);
    let after = match bytes.get(separator..)? {
        [b'=', ..] => separator + 1,
        [b':', b' ' | b'\t', ..] => separator + 2,
        _ => return None,
    };
    let first = skip_blanks(bytes, after);
    if let Some(&quote @ (b'"' | b'\'' | b'`')) = bytes.get(first)
        && let Some(end) = closing_quote(bytes, first, quote)
    {
        return Some(Assignment { name, value: first + 1..end, quote: Some(quote), exported });
    }
    let value = match &bytes[first..line_end(bytes, first)] {
        // Nothing but a comment: the value goes where it would stand.
        [] | [b'\r'] => after..after,
        [b'#', ..] if first > after => after..after,
        line => first..first + unquoted_len(line),
    };
    Some(Assignment { name, value, quote: None, exported })
}

/// The length of an unquoted value: up to a comment or the blanks at the line's end.
fn unquoted_len(line: &[u8]) -> usize {
    let comment = line.windows(2).position(|pair| matches!(pair, [b' ' | b'\t', b'#']));
    line[..comment.unwrap_or(line.len())].trim_ascii_end().len()
}

/// Where the quote that opens at `open` closes.
///
/// On its own line if it can. Over several lines only where nothing but a comment follows it, as dotenv has it: an
/// apostrophe in a plain text opens nothing. A backslash before a quote hides it from dotenv, and from a shell within
/// double quotes; a value that has no other quote on its line (`'C:\'`) ends there all the same.
fn closing_quote(bytes: &[u8], open: usize, quote: u8) -> Option<usize> {
    let end = line_end(bytes, open);
    let first = unescaped(bytes, open + 1, quote);
    if let Some(at) = first.filter(|&at| at < end) {
        return Some(at);
    }
    let last_of_line = bytes[open + 1..end].iter().rposition(|&byte| byte == quote).map(|at| open + 1 + at);
    let on_a_later_line = first.filter(|&at| {
        let rest = bytes[at + 1..line_end(bytes, at)].trim_ascii_start();
        rest.is_empty() || rest.starts_with(b"#")
    });
    if quote == b'\'' { last_of_line.or(on_a_later_line) } else { on_a_later_line.or(last_of_line) }
}

fn unescaped(bytes: &[u8], start: usize, quote: u8) -> Option<usize> {
    let mut escaped = false;
    bytes[start..]
        .iter()
        .position(|&byte| {
            let closes = byte == quote && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        })
        .map(|at| start + at)
}

/// Names in such files may hold more than a shell's.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, |byte| matches!(byte, b' ' | b'\t'))
}

fn skip(bytes: &[u8], at: usize, skipped: impl Fn(u8) -> bool) -> usize {
    bytes[at..].iter().position(|&byte| !skipped(byte)).map_or(bytes.len(), |more| at + more)
}

/// Where the line around `at` ends: at its line feed, or at the file's end.
fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |more| at + more)
}
