//! Text from strangers, made safe to show: a path, an author or a line of a file may hold terminal escapes, line
//! breaks, or characters that turn the reading direction around or cannot be seen. They are written out visibly.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use std::borrow::Cow;

/// What stays as it is in a URI's path: RFC 3986's unreserved characters, and the slash.
pub const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Writes out every character that a terminal or a log would act on, as Rust does: `\n`, `\t`, `\u{1b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// As [`visible`], for a line of a file: tabs stay as they are.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    escape(text, |c| c == '\t')
}

/// Escapes the message of a GitHub workflow command.
pub fn github_data(text: &str) -> Cow<'_, str> {
    match visible(text) {
        text if text.contains('%') => Cow::Owned(text.replace('%', "%25")),
        text => text,
    }
}

/// Escapes the value of a workflow command's property. Line breaks take GitHub's form, which names the very file; all else
/// that a log would act on is written out.
pub fn github_property(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '\r', '\n', ':', ',']) {
        return visible(text);
    }
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    Cow::Owned(visible(&text.replace(':', "%3A").replace(',', "%2C")).into_owned())
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let acts = |c: char| !keep(c) && (c.is_control() || is_unseen(c));
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// Characters without a shape of their own: direction marks and overrides, joiners, selectors, fillers, tags, separators
/// (Unicode's `Default_Ignorable_Code_Point`, and its general categories Cf, Zl and Zp as far as they are in use). Whoever
/// compares text by its meaning, as a runner of .NET does, passes over them.
pub fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_written_out() {
        assert_eq!(visible("a\u{1b}[2Jb\r\n\tc\u{7f}\u{9b}"), "a\\u{1b}[2Jb\\r\\n\\tc\\u{7f}\\u{9b}");
        assert_eq!(visible("\u{202e}gpj.\u{2066}exe\u{200b}"), "\\u{202e}gpj.\\u{2066}exe\\u{200b}");
    }

    #[test]
    fn ordinary_text_stays() {
        assert!(matches!(visible("caf\u{e9} \\ \"x\" \u{2022}"), Cow::Borrowed(_)));
        assert_eq!(visible_line("\tx\u{1b}"), "\tx\\u{1b}");
    }
}
