//! Delimiters in a text that are letters of a value's alphabet as well: `_value_`, `[-value-]`, `${NAME:-value}`,
//! `s/NAME=.*/NAME=value/`, `value==>other`, `-value` in a patch.
//!
//! Takes a text and a place; says what stands there. Never decides: [`super`] weighs it.

use super::Field;
use std::ops::Range;

/// How far a line is looked at on either side, in bytes.
const REACH: usize = 4096;
/// How far back a patch says that it is one, in bytes.
const PATCH_REACH: usize = 64 << 10;
/// More delimiters in a row belong to nothing, on either side.
const MAX_DELIMITERS: usize = 8;
/// What quotes with the character behind it: Perl's, Ruby's, Elixir's, LaTeX's.
const OPERATORS: [&[u8]; 13] =
    [b"q", b"qq", b"qw", b"%q", b"%Q", b"%w", b"%W", b"%", b"~s", b"~S", b"~w", b"\\verb", b"\\verb*"];
/// The letters of the longest one.
const MAX_OPERATOR_CHARS: usize = 6;

/// Whether a character may be a delimiter and a letter both.
pub fn is_both(b: u8) -> bool {
    matches!(b, b'-' | b'_' | b'=' | b'+' | b'/')
}

/// Whether a character is one that people put around a text to mark it.
fn is_mark(b: u8) -> bool {
    is_both(b) || matches!(b, b'*' | b'~' | b'|' | b'^' | b'[' | b']' | b'{' | b'}' | b'(' | b')')
}

/// What closes what a mark opens.
fn closing(b: u8) -> u8 {
    match b {
        b'[' => b']',
        b'{' => b'}',
        b'(' => b')',
        b => b,
    }
}

/// How many marks right before `start` those right behind `end` close. A name's `=` opens nothing, nor does what has another
/// meaning.
pub fn pairs(text: &[u8], start: usize, end: usize) -> usize {
    if !text[..start].last().is_some_and(|&b| is_mark(b))
        || is_default(text, start)
        || patch_marks(text, start) > 0
    {
        return 0;
    }
    let before: Vec<u8> =
        text[..start].iter().rev().copied().take(MAX_DELIMITERS).take_while(|&b| is_mark(b)).collect();
    let after = text[end..].iter().copied().take(MAX_DELIMITERS).take_while(|&b| is_mark(b));
    let paired = before.iter().zip(after).take_while(|(open, close)| closing(**open) == *close).count();
    let outside = text[..start - paired].last();
    let assigns = paired > 0 && before[paired - 1] == b'=' && outside.is_some_and(|&b| ends_a_name(b));
    paired - usize::from(assigns)
}

/// Whether a mark right behind a span ends the change of a word diff that starts before it on its line, with its name in it:
/// `[-NAME=value-]`, `{+NAME=value+}`.
pub fn ends_change(text: &[u8], span: &Range<usize>, mark: u8) -> bool {
    let (opening, close) = match mark {
        b'-' => (b"[-", b']'),
        b'+' => (b"{+", b'}'),
        _ => return false,
    };
    let floor = span.start.saturating_sub(REACH);
    let line = memchr::memrchr(b'\n', &text[floor..span.start]).map_or(floor, |newline| floor + newline + 1);
    let before = &text[line..span.start];
    let start = memchr::memmem::rfind(before, opening);
    text[span.end..].starts_with(&[mark, close])
        && start.is_some_and(|start| memchr::memmem::find(&before[start..], &[mark, close]).is_none())
}

fn ends_a_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'"' | b'\'' | b'`' | b']' | b')' | b':' | b'?')
}

/// Whether the character before `at` is the last one of `${NAME:-`, `${NAME-`, `${NAME:=`, `${NAME:+` or `${NAME:?`.
pub fn is_default(text: &[u8], at: usize) -> bool {
    let Some((b'-' | b'=' | b'+' | b'?', before)) = text[..at].split_last() else { return false };
    let before = before.strip_suffix(b":").unwrap_or(before);
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'[' | b']' | b'@' | b'!');
    let name = before.iter().rev().take(100).take_while(|&&b| is_name(b)).count();
    name > 0 && before[..before.len() - name].ends_with(b"${")
}

/// Whether the character before `at` is the letter of an option that its value is glued to: `-uvalue`.
pub fn is_option(text: &[u8], at: usize) -> bool {
    let Some((letter, before)) = text[..at].split_last() else { return false };
    let outside = before.strip_suffix(b"-").map(|outside| outside.last());
    letter.is_ascii_alphabetic()
        && outside.is_some_and(|b| b.is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b'"' | b'\'')))
}

/// Whether the character before `at` is the letter of an escape that was not undone: `\N`, `\1`.
pub fn is_escape(text: &[u8], at: usize) -> bool {
    matches!(text[..at], [.., b'\\', letter] if letter.is_ascii_alphanumeric())
}

/// Whether the reference to a group stands right before a place, in the text that replaces a match: `$1`.
pub fn is_reference(text: &[u8], at: usize) -> bool {
    matches!(text[..at], [.., b'$', b'0'..=b'9'])
}

/// Where a value may start behind a quoting operator that starts no later than at `at`, and the character that it is quoted
/// with: `q=value=`, `%q_value_`, `\verb_value_`.
pub fn behind_operator(text: &[u8], at: usize) -> Option<usize> {
    let first = at.saturating_sub(1);
    let last = text.len().min(at + MAX_OPERATOR_CHARS + 1);
    (first + 1..=last).find(|&start| is_behind_operator(text, start))
}

/// Whether a quoting operator and the character that it quotes with stand before a place.
fn is_behind_operator(text: &[u8], start: usize) -> bool {
    let Some((mark, before)) = text[..start].split_last() else { return false };
    let follows = |operator: &&[u8]| {
        before.strip_suffix(*operator).is_some_and(|outside| {
            matches!(
                outside.last(),
                None | Some(b' ' | b'\t' | b'\n' | b'(' | b'[' | b'{' | b',' | b'=' | b'>')
            ) || operator.starts_with(b"\\")
        })
    };
    is_mark(*mark) && OPERATORS.iter().any(follows)
}

/// Where what starts behind a quoting operator ends: where the operator's character comes again.
pub fn operator_end(text: &[u8], start: usize) -> Option<usize> {
    let rest = is_behind_operator(text, start).then(|| &text[start..text.len().min(start + REACH)])?;
    memchr::memchr(closing(text[start - 1]), rest).map(|length| start + length)
}

/// How many marks of a patch stand right before `at`: the line starts with them.
pub fn patch_marks(text: &[u8], at: usize) -> usize {
    let marks = text[..at].iter().rev().take(3).take_while(|b| matches!(b, b'-' | b'+')).count();
    let starts_line = text[..at - marks].last().is_none_or(|&b| b == b'\n');
    if marks == 0 || marks > 2 || !starts_line || !is_patch(&text[at.saturating_sub(PATCH_REACH)..at]) {
        return 0;
    }
    marks
}

/// Whether a text is a patch up to here: it has the head of a hunk.
pub fn is_patch(before: &[u8]) -> bool {
    memchr::memmem::rfind_iter(before, b"@@ -").any(|at| at == 0 || matches!(before[at - 1], b'\n' | b'@'))
}

/// How long the shaft of the arrow is that stands at `at`: `==>`, `=>`, `-->`, `->`.
pub fn arrow(text: &[u8], at: usize) -> usize {
    match text[at..] {
        [b'=', b'=', b'>', ..] | [b'-', b'-', b'>', ..] => 2,
        [b'=', b'>', ..] | [b'-', b'>', ..] => 1,
        _ => 0,
    }
}

/// The delimiters in a span and right beside it that part it for certain: those of `${NAME-value}` and of an expression
/// that replaces one text by another, `s/a/value/g`, whatever they are. In order.
pub fn certain(field: &Field<'_>, span: &Range<usize>) -> Vec<usize> {
    let mut found = default_operator(field.bytes(), span);
    let is_near = |at: &usize| (span.start..=span.end + 1).contains(&(at + 1));
    found.extend(expression(field, span).into_iter().filter(is_near));
    found.sort_unstable();
    found
}

/// The operator behind the name in `${NAME:-value}`, where the span starts with the name.
fn default_operator(text: &[u8], span: &Range<usize>) -> Vec<usize> {
    if !text[..span.start].ends_with(b"${") {
        return Vec::new();
    }
    let name = text[span.clone()].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let at = span.start + name;
    match text[at..] {
        [b':', b'-' | b'=' | b'+' | b'?', ..] if name > 0 => vec![at, at + 1],
        [b'-' | b'=' | b'+' | b'?', ..] if name > 0 => vec![at],
        _ => Vec::new(),
    }
}

/// The three delimiters of the expression that a span starts in.
fn expression(field: &Field<'_>, span: &Range<usize>) -> Vec<usize> {
    let text = field.bytes();
    let quote = |at: Option<&u8>| at.is_some_and(|b| matches!(b, b'"' | b'\'' | b'`'));
    let is_quoted = quote(text[..span.start].last()) && quote(text.get(span.end));
    let floor = span.start.saturating_sub(REACH);
    let floor = memchr::memrchr(b'\n', &text[floor..span.start]).map_or(floor, |newline| floor + newline + 1);
    let ceiling = text.len().min(span.end + REACH);
    let ceiling =
        memchr::memchr(b'\n', &text[span.end..ceiling]).map_or(ceiling, |newline| span.end + newline);
    for s in memchr::memchr2_iter(b's', b'S', &text[floor..=span.start.min(text.len() - 1)])
        .map(|at| floor + at)
        .rev()
    {
        // A letter may be one too, at the start of a script.
        let starts_script = s > 0 && quote(text[..s].last());
        let may_part =
            |b: &&u8| b.is_ascii_punctuation() && **b != b'\\' || starts_script && b.is_ascii_alphabetic();
        let Some(&delimiter) = text.get(s + 1).filter(may_part) else {
            continue;
        };
        if s > 0 && !may_stand_before_command(text[s - 1]) || is_quoted && s < span.start {
            continue;
        }
        // An escaped one is a letter, in a text that is escaped as a whole all are.
        let is_made = field.is_made(s + 1);
        let same = memchr::memchr_iter(delimiter, &text[s + 1..ceiling]).map(|at| s + 1 + at);
        let found: Vec<usize> = same.filter(|&at| field.is_made(at) == is_made).take(3).collect();
        if found.len() == 3 && found[2] > span.start && ends_command(text, found[2] + 1) {
            return found;
        }
    }
    Vec::new()
}

/// Whether a command of sed's may stand behind a character: at the start of a script, behind another one or an address.
fn may_stand_before_command(b: u8) -> bool {
    b.is_ascii_whitespace()
        || b.is_ascii_digit()
        || matches!(
            b,
            b'\'' | b'"' | b'`' | b';' | b'{' | b'}' | b'/' | b'$' | b'%' | b'!' | b',' | b'(' | b'='
        )
}

/// Whether a command ends here, behind its flags.
fn ends_command(text: &[u8], at: usize) -> bool {
    let rest = &text[at..text.len().min(at + 16)];
    let flags = rest.iter().take_while(|b| b.is_ascii_digit() || b"gpiIemMxwcns".contains(b)).count();
    rest.get(flags).is_none_or(|b| {
        b.is_ascii_whitespace()
            || matches!(b, b'\'' | b'"' | b'`' | b';' | b'}' | b')' | b'<' | b'#' | b'\\' | b',')
    })
}
