//! What the elements of office documents and books are to somebody who reads them: a paragraph, a cell, a tab.
//!
//! Names are those of ECMA-376 (Word, PowerPoint, Excel, drawings), OpenDocument 1.3 and XHTML. They are told by what
//! they are called, as prefixes are by habit the same.

use super::xml::XmlTag;

/// The kind of document that a file in a package is, by its outermost element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Word, PowerPoint, drawings, comments.
    Microsoft,
    /// OpenDocument.
    Open,
    /// XHTML and the tables of contents of books.
    Web,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Nothing by itself.
    Plain,
    /// Nothing that a person reads.
    Skipped,
    /// A line of its own.
    Block,
    /// Text, every space of it.
    Text,
    /// A line of its own, or several, every space of them.
    Verbatim,
    Table,
    /// A row of a table.
    Row,
    /// A cell of a row.
    Cell,
    Tab,
    /// So many spaces as it says.
    Spaces,
    Break,
    Hyphen,
    /// Something between two words.
    Gap,
    Comment,
    /// Who wrote the comment.
    Author,
    /// A footnote or an endnote.
    Note,
    /// The notes that belong to a slide.
    SlideNotes,
    /// What was there before changes that are tracked.
    Deleted,
    /// What is there since changes that are tracked.
    Inserted,
    /// Something with a name and a text beside it, both in attributes.
    Variable,
    /// What is described in attributes: a picture, a shape.
    Described,
    /// What a control is called, in an attribute.
    Label,
    /// What holds properties.
    Properties,
    /// A property, or a formula that has a name.
    Property,
    /// A link out of the document.
    Link,
    /// What holds sheets.
    Sheets,
    /// What holds slides.
    Slides,
    Slide,
}

/// What an element is in a document of this family. `parent`: what it is in.
pub fn element(family: Family, tag: &XmlTag<'_>, parent: Element) -> Element {
    if parent == Element::Properties {
        return Element::Property;
    }
    match family {
        Family::Microsoft => microsoft(tag.name()),
        Family::Open => open(tag.full_name(), parent),
        Family::Web => web(tag.name()),
    }
}

fn microsoft(name: &str) -> Element {
    match name {
        "t" | "delText" | "instrText" | "delInstrText" => Element::Text,
        "p" | "si" | "text" | "v" => Element::Block,
        "tbl" => Element::Table,
        "tr" => Element::Row,
        "tc" => Element::Cell,
        "tab" | "ptab" => Element::Tab,
        "br" | "cr" => Element::Break,
        "noBreakHyphen" => Element::Hyphen,
        "fldChar" => Element::Gap,
        "comment" | "cm" | "reply" | "threadedComment" => Element::Comment,
        "author" => Element::Author,
        "footnote" | "endnote" => Element::Note,
        "del" | "moveFrom" => Element::Deleted,
        "ins" | "moveTo" => Element::Inserted,
        "docVar" => Element::Variable,
        "docPr" | "cNvPr" => Element::Described,
        "alias" => Element::Label,
        "Relationship" => Element::Link,
        "definedName" => Element::Property,
        "Properties" | "coreProperties" => Element::Properties,
        // How things look and where they are; the older copy of what stands beside it; data.
        "pPr" | "rPr" | "sectPr" | "tblPr" | "tblGrid" | "trPr" | "tcPr" | "posOffset" | "align"
        | "pctWidth" | "pctHeight" | "pctPosHOffset" | "pctPosVOffset" | "fldData" | "attrName"
        | "formatCode" | "f" | "Fallback" | "binData" | "rPh" | "Anchor" => Element::Skipped,
        _ => Element::Plain,
    }
}

fn open(name: &str, parent: Element) -> Element {
    match name {
        "text:p" | "text:h" | "svg:title" | "svg:desc" => Element::Block,
        "table:table" => Element::Table,
        "table:table-row" => Element::Row,
        "table:table-cell" | "table:covered-table-cell" => Element::Cell,
        "text:tab" => Element::Tab,
        "text:s" => Element::Spaces,
        "text:line-break" => Element::Break,
        "office:annotation" => Element::Comment,
        "dc:creator" if parent == Element::Comment => Element::Author,
        "text:note" => Element::Note,
        "presentation:notes" => Element::SlideNotes,
        "office:meta" => Element::Properties,
        "office:spreadsheet" => Element::Sheets,
        "office:presentation" => Element::Slides,
        "draw:page" => Element::Slide,
        "dc:date"
        | "meta:date-string"
        | "meta:creator-initials"
        | "text:note-citation"
        | "office:binary-data"
        | "office:styles"
        | "office:automatic-styles"
        | "office:font-face-decls"
        | "office:settings"
        | "office:scripts"
        | "office:change-info" => Element::Skipped,
        _ => Element::Plain,
    }
}

fn web(name: &str) -> Element {
    match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "li" | "dt" | "dd" | "div" | "blockquote"
        | "figcaption" | "caption" | "title" | "section" | "article" | "aside" | "address" | "summary"
        | "text" | "creator" | "description" | "identifier" | "subject" | "publisher" | "rights"
        | "source" => Element::Block,
        "pre" => Element::Verbatim,
        "table" => Element::Table,
        "tr" => Element::Row,
        "td" | "th" => Element::Cell,
        "br" | "hr" => Element::Break,
        "script" | "style" => Element::Skipped,
        _ => Element::Plain,
    }
}
