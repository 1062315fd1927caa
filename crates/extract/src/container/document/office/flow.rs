//! The text of a document as a person reads it. Takes XML, gives segments with the names of their parts.

use super::lines::LineMaker;
use super::xml::{Xml, XmlEvent};
use crate::container::segments::{SegmentSource, TextSegment};
use krea_scan_text::Layer;
use std::io::{self, Read};

/// A document whose text is being made.
pub struct OfficeFlow<'x, 'm> {
    xml: Xml<&'x mut dyn Read>,
    lines: LineMaker<'m>,
    done: bool,
    /// Why there is no more, told behind what there is.
    failed: Option<io::Error>,
}

impl<'x, 'm> OfficeFlow<'x, 'm> {
    /// Reads a document behind its outermost element.
    pub fn new(xml: Xml<&'x mut dyn Read>, lines: LineMaker<'m>) -> Self {
        OfficeFlow { xml, lines, done: false, failed: None }
    }

    /// Whether there is another text, and what it is called where the document has several.
    pub fn next_text(&mut self) -> Option<Option<Layer>> {
        (!self.done).then(|| self.lines.section())
    }

    /// Whether it has entities that were not expanded.
    pub fn is_unexpanded(&self) -> bool {
        self.xml.unexpanded
    }
}

impl SegmentSource for &mut OfficeFlow<'_, '_> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        loop {
            if let Some(next) = self.lines.ready() {
                *segment = next;
                return Ok(true);
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.done || self.lines.is_at_section() {
                return Ok(false);
            }
            let read = match self.xml.next() {
                Ok(XmlEvent::Start(tag)) => self.lines.start(&tag).map(|()| false),
                Ok(XmlEvent::End) => {
                    self.lines.end();
                    Ok(false)
                }
                Ok(XmlEvent::Text(text)) => {
                    self.lines.text(text);
                    Ok(false)
                }
                Ok(XmlEvent::Other) => Ok(false),
                Ok(XmlEvent::Done) => Ok(true),
                Err(error) => Err(error),
            };
            if !matches!(read, Ok(false)) {
                self.failed = read.err();
                self.done = true;
                self.lines.close();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::{Element, Family};
    use super::*;
    use std::collections::HashMap;

    /// The lines of a document, each behind the name of its part.
    fn lines(family: Family, document: &str) -> Vec<String> {
        let (mut input, authors) =
            (document.as_bytes(), HashMap::from([("{7}".to_owned(), "Bo".to_owned())]));
        let mut flow =
            OfficeFlow::new(Xml::new(&mut input), LineMaker::new(family, Element::Plain, true, &authors));
        let mut lines = Vec::new();
        while let Some(section) = flow.next_text() {
            lines.extend(section.map(|section| format!("[{}]", section.name)));
            let mut segment = TextSegment::default();
            while (&mut flow).next_segment(&mut segment).expect("is whole") {
                let part = segment.part.take().map(|part| format!("{}|", part.name)).unwrap_or_default();
                lines.push(format!("{part}{}", String::from_utf8_lossy(&segment.text)));
                segment.text.clear();
            }
        }
        lines
    }

    #[test]
    fn a_paragraph_is_one_line_whatever_it_is_made_of() {
        let document = "<w:p>\n <w:pPr><w:tabs><w:tab/></w:tabs></w:pPr>\n <w:r><w:t>KR</w:t></w:r>\n <w:r><w:rPr/>\
            <w:t>EA</w:t><w:tab/><w:noBreakHyphen/><w:br/><w:t xml:space='preserve'> x</w:t></w:r></w:p><w:p/>";
        assert_eq!(lines(Family::Microsoft, document), ["paragraph 1|KREA\t-\n x\n"]);
        let document = "<text:p>a <text:span>b</text:span>\n  c<text:s text:c='3'/>d<text:tab/>e</text:p>";
        assert_eq!(lines(Family::Open, document), ["paragraph 1|a b c   d\te\n"]);
    }

    #[test]
    fn what_hangs_on_a_paragraph_does_not_part_it() {
        let document =
            "<w:p><w:t>KR</w:t><w:txbxContent><w:p><w:t>box</w:t></w:p></w:txbxContent><w:t>EA</w:t></w:p>";
        assert_eq!(lines(Family::Microsoft, document), ["paragraph 1|box\n", "paragraph 2|KREA\n"]);
        let document = "<text:p>KR<office:annotation><dc:creator>Ann</dc:creator><dc:date>2026</dc:date>\
            <text:p>why?</text:p></office:annotation>E<text:note text:id='ftn1'><text:note-citation>1</text:note-citation>\
            <text:note-body><text:p>see</text:p></text:note-body></text:note>A</text:p>";
        assert_eq!(
            lines(Family::Open, document),
            ["comment by Ann|why?\n", "note 1|see\n", "paragraph 1|KREA\n"]
        );
    }

    #[test]
    fn cells_of_a_row_stand_beside_each_other() {
        let cell = |text: &str| format!("<w:tc><w:p><w:t>{text}</w:t></w:p></w:tc>");
        let inner = format!("<w:tc><w:tbl><w:tr>{}{}</w:tr></w:tbl></w:tc>", cell("x"), cell("y"));
        let document = format!(
            "<w:tbl><w:tr>{}{}</w:tr><w:tr>{inner}{}</w:tr></w:tbl>",
            cell("a"),
            cell("b"),
            cell("c")
        );
        assert_eq!(
            lines(Family::Microsoft, &document),
            ["row 1 of table 1|a\tb\n", "row 2 of table 1|x\ty\tc\n"]
        );
        let document = "<table><tr><td><p>a</p><p>b</p></td><td>c <b>d</b></td></tr></table>";
        assert_eq!(lines(Family::Web, document), ["row 1 of table 1|a\nb\tc d\n"]);
    }

    #[test]
    fn tracked_changes_give_both_lines() {
        let document = "<w:p><w:t>key=</w:t><w:del><w:delText>old</w:delText></w:del><w:ins><w:t>new</w:t></w:ins>\
            <w:t>!</w:t></w:p>";
        assert_eq!(lines(Family::Microsoft, document), ["paragraph 1|key=old!\n", "paragraph 1|key=new!\n"]);
    }

    #[test]
    fn sheets_and_slides_are_texts_of_their_own() {
        let cell = |text: &str, columns: u32| {
            format!(
                "<table:table-cell table:number-columns-repeated='{columns}'><text:p>{text}</text:p></table:table-cell>"
            )
        };
        let row = |rows: u32, cells: String| {
            format!("<table:table-row table:number-rows-repeated='{rows}'>{cells}</table:table-row>")
        };
        let document = format!(
            "<office:spreadsheet><table:table table:name='A'>{}{}</table:table><table:table table:name='B'>{}</table:table>\
             </office:spreadsheet>",
            row(1_000_000, cell("", 16384)),
            row(1, cell("", 3) + &cell("x", 30) + &cell("y", 1)),
            row(1, cell("z", 1)),
        );
        assert_eq!(
            lines(Family::Open, &document),
            [
                "[sheet A]",
                "A\n",
                "cell D1000001|x\t",
                "cell AH1000001|y\t",
                "\n",
                "[sheet B]",
                "B\n",
                "cell A1|z\t",
                "\n"
            ]
        );
        let document = "<office:presentation><draw:page><text:p>a</text:p><presentation:notes><text:p>b</text:p>\
            </presentation:notes></draw:page><draw:page><text:p>c</text:p></draw:page></office:presentation>";
        assert_eq!(lines(Family::Open, document), ["[slide 1]", "a\n", "notes|b\n", "[slide 2]", "c\n"]);
    }

    #[test]
    fn names_stand_before_their_values() {
        let document = "<w:settings><w:docVar w:name='KREA' w:val='a&amp;b'/></w:settings><w:sdtPr><w:alias w:val='Key'/></w:sdtPr>\
            <wp:docPr name='Picture 1' title='' descr='a shot'/><definedName name='N'>\"x\"</definedName>";
        assert_eq!(
            lines(Family::Microsoft, document),
            [
                "document variable KREA|KREA: a&b\n",
                "Key: \n",
                "alt text of Picture 1|a shot\n",
                "defined name N|N: \"x\"\n"
            ]
        );
        let document = "<cm authorId='{7}'><a:p><a:t>hi</a:t></a:p></cm>";
        assert_eq!(lines(Family::Microsoft, document), ["comment by Bo|hi\n"]);
    }

    #[test]
    fn a_line_without_end_is_given_in_pieces() {
        let document = format!("<w:p><w:t>{}</w:t></w:p>", "long ".repeat(1_000_000));
        let lines = lines(Family::Microsoft, &document);
        assert!(lines.len() > 3 && lines.iter().all(|line| line.len() < 2 << 20));
        let length: usize = lines.iter().map(|line| line.matches("long ").count()).sum();
        assert!(length > 999_990);
    }
}
