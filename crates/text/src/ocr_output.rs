//! Reads the lines of a text that is held piece by piece, as programs that read pictures give it: the strings of one name,
//! or of one list, in JSON, each a line; the words of a table of Tesseract's, which says what line each is in.

use super::{OriginStep, Text, TextBuilder, json_string};

/// The names that such services give to a line's text: AWS Textract, Azure, Google, Apple's Vision, Tesseract's and
/// Paddle's wrappers, Whisper.
const NAMES: [&[u8]; 12] = [
    b"text",
    b"Text",
    b"DetectedText",
    b"content",
    b"line",
    b"string",
    b"description",
    b"value",
    b"transcript",
    b"candidate",
    b"label",
    b"caption",
];
/// Strings longer than this are no lines.
const MAX_LINE_BYTES: usize = 16 << 10;

/// How a table of Tesseract's starts, its format `tsv`: a word a row, with the numbers of its page, block, paragraph, line.
const TABLE: &[u8] = b"level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\t";

/// The lines of a text that is held piece by piece; `None` for other texts, and for JSON that holds fewer than two strings of
/// one name.
pub fn lines(text: &Text<'_>) -> Option<Text<'static>> {
    let bytes = text.bytes();
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if start.starts_with(TABLE) {
        return Some(text.derive(words(bytes)));
    }
    if !matches!(start.first(), Some(b'{' | b'[')) {
        return None;
    }
    // In a list, strings have no name.
    let mut groups: Vec<Vec<(usize, usize)>> = vec![Vec::new(); NAMES.len() + 1];
    let mut key: Option<&[u8]> = None;
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'"', &bytes[at..]).map(|i| at + i) {
        let Some(end) = json_string::end(bytes, open + 1) else { break };
        let value = open + 1..end;
        at = end + 1;
        let behind = bytes[at..].trim_ascii_start();
        if behind.first() == Some(&b':') {
            key = Some(&bytes[value]);
            continue;
        }
        let before = bytes[..open].trim_ascii_end().last();
        let group = match (before, key) {
            (Some(b':'), Some(key)) => NAMES.iter().position(|name| *name == key),
            (Some(b',' | b'['), _) => Some(NAMES.len()),
            _ => None,
        };
        if let Some(group) = group.filter(|_| value.len() <= MAX_LINE_BYTES && !value.is_empty()) {
            groups[group].push((value.start, value.end));
        }
    }
    let mut out = TextBuilder::default();
    for (start, end) in groups.iter().filter(|group| group.len() > 1).flatten() {
        out.push(&bytes[*start..*end], *start, OriginStep::ONE);
        out.push(b"\n", *end, OriginStep::NONE);
    }
    (!out.bytes.is_empty()).then(|| text.derive(out))
}

/// The words of a table, those of one line beside one another.
fn words(bytes: &[u8]) -> TextBuilder {
    let mut out = TextBuilder::default();
    let mut last: &[u8] = b"";
    let mut at = 0;
    for row in bytes.split_inclusive(|&b| b == b'\n') {
        let text = row.trim_ascii_end();
        let start = memchr::memrchr(b'\t', text).map_or(text.len(), |tab| tab + 1);
        // Page, block, paragraph and line are the second to the fifth field.
        let mut tabs = memchr::memchr_iter(b'\t', text);
        let line = match (tabs.next(), tabs.nth(3)) {
            (Some(first), Some(fifth)) => &text[first..fifth],
            _ => b"",
        };
        if text.starts_with(b"5\t") && start < text.len() {
            let between: &[u8] = if line == last { b" " } else { b"\n" };
            out.push(between, at, OriginStep::NONE);
            out.push(&text[start..], at + start, OriginStep::ONE);
            last = line;
        }
        at += row.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        lines(&Text::plain(text.as_bytes())).map(|text| String::from_utf8_lossy(text.bytes()).into_owned())
    }

    #[test]
    fn strings_of_one_name_are_lines() {
        let json = r#"{"Blocks":[{"BlockType":"LINE","Text":"a b","Id":"1"},{"BlockType":"LINE","Text":"c","Id":"2"}]}"#;
        assert_eq!(read(json).as_deref(), Some("a b\nc\n"));
        assert_eq!(
            read(r#"[{"text":"a","confidence":1},{"text":"b \"c\""}]"#).as_deref(),
            Some("a\nb \\\"c\\\"\n")
        );
        assert_eq!(read(r#"{"lines":["a","b"]}"#).as_deref(), Some("a\nb\n"));
    }

    #[test]
    fn words_of_a_table_are_lines() {
        let head =
            "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n";
        let rows = "4\t1\t1\t1\t1\t0\t1\t1\t1\t1\t-1\t\n5\t1\t1\t1\t1\t1\t1\t1\t1\t1\t96\ta\n5\t1\t1\t1\t1\t2\t1\t1\t1\t1\t9\tb\n5\t1\t1\t1\t2\t1\t1\t1\t1\t1\t96.5\tc\n";
        assert_eq!(read(&format!("{head}{rows}")).as_deref(), Some("\na b\nc"));
    }

    #[test]
    fn other_texts_have_no_such_lines() {
        for text in [
            "\"text\": \"a\", \"text\": \"b\"",
            r#"{"text":"a"}"#,
            r#"{"id":"a","name":"b"}"#,
            "",
            "[",
            "{\"text\":\"a",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
