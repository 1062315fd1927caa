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
struct VariableLine {
    name: Range<usize>,
    /// Without quotes.
    value: Range<usize>,
    /// The quote before and after the value.
    quote: Option<u8>,
    /// Whether `export` stands before it.
    exported: bool,
}

impl VariableLine {
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
#[derive(Clone, Copy)]
pub enum Variable<'a> {
    /// This one.
    Named(&'a str),
    /// Those that hold such a value; where none does, the one of this name.
    Holding(&'a dyn Fn(&[u8]) -> bool, &'a str),
}

/// Sets a variable to `new`. Every assignment of the variable is set, in the quotes that it has, and one is appended
/// where there is none.
pub fn set(bytes: &[u8], variable: Variable<'_>, new: &[u8]) -> Result<Edited, Unquotable> {
    let all = assignments(bytes);
    let mut names: Vec<&[u8]> = match variable {
        Variable::Holding(is_old, _) => {
            all.iter().filter(|a| is_old(&bytes[a.value.clone()])).map(|a| &bytes[a.name.clone()]).collect()
        }
        Variable::Named(_) => Vec::new(),
    };
    if names.is_empty() {
        let (Variable::Named(name) | Variable::Holding(_, name)) = variable;
        names.push(name.as_bytes());
    }
    names.sort_unstable();
    names.dedup();
    let set: Vec<&VariableLine> = all.iter().filter(|a| names.contains(&&bytes[a.name.clone()])).collect();

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

/// Whether any variable has this value.
pub fn is_anywhere(bytes: &[u8], value: &[u8]) -> bool {
    assignments(bytes).into_iter().any(|assignment| &bytes[assignment.value] == value)
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
fn assignments(bytes: &[u8]) -> Vec<VariableLine> {
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
fn assignment(bytes: &[u8], start: usize) -> Option<VariableLine> {
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
        return Some(VariableLine { name, value: first + 1..end, quote: Some(quote), exported });
    }
    let value = match &bytes[first..line_end(bytes, first)] {
        // Nothing but a comment: the value goes where it would stand.
        [] | [b'\r'] => after..after,
        [b'#', ..] if first > after => after..after,
        line => first..first + unquoted_len(line),
    };
    Some(VariableLine { name, value, quote: None, exported })
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

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "old:value";
    const NEW: &str = "new:value";

    /// Sets `name` and gives the file and the variables.
    fn set_in(text: &str, name: Option<&str>, new: &str) -> (String, Vec<String>) {
        let variable = match name {
            Some(name) => Variable::Named(name),
            None => Variable::Holding(&|value| value == OLD.as_bytes(), DEFAULT_NAME),
        };
        let edited = set(text.as_bytes(), variable, new.as_bytes()).unwrap();
        for name in &edited.names {
            assert!(holds(&edited.bytes, name, new.as_bytes()), "{text:?}: {name}");
        }
        (String::from_utf8(edited.bytes.to_vec()).unwrap(), edited.names)
    }

    /// Sets `KREA_API_KEY`.
    fn key_set_in(text: &str) -> String {
        set_in(text, Some(DEFAULT_NAME), NEW).0
    }

    #[test]
    fn nothing_but_the_value_changes() {
        for (line, expected) in [
            ("KREA_API_KEY=x", "KREA_API_KEY=new:value"),
            ("KREA_API_KEY=", "KREA_API_KEY=new:value"),
            ("KREA_API_KEY=   ", "KREA_API_KEY=new:value   "),
            ("KREA_API_KEY= # to do", "KREA_API_KEY=new:value # to do"),
            ("KREA_API_KEY=x # note", "KREA_API_KEY=new:value # note"),
            ("KREA_API_KEY=a#b\t# note", "KREA_API_KEY=new:value\t# note"),
            (" \texport  KREA_API_KEY = x  ", " \texport  KREA_API_KEY = new:value  "),
            ("KREA_API_KEY=\"x\" # \"note\"", "KREA_API_KEY=\"new:value\" # \"note\""),
            ("KREA_API_KEY='x y'", "KREA_API_KEY='new:value'"),
            ("KREA_API_KEY=`x`", "KREA_API_KEY=`new:value`"),
            ("KREA_API_KEY=\"\"", "KREA_API_KEY=\"new:value\""),
            ("KREA_API_KEY=\"a\\\"b\"", "KREA_API_KEY=\"new:value\""),
            ("KREA_API_KEY=\"open", "KREA_API_KEY=new:value"),
            ("KREA_API_KEY: x", "KREA_API_KEY: new:value"),
            ("KREA_API_KEY: ", "KREA_API_KEY: new:value"),
            ("export=1\nKREA_API_KEY=x", "export=1\nKREA_API_KEY=new:value"),
        ] {
            for (before, after) in
                [("", ""), ("\u{feff}", ""), ("A=1\r\n", "\r\n# b\r\nC=\"3\"\r\n"), ("\n\n", "\n")]
            {
                let text = format!("{before}{line}{after}");
                assert_eq!(key_set_in(&text), format!("{before}{expected}{after}"), "{text:?}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_the_variable_stays() {
        for line in [
            "# KREA_API_KEY=x",
            "MY_KREA_API_KEY=x",
            "KREA_API_KEY_2=x",
            "KREA_API_KEY.B=x",
            "krea_api_key=x",
            "KREA_API_KEY",
            "KREA_API_KEY x=1",
            "A=KREA_API_KEY=x",
            "A=\"one\nKREA_API_KEY=x\nthree\"",
            "A='one\nKREA_API_KEY=x\n' # note",
            "A=`one\n\nKREA_API_KEY=x`",
            "A=\"one\r\nKREA_API_KEY=\\\"x\\\"\r\nthree\"\r",
            "A=\"C:\\\\\\\"\nKREA_API_KEY=x\n\"",
        ] {
            let text = format!("{line}\nB=2\n");
            assert_eq!(key_set_in(&text).trim_end(), format!("{text}KREA_API_KEY=new:value"), "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_closes_nowhere_opens_nothing() {
        for before in [
            "A='tis fine\nB='x'",
            "A=\"half",
            "A='C:\\'",
            "A=it's",
            "A=\"C:\\\"",
            "A=\"x\\\"\nB=\"y\" z",
            "A='",
        ] {
            let text = format!("{before}\nKREA_API_KEY=x\n");
            assert_eq!(key_set_in(&text), format!("{before}\nKREA_API_KEY=new:value\n"), "{text:?}");
        }
    }

    #[test]
    fn every_assignment_of_the_variable_is_set() {
        let text = "KREA_API_KEY=x\nA=1\nexport KREA_API_KEY='y'\n";
        assert_eq!(key_set_in(text), "KREA_API_KEY=new:value\nA=1\nexport KREA_API_KEY='new:value'\n");
        let (edited, names) = set_in("A=old:value\nB=x\nA=x\nC=\"old:value\"\n", None, NEW);
        assert_eq!(edited, "A=new:value\nB=x\nA=new:value\nC=\"new:value\"\n");
        assert_eq!(names, ["A", "C"]);
    }

    #[test]
    fn without_a_name_the_variable_with_the_old_token_is_set() {
        let text = "KREA_API_KEY=x\nVITE_KREA='old:value'\n";
        assert_eq!(set_in(text, None, NEW).0, "KREA_API_KEY=x\nVITE_KREA='new:value'\n");
        assert_eq!(set_in("KREA_API_KEY=x", None, NEW).0, "KREA_API_KEY=new:value");
        assert_eq!(set_in(text, Some("OTHER"), NEW).0, format!("{text}OTHER=new:value\n"));
    }

    #[test]
    fn what_is_not_there_is_appended_in_the_style_of_the_file() {
        for (text, expected) in [
            ("", "KREA_API_KEY=new:value\n"),
            ("\u{feff}", "\u{feff}KREA_API_KEY=new:value\n"),
            ("A=1", "A=1\nKREA_API_KEY=new:value\n"),
            ("A=1\r\nB=2", "A=1\r\nB=2\r\nKREA_API_KEY=new:value\r\n"),
            ("A=1\n\n", "A=1\n\nKREA_API_KEY=new:value\n"),
            ("# direnv\nexport A=1\n", "# direnv\nexport A=1\nexport KREA_API_KEY=new:value\n"),
            ("export A=1\nB=2\n", "export A=1\nB=2\nKREA_API_KEY=new:value\n"),
        ] {
            assert_eq!(key_set_in(text), expected);
        }
    }

    #[test]
    fn a_value_is_quoted_only_where_it_must_be() {
        for (old, new, expected) in [
            ("x", "aZ09_:+/=.-", "aZ09_:+/=.-"),
            ("x", "a b", "'a b'"),
            ("x", "a#b$c", "'a#b$c'"),
            ("x", "a'b", "\"a'b\""),
            ("\"x\"", "a$b", "'a$b'"),
            ("'x'", "a'b", "\"a'b\""),
            ("`x`", "a`b", "'a`b'"),
            ("\"x\"", "a b", "\"a b\""),
        ] {
            let (text, _) = set_in(&format!("A={old}\n"), Some("A"), new);
            assert_eq!(text, format!("A={expected}\n"));
        }
        for new in ["a\\b", "a'b$c", "a\nb", "a\tb", "\u{e9}\u{e9}", "'\""] {
            assert_eq!(set(b"", Variable::Named("A"), new.as_bytes()).unwrap_err(), Unquotable, "{new:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let edited =
            set(b"A=\xe9\xff # \xfc\nKREA_API_KEY=x\n", Variable::Holding(&|_| false, DEFAULT_NAME), b"new")
                .unwrap();
        assert_eq!(edited.bytes.as_slice(), b"A=\xe9\xff # \xfc\nKREA_API_KEY=new\n");
    }

    #[test]
    fn names_are_what_a_shell_takes() {
        assert!(["A", "_", "KREA_API_KEY", "a1"].into_iter().all(is_name));
        assert!(!["", "1A", "A-B", "A.B", "A B", "\u{c4}", "A="].into_iter().any(is_name));
    }

    #[test]
    fn any_bytes_are_read_to_their_end() {
        // Every text of up to six of the characters that mean something.
        let alphabet = b"A=:\"'\\\n #";
        for length in 0..=6_u32 {
            for number in 0..alphabet.len().pow(length) {
                let digit = |place: u32| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
                let text: Vec<u8> = (0..length).map(digit).collect();
                let edited = set(&text, Variable::Named("A"), b"new").unwrap();
                assert!(holds(&edited.bytes, "A", b"new"), "{:?}", text.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn a_variable_that_holds_the_old_value_comes_before_the_default() {
        let set_in = |text: &str| {
            let variable = Variable::Holding(&|value| value == OLD.as_bytes(), "KREA_API_KEY_2");
            set(text.as_bytes(), variable, NEW.as_bytes()).unwrap().names
        };
        assert_eq!(set_in("A=old:value\nKREA_API_KEY=x\n"), ["A"]);
        assert_eq!(set_in("KREA_API_KEY=x\n"), ["KREA_API_KEY_2"]);
    }
}
