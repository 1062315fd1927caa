//! The lines of hOCR (<https://kba.github.io/hocr-spec/1.2/>), which programs write that read pictures: `line 12 of page 2`.

use super::PartFormat;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use memchr::memmem;

/// Read pictures.
pub const FORMAT: PartFormat = PartFormat { endings: &[".hocr", ".html", ".htm", ".xhtml"], is, name };

/// The classes of pages and of all that is a line.
const PAGE: &str = "ocr_page";
const LINES: [&str; 4] = ["ocr_line", "ocr_header", "ocr_textfloat", "ocr_caption"];

fn is(bytes: &[u8]) -> bool {
    memmem::find(&bytes[..bytes.len().min(64 << 10)], PAGE.as_bytes()).is_some()
}

fn name(_name: &str, bytes: &[u8], offsets: &[usize]) -> Vec<Vec<Layer>> {
    let (mut page, mut line, mut at) = (0, 0, 0);
    let mut ways = Vec::with_capacity(offsets.len());
    for &offset in offsets {
        while let Some(next) = memmem::find(&bytes[at..offset.max(at)], b"ocr_").map(|found| at + found) {
            let class = &bytes[next..];
            // A class stands alone between its quotes.
            let quote = next.checked_sub(1).map(|before| bytes[before]);
            let is_quoted =
                |end: usize| matches!(quote, Some(b'"' | b'\'')) && class.get(end).copied() == quote;
            let is = |wanted: &str| class.starts_with(wanted.as_bytes()) && is_quoted(wanted.len());
            if is(PAGE) {
                (page, line) = (page + 1, 0);
            } else if LINES.iter().any(|class| is(class)) {
                line += 1;
            }
            at = next + 4;
        }
        let way = (line > 0).then(|| Layer::named(LayerKind::Line, &format!("line {line} of page {page}")));
        ways.push(way.into_iter().collect());
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_in_their_page() {
        let page = "<div class='ocr_page'><span class='ocr_line' title='bbox'>x</span><span class=\"ocr_header\">x</span></div>";
        let text = format!("<meta content='ocr_page ocr_line'>x{page}{page}");
        let offsets: Vec<usize> = text.match_indices(">x").map(|(at, _)| at + 1).collect();
        let ways = name("a.hocr", text.as_bytes(), &offsets);
        let names: Vec<&str> = ways.iter().map(|way| way.first().map_or("", |layer| &*layer.name)).collect();
        assert_eq!(
            names,
            ["", "line 1 of page 1", "line 2 of page 1", "line 1 of page 2", "line 2 of page 2"]
        );
    }
}
