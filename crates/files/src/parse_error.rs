//! What parsers say of a file they refuse, without the file's own text: parsers quote the line or the value that they
//! stumble over, and in a configuration that may be a token. Takes a parser's error, gives one line.

/// What is wrong in a TOML file, and where.
pub fn toml(error: &toml::de::Error, text: &str) -> String {
    let message = without_values(error.message());
    let Some(start) = error.span().map(|span| span.start.min(text.len())) else { return message };
    let line = 1 + text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count();
    format!("line {line}: {message}")
}

/// What is wrong in a JSON file, and where.
pub fn json(error: &serde_json::Error) -> String {
    without_values(&error.to_string())
}

/// What is wrong in a regular expression. The `regex` crate shows the expression, with its complaint on the last line.
pub fn regex(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// Leaves out what stands between double quotes, which is how `serde` shows values. Names of keys stand between
/// backticks and stay, unless one has a colon, as a token has.
fn without_values(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    let mut rest = message.trim();
    while let Some(at) = rest.find(['"', '`']) {
        let (before, quoted) = rest.split_at(at);
        shown.push_str(before);
        let quote = if quoted.starts_with('"') { '"' } else { '`' };
        let end = closing(quoted, quote).unwrap_or(quoted.len());
        let inside = &quoted[..end];
        if quote == '`' && !inside.contains(':') {
            shown.push_str(inside);
        } else {
            shown.extend([quote, '…', quote]);
        }
        rest = &quoted[end..];
    }
    (shown + rest).replace('\n', " ")
}

/// Where a quoted part ends, behind its closing quote.
fn closing(quoted: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    quoted.char_indices().skip(1).find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn toml_is_told_by_line_and_never_quoted() {
        let refused = |text: &str| toml(&toml::from_str::<HashMap<String, u8>>(text).unwrap_err(), text);
        assert_eq!(refused("a = 1\nb = \"hid\\\"den\""), "line 2: invalid type: string \"…\", expected u8");
        for text in
            ["a = \"hidden", "hidden", "a = hidden", "\"x:hidden\" = \"hidden\"", "a = \"hidden\nb = 1"]
        {
            assert!(!refused(text).contains("hidden"), "{}", refused(text));
        }
    }

    #[test]
    fn json_is_told_by_line_and_never_quoted() {
        let refused = |text: &str| json(&serde_json::from_str::<Vec<u8>>(text).unwrap_err());
        assert_eq!(
            refused("\n\"hidden\""),
            "invalid type: string \"…\", expected a sequence at line 2 column 8"
        );
    }

    #[test]
    fn an_expression_is_not_quoted() {
        #[expect(clippy::invalid_regex, reason = "an error is wanted")]
        let error = regex::Regex::new("hidden(").unwrap_err();
        assert_eq!(regex(&error), "unclosed group");
    }
}
