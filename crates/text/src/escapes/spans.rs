//! The tags that colour code on a page: what highlighters put around names, signs and parts of values (Pygments, Rouge, Chroma,
//! Prism, highlight.js). They say nothing of what they colour.

use crate::Text;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Tags in a row, each a `<span>` with nothing but looks, or the end of one.
static SPANS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)(?:</span\s{0,8}>|<span(?:\s{1,8}(?:class|style|id|data-line(?:-number)?)=(?:"[^"<>]{0,160}"|'[^'<>]{0,160}'))*\s{0,8}>)+"#,
    )
    .expect("a constant pattern")
});

/// A text without such tags, but for those that stand between two words: whether these are one, the page says and not the text.
/// `None` when it has none.
pub fn remove<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    memchr::memmem::find(bytes, b"</span")?;
    let tags = SPANS.find_iter(bytes).map(|tags| tags.range()).filter(|tags| !parts_words(bytes, tags));
    text.replaced(tags.map(|tags| (tags, &b""[..])))
}

/// Whether tags stand between two words, or between a value that `=` fills up and a word. A `=` by itself is a sign.
fn parts_words(bytes: &[u8], tags: &Range<usize>) -> bool {
    let is_letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'/');
    let ends_word = match bytes[..tags.start] {
        [.., b'>', b'='] => false,
        [.., b'='] => true,
        [.., ref last] => is_letter(last),
        [] => false,
    };
    ends_word && bytes.get(tags.end).is_some_and(is_letter)
}

#[cfg(test)]
mod tests {
    use crate::escapes::tests::undone;

    #[test]
    fn what_colours_code_is_taken_out() {
        let coloured =
            r#"<span class="nv">NAME</span><span class='o'>=</span>value<span style="color: red">;</span> x"#;
        assert_eq!(undone(coloured), "NAME=value; x");
        for kept in [
            r#"<span data-key="value">x"#,
            "<span title='NAME'>",
            "<spanner>x</b>",
            "one<span>two</span>three",
        ] {
            assert_eq!(undone(kept), kept);
        }
    }
}
