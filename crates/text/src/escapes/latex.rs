//! Code that was coloured for LaTeX: by Pygments, as `minted` and Sphinx keep it, `\PY{n+nv}{KREA\PYZus{}KEY}` is `KREA_KEY`
//! (the letters behind `\PY` are a style's); by pandoc, `\VariableTok{KREA\_KEY}\OperatorTok{=}\NormalTok{ab{-}cd}`.

use crate::Text;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// A sign that is spelt out, the start of what has a colour, and the brace that ends one.
static MARKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?-u)\\PY[A-Za-z]{0,30}?(?:Z([a-z]{2})\{\}|\{[\w+-]{0,40}\}\{)|\\[A-Z][A-Za-z]{1,20}Tok\{|\\text([a-z]{4,20})\{\}|\{(-)\}|\}",
    )
    .expect("a constant pattern")
});

/// The text without such marks; `None` when it has none.
pub fn undo<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    let is_coloured = |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some();
    if !is_coloured(br"\PY") && !is_coloured(b"Tok{") {
        return None;
    }
    let mut depth = 0usize;
    let marks = MARKS.captures_iter(bytes).filter_map(|mark| {
        let whole = mark.get_match();
        let name = mark.get(1).or(mark.get(2)).or(mark.get(3));
        let sign = match (name, whole.as_bytes()) {
            (Some(name), _) => sign(name.as_bytes())?,
            (None, b"}") => {
                // A brace of the code's own is spelt out.
                depth = depth.checked_sub(1)?;
                b""
            }
            (None, _) => {
                depth += 1;
                b""
            }
        };
        Some((whole.range(), sign))
    });
    text.replaced(marks)
}

/// The sign of a name, Pygments' or LaTeX's own.
fn sign(name: &[u8]) -> Option<&'static [u8]> {
    const SIGNS: [(&[u8], &[u8]); 22] = [
        (b"-", b"-"),
        (b"quotesingle", b"'"),
        (b"quotedbl", b"\""),
        (b"backslash", b"\\"),
        (b"asciitilde", b"~"),
        (b"less", b"<"),
        (b"greater", b">"),
        (b"bs", b"\\"),
        (b"us", b"_"),
        (b"ob", b"{"),
        (b"cb", b"}"),
        (b"ca", b"^"),
        (b"am", b"&"),
        (b"lt", b"<"),
        (b"gt", b">"),
        (b"sh", b"#"),
        (b"pc", b"%"),
        (b"dl", b"$"),
        (b"hy", b"-"),
        (b"sq", b"'"),
        (b"dq", b"\""),
        (b"ti", b"~"),
    ];
    SIGNS.iter().find(|(known, _)| name == *known).map(|(_, sign)| *sign)
}

#[cfg(test)]
mod tests {
    use crate::escapes::tests::undone;

    #[test]
    fn coloured_code_is_the_code() {
        for (coloured, code) in [
            (r"\PY{n+nv}{KREA\PYZus{}KEY}\PY{o}{=}ab\PYZhy{}cd", "KREA_KEY=ab-cd"),
            (
                r"\PY{p}{\PYZob{}}\PY{n+nt}{\PYZdq{}key\PYZdq{}}\PY{p}{:}\PY{+w}{ }\PY{p}{\PYZcb{}}",
                "{\"key\": }",
            ),
            (r"\PYG{n}{krea}\PYG{o}{=}\PYGZsq{}x\PYGZsq{}", "krea='x'"),
            (r"\PYGdefault{n}{a\PYGdefaultZus{}b}", "a_b"),
            (
                r"\VariableTok{KREA\_KEY}\OperatorTok{=}\StringTok{\textquotesingle{}ab{-}cd\textquotesingle{}}",
                "KREA_KEY='ab-cd'",
            ),
        ] {
            assert_eq!(undone(coloured), code);
        }
        assert_eq!(undone(r"a \PYTHON{} b"), r"a \PYTHON{} b");
    }
}
