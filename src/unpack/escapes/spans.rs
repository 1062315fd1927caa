//! The tags that colour code on a page: what highlighters put around names, signs and parts of values (Pygments, Rouge, Chroma,
//! Prism, highlight.js). They say nothing of what they colour.

use crate::unpack::{Step, Text, TextBuilder};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// A `<span>` with nothing but looks, and its end.
static SPAN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)</span\s{0,8}>|<span(?:\s{1,8}(?:class|style|id|data-line(?:-number)?)=(?:"[^"<>]{0,160}"|'[^'<>]{0,160}'))*\s{0,8}>"#,
    )
    .expect("a constant pattern")
});

/// A text without such tags; `None` when it has none.
pub fn remove<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    memchr::memmem::find(bytes, b"</span")?;
    let mut out = TextBuilder::default();
    let mut copied = 0;
    for tag in SPAN.find_iter(bytes) {
        out.push(&bytes[copied..tag.start()], copied, Step::ONE);
        copied = tag.end();
    }
    if copied == 0 {
        return None;
    }
    out.push(&bytes[copied..], copied, Step::ONE);
    Some(text.derive(out))
}

#[cfg(test)]
mod tests {
    use crate::unpack::escapes::tests::undone;

    #[test]
    fn what_colours_code_is_taken_out() {
        let coloured = r#"<span class="nv">NAME</span><span class='o'>=</span>va<span class="mi" style="color: red">lue</span>"#;
        assert_eq!(undone(coloured), "NAME=value");
        for kept in [r#"<span data-key="value">x"#, "<span title='NAME'>", "<spanner>x</b>"] {
            assert_eq!(undone(kept), kept);
        }
    }
}
