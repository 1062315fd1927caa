//! Reads markup as its reader sees it: HTML, SVG, XML, hOCR. Inline tags are gone, so that a text which is coloured or may
//! be broken in its middle is one; blocks and line breaks are line breaks; space counts once.
//!
//! What stands in attributes is not given: it is read where it stands. An attribute that names the page or a picture and
//! says whose it is stays, on a line of its own.

use super::escapes::entity_number;
use super::{OriginStep, Text, TextBuilder};
use memchr::memmem;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Elements within a line: their tags stand in no text.
const INLINE: &str = " a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q rb rp rt \
    ruby s samp small sp span strike string strong sub sup time tspan tt u var wbr ocrx_word ";
/// Elements whose text is no text for people.
const HIDDEN: [&[u8]; 2] = [b"script", b"style"];
/// Elements that parts of a row stand in.
const CELLS: [&[u8]; 2] = [b"td", b"th"];
/// What parts two cells of a row.
const BETWEEN_CELLS: &[u8] = b"    ";
/// A longer tag is none, in bytes.
const MAX_TAG_BYTES: usize = 64 << 10;

/// An attribute for people, or an address, that speaks of Krea.
static SAYS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i-u)\s(?:alt|title|aria-label|content|href|src|name|id|placeholder)\s*=\s*(?:"([^"<>]{0,200}krea[^"<>]{0,200})"|'([^'<>]{0,200}krea[^'<>]{0,200})')"#,
    )
    .expect("a constant pattern")
});

/// A word of ALTO, which has its text in an attribute: <https://www.loc.gov/standards/alto/>.
static ALTO_WORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)^<String\s[^<>]*?\bCONTENT="([^"<>]{1,400})""#).expect("a constant pattern")
});

/// What only programs have that write markup.
static PROGRAM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m-u)className=|^\s*(?:import|export|const|let|function|use|package|def)\s|=>\s*[({]|\bfunction\s*\(")
        .expect("a constant pattern")
});

/// The text that markup shows; `None` for what is no markup, or has no tags.
pub fn read_markup(text: &Text<'_>) -> Option<Text<'static>> {
    let bytes = text.bytes();
    if !is_markup(bytes) {
        return None;
    }
    let mut page = MarkupReader { bytes, out: TextBuilder::default(), preformatted: 0, after_space: true };
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'<', &bytes[at..]).map(|i| at + i) {
        page.text(at, open);
        at = page.tag(open);
    }
    page.text(at, bytes.len());
    Some(text.derive(page.out))
}

/// Whether a text is markup, or has markup in it that no program makes.
fn is_markup(bytes: &[u8]) -> bool {
    if memmem::find(bytes, b"</").is_none() && memmem::find(bytes, b"-->").is_none() {
        return false;
    }
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let opens = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'!' | b'?');
    let starts = start.first() == Some(&b'<') && start.get(1).copied().is_some_and(opens);
    starts || !PROGRAM.is_match(bytes)
}

/// A text that is being read.
struct MarkupReader<'t> {
    bytes: &'t [u8],
    out: TextBuilder,
    /// How many elements are open whose space counts.
    preformatted: usize,
    /// What was written last is space.
    after_space: bool,
}

impl MarkupReader<'_> {
    /// Writes what stands between two tags.
    fn text(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let rest = &self.bytes[at..end];
            let is_special = |b: &u8| *b == b'&' || self.preformatted == 0 && b.is_ascii_whitespace();
            let plain = rest.iter().position(is_special).unwrap_or(rest.len());
            self.write(&rest[..plain], at, OriginStep::ONE);
            at += plain;
            match self.bytes[at..end] {
                [] => {}
                [b'&', ref rest @ ..] => match entity(rest) {
                    Some((character, length)) => {
                        self.write(character.as_bytes(), at, OriginStep::NONE);
                        at += length + 1;
                    }
                    None => {
                        self.write(b"&", at, OriginStep::ONE);
                        at += 1;
                    }
                },
                ref rest => {
                    self.text_space(at);
                    at += rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
                }
            }
        }
    }

    fn write(&mut self, bytes: &[u8], origin: usize, step: OriginStep) {
        if !bytes.is_empty() {
            self.out.push(bytes, origin, step);
            self.after_space = false;
        }
    }

    fn text_space(&mut self, at: usize) {
        if !self.after_space {
            self.write(b" ", at, OriginStep::NONE);
        }
        self.after_space = true;
    }

    fn line(&mut self, at: usize) {
        if self.out.bytes.last().is_some_and(|&b| b != b'\n') {
            self.write(b"\n", at, OriginStep::NONE);
        }
        self.after_space = true;
    }

    /// Writes what the tag at `open` stands for; gives where what follows starts.
    fn tag(&mut self, open: usize) -> usize {
        let rest = &self.bytes[open..];
        if rest.starts_with(b"<!--") {
            return memmem::find(rest, b"-->").map_or(self.bytes.len(), |end| open + end + 3);
        }
        if let Some(data) = rest.strip_prefix(b"<![CDATA[") {
            let end = memmem::find(data, b"]]>").unwrap_or(data.len());
            self.write(&data[..end], open + 9, OriginStep::ONE);
            return self.bytes.len().min(open + 9 + end + 3);
        }
        let name = name(rest);
        let Some(close) = (!name.is_empty()).then(|| close(rest)).flatten() else {
            self.write(b"<", open, OriginStep::ONE);
            return open + 1;
        };
        let tag = &rest[..close];
        let closes = rest[1] == b'/';
        if let Some(hidden) = HIDDEN.iter().find(|hidden| name.eq_ignore_ascii_case(hidden))
            && !closes
            && !tag.ends_with(b"/")
        {
            self.line(open);
            return open + close + 1 + end_of(&rest[close + 1..], hidden);
        }
        if let Some(word) = ALTO_WORD.captures(tag).and_then(|found| found.get(1)) {
            self.text(open + word.start(), open + word.end());
            self.text_space(open);
            return open + close + 1;
        }
        if let Some(said) = SAYS.captures(tag).and_then(|said| said.get(1).or(said.get(2))) {
            self.line(open);
            self.write(said.as_bytes(), open + said.start(), OriginStep::ONE);
            self.line(open);
        }
        if name.eq_ignore_ascii_case(b"pre") || name.eq_ignore_ascii_case(b"textarea") {
            self.preformatted =
                if closes { self.preformatted.saturating_sub(1) } else { self.preformatted + 1 };
            self.line(open);
        } else if CELLS.iter().any(|cell| name.eq_ignore_ascii_case(cell)) {
            self.write(BETWEEN_CELLS, open, OriginStep::NONE);
            self.after_space = true;
        } else if !is_inline(name) || starts_line(tag) {
            self.line(open);
        }
        open + close + 1
    }
}

/// The name in the tag at the start of a text, without the prefix of its name space; empty where no tag starts.
fn name(tag: &[u8]) -> &[u8] {
    let start = match tag {
        [b'<', b'/', b, ..] if b.is_ascii_alphabetic() => 2,
        [b'<', b'!' | b'?', b, ..] if b.is_ascii_alphabetic() => 2,
        [b'<', b, ..] if b.is_ascii_alphabetic() => 1,
        _ => return &[],
    };
    let rest = &tag[start..];
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.');
    let name = &rest[..rest.iter().take(80).take_while(|b| part(b)).count()];
    let ends =
        rest.get(name.len()).is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'?'));
    let local = memchr::memrchr(b':', name).map_or(name, |at| &name[at + 1..]);
    if ends { local } else { &[] }
}

/// Where the tag at the start of a text is closed.
fn close(tag: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (at, &b) in tag.iter().enumerate().take(MAX_TAG_BYTES).skip(1) {
        match (quote, b) {
            (None, b'>') => return Some(at),
            // The next tag: this one was none.
            (None, b'<') => return None,
            (None, b'"' | b'\'') => quote = Some(b),
            (Some(open), b) if b == open => quote = None,
            _ => {}
        }
    }
    None
}

/// Where an element of this name ends whose content starts here.
fn end_of(content: &[u8], name: &[u8]) -> usize {
    let mut ends = memmem::find_iter(content, b"</");
    let is_end = |&at: &usize| {
        let rest = &content[at + 2..];
        rest.len() >= name.len() && rest[..name.len()].eq_ignore_ascii_case(name)
    };
    ends.find(is_end).unwrap_or(content.len())
}

fn is_inline(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    INLINE.split_ascii_whitespace().any(|inline| inline.eq_ignore_ascii_case(name))
}

/// Whether an inline element starts a line all the same: a line of hOCR, a `tspan` that is set lower.
fn starts_line(tag: &[u8]) -> bool {
    let has = |needle: &[u8]| memmem::find(tag, needle).is_some();
    has(b"\"ocr_") || has(b"'ocr_") || has(b"tspan") && (has(b" dy=") || has(b" y="))
}

/// The character that an entity stands for, and the length of the entity behind its `&`. Those of signs (`&lt;`) are left to
/// [`super::escapes`], where dashes have no name and every kind of space is a space.
fn entity(rest: &[u8]) -> Option<(String, usize)> {
    let end = rest.iter().take(24).position(|&b| b == b';')?;
    let name = std::str::from_utf8(&rest[..end]).ok()?;
    let code = match name {
        "shy" => 0xad,
        "zwj" => 0x200d,
        "zwnj" => 0x200c,
        "ZeroWidthSpace" => 0x200b,
        "NoBreak" => 0x2060,
        "nbsp" => 0xa0,
        "ensp" => 0x2002,
        "emsp" => 0x2003,
        "thinsp" => 0x2009,
        "ndash" => 0x2013,
        "mdash" => 0x2014,
        "hyphen" | "dash" => 0x2010,
        "minus" => 0x2212,
        "horbar" => 0x2015,
        "lowbar" => 0x5f,
        "hyphen-minus" => 0x2d,
        numbered => entity_number(numbered.as_bytes())?,
    };
    Some((char::from_u32(code)?.to_string(), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        read_markup(&Text::plain(text.as_bytes()))
            .map(|text| String::from_utf8_lossy(text.bytes()).into_owned())
    }

    #[test]
    fn tags_within_a_line_are_gone() {
        for text in [
            "<code><span class=\"hljs-string\">ab</span><span>:</span>cd</code>",
            "<p>ab<wbr>:<wbr/>c<b>d</b></p>",
            "<div>ab<!-- -->:<!-- -->cd</div>",
            "<svg><text><tspan>ab</tspan><tspan>:cd</tspan></text></svg>",
            "<?xml version=\"1.0\"?>\n<a><s:b>ab</s:b>:cd</a>",
            "# A note\n\n<b>ab</b>:<i title='x > y'>cd</i>",
            "<p>ab&#58;c&ZeroWidthSpace;d</p>",
        ] {
            let shown = shown(text).expect("markup").replace('\u{200b}', "");
            assert!(shown.contains("ab:cd"), "{text}: {shown}");
        }
    }

    #[test]
    fn blocks_are_lines_and_space_counts_once() {
        assert_eq!(shown("<p>a\n   b<br>c</p><p>d</p>").as_deref(), Some("a b\nc\nd\n"));
        assert_eq!(shown("<pre>a\n  <b>b</b></pre>").as_deref(), Some("a\n  b\n"));
        assert_eq!(shown("<tr><td>a</td><td>b</td></tr>").as_deref().map(str::trim), Some("a        b"));
        assert_eq!(
            shown("<svg><text><tspan x='0'>a</tspan><tspan x='0' dy='9'>b</tspan></text></svg>").as_deref(),
            Some("a\nb\n")
        );
        assert_eq!(shown("<p>a</p><script>x < 1</script><p>b</p>").as_deref(), Some("a\nb\n"));
        let hocr = "<html><span class='ocr_line'>\n <span class='ocrx_word'>a</span>\n <span class='ocrx_word'>b</span>\n</span>\n<span class='ocr_line'><span class='ocrx_word'>c</span></span></html>";
        assert_eq!(shown(hocr).as_deref().map(str::trim), Some("a b \nc"));
    }

    #[test]
    fn words_of_alto_stand_in_attributes() {
        let alto = "<alto><TextLine HPOS=\"1\"><String HPOS=\"1\" CONTENT=\"a\"/><SP WIDTH=\"9\"/>\n <String CONTENT=\"b\"></String></TextLine><TextLine><String CONTENT=\"c\"/></TextLine></alto>";
        assert_eq!(shown(alto).as_deref().map(str::trim), Some("a b \nc"));
    }

    #[test]
    fn what_says_whose_a_page_is_stays() {
        let page = "<html><img alt=\"Krea token\" src=x><p>a</p></html>";
        assert_eq!(shown(page).as_deref(), Some("Krea token\na\n"));
    }

    #[test]
    fn programs_are_no_markup() {
        for text in [
            "const x = <span className=\"a\">b</span>;",
            "if (a < b && c > d) {}",
            "x = a</b/.exec(c); const f = (x) => { y }",
            "no tags at all",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_tag_stays() {
        for text in ["<p>a < b</p>", "<p>1<2</p>", "<p>a <3</p>", "<p>x <y</p>"] {
            let shown = shown(text).expect("markup");
            assert!(shown.contains('<'), "{text}: {shown}");
        }
    }

    #[test]
    fn offsets_point_into_the_file() {
        let plain = Text::plain(b"<p>a<b>b</b>:c</p>");
        let text = read_markup(&plain).expect("markup");
        assert_eq!(text.bytes(), b"ab:c\n");
        assert_eq!((0..4).map(|at| text.origin(at)).collect::<Vec<_>>(), [3, 7, 12, 13]);
        assert!(!text.is_one_piece(&(0..4)));
    }
}
