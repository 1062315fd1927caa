//! Code that Pygments coloured for LaTeX, as `minted` and Sphinx keep it: `\PY{n+nv}{KREA\PYZus{}KEY}` is `KREA_KEY`. The letters
//! behind `\PY` are a style's.

use crate::unpack::{Step, Text, TextBuilder};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// A sign that is spelt out, the start of what has a colour, and the brace that ends one.
static MARKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\\PY[A-Za-z]{0,30}?(?:Z([a-z]{2})\{\}|\{[\w+-]{0,40}\}\{)|\}")
        .expect("a constant pattern")
});

/// The text without such marks; `None` when it has none.
pub fn undo<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    memchr::memmem::find(bytes, br"\PY")?;
    let mut out = TextBuilder::default();
    let (mut copied, mut depth) = (0, 0usize);
    for mark in MARKS.captures_iter(bytes) {
        let Some(whole) = mark.get(0) else { continue };
        let sign = match (mark.get(1), whole.as_bytes()) {
            (Some(name), _) => match sign(name.as_bytes()) {
                Some(sign) => Some(sign),
                None => continue,
            },
            // A brace of the code's own is spelt out.
            (None, b"}") if depth == 0 => continue,
            (None, b"}") => {
                depth -= 1;
                None
            }
            (None, _) => {
                depth += 1;
                None
            }
        };
        out.push(&bytes[copied..whole.start()], copied, Step::ONE);
        if let Some(sign) = sign {
            out.push(&[sign], whole.start(), Step::NONE);
        }
        copied = whole.end();
    }
    if copied == 0 {
        return None;
    }
    out.push(&bytes[copied..], copied, Step::ONE);
    Some(text.derive(out))
}

/// The sign of a name.
fn sign(name: &[u8]) -> Option<u8> {
    const SIGNS: [(&[u8; 2], u8); 15] = [
        (b"bs", b'\\'),
        (b"us", b'_'),
        (b"ob", b'{'),
        (b"cb", b'}'),
        (b"ca", b'^'),
        (b"am", b'&'),
        (b"lt", b'<'),
        (b"gt", b'>'),
        (b"sh", b'#'),
        (b"pc", b'%'),
        (b"dl", b'$'),
        (b"hy", b'-'),
        (b"sq", b'\''),
        (b"dq", b'"'),
        (b"ti", b'~'),
    ];
    SIGNS.iter().find(|(known, _)| name == *known).map(|(_, sign)| *sign)
}

#[cfg(test)]
mod tests {
    use crate::unpack::escapes::tests::undone;

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
        ] {
            assert_eq!(undone(coloured), code);
        }
        assert_eq!(undone(r"a \PYTHON{} b"), r"a \PYTHON{} b");
    }
}
