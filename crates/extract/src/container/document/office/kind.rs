//! What a file in a package is, told by its outermost element.

use super::lines::part;
use super::words::{Element, Family};
use super::xml::XmlTag;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;

/// The outermost element of a document.
#[derive(Debug)]
pub struct Root {
    name: String,
    full_name: String,
    namespace: String,
    /// It is a slide that is not shown.
    is_hidden: bool,
}

/// What is read of a file, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfficePart {
    /// The text of a document, whose paragraphs are counted.
    Document,
    /// Other text: notes, comments, slides, charts.
    Text,
    /// The cells of a sheet.
    Sheet,
    /// The strings that cells share.
    Strings,
    /// Properties of the document.
    Properties,
    /// All or most of an OpenDocument.
    OpenDocument,
    /// The headers and properties of an OpenDocument.
    OpenText,
    /// A chapter of a book, or what is said of the book.
    Web,
}

impl Root {
    pub fn of(tag: &XmlTag<'_>) -> Self {
        Root {
            name: tag.name().to_owned(),
            full_name: tag.full_name().to_owned(),
            namespace: tag.namespace().unwrap_or_default(),
            is_hidden: tag.name() == "sld"
                && tag.attribute("show").is_some_and(|show| show == "0" || show == "false"),
        }
    }

    /// A layer's name, which says that it is not shown.
    pub fn shown(&self, mut layer: Layer) -> Layer {
        if self.is_hidden {
            layer.name.insert_str(0, "hidden ");
        }
        layer
    }

    /// Whether it is that of an OpenDocument.
    pub fn is_open_document(&self) -> bool {
        self.full_name.starts_with("office:")
    }
}

impl OfficePart {
    /// What is read of a file; `None` for what has no text that its bytes do not show.
    pub fn of(root: &Root) -> Option<Self> {
        if root.is_open_document() {
            return match root.name.as_str() {
                "document" | "document-content" => Some(OfficePart::OpenDocument),
                "document-styles" | "document-meta" => Some(OfficePart::OpenText),
                _ => None,
            };
        }
        match root.name.as_str() {
            "document" => Some(OfficePart::Document),
            "worksheet" => Some(OfficePart::Sheet),
            "sst" => Some(OfficePart::Strings),
            "Properties" | "coreProperties" => Some(OfficePart::Properties),
            "html" | "package" | "ncx" => Some(OfficePart::Web),
            "hdr" | "ftr" | "footnotes" | "endnotes" | "glossaryDocument" | "settings" | "comments"
            | "sld" | "sldLayout" | "sldMaster" | "notes" | "notesMaster" | "handoutMaster" | "cmLst"
            | "chartSpace" | "dataModel" | "wsDr" | "userShapes" | "ThreadedComments" | "workbook"
            | "Relationships" => Some(OfficePart::Text),
            _ => None,
        }
    }

    /// Which names its elements have.
    pub fn family(self) -> Family {
        match self {
            OfficePart::OpenDocument | OfficePart::OpenText => Family::Open,
            OfficePart::Web => Family::Web,
            _ => Family::Microsoft,
        }
    }

    /// What the outermost element is.
    pub fn element(self) -> Element {
        if self == OfficePart::Properties { Element::Properties } else { Element::Plain }
    }

    /// Whether its paragraphs are called by their numbers.
    pub fn is_numbered(self) -> bool {
        matches!(self, OfficePart::Document | OfficePart::OpenDocument)
    }

    /// What a file at `path` is called where no list names it.
    pub fn layer(self, root: &Root, path: &str) -> Layer {
        let stem = path.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
        let number = &stem[stem.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
        let numbered = |what: &str| format!("{what} {number}").trim_end().to_owned();
        let (kind, name) = match (self, root.name.as_str()) {
            (OfficePart::Document | OfficePart::OpenDocument, _) => {
                (LayerKind::DocumentText, "text".to_owned())
            }
            (_, "glossaryDocument") => (LayerKind::DocumentText, "building blocks".to_owned()),
            (_, "hdr") => (LayerKind::PageHeader, numbered("page header")),
            (_, "ftr") => (LayerKind::PageFooter, numbered("page footer")),
            (_, "document-styles") => (LayerKind::PageHeader, "page headers and footers".to_owned()),
            (_, "footnotes" | "endnotes") => (LayerKind::Notes, root.name.clone()),
            (_, "settings") => (LayerKind::DocumentProperties, "document variables".to_owned()),
            (_, "comments" | "cmLst" | "ThreadedComments") => (LayerKind::Comments, numbered("comments")),
            (_, "sld") => (LayerKind::Slide, numbered("slide")),
            (_, "sldLayout") => (LayerKind::Slide, numbered("slide layout")),
            (_, "sldMaster" | "notesMaster" | "handoutMaster") => {
                (LayerKind::Slide, numbered("slide master"))
            }
            (_, "notes") => (LayerKind::Notes, numbered("notes")),
            (_, "chartSpace") => (LayerKind::Chart, numbered("chart")),
            (_, "dataModel") => (LayerKind::Diagram, numbered("diagram")),
            (_, "wsDr" | "userShapes") => (LayerKind::Drawing, numbered("drawing")),
            (_, "workbook") => (LayerKind::Workbook, "workbook".to_owned()),
            (_, "Relationships") => (LayerKind::Links, format!("links of {}", of_relations(path))),
            (OfficePart::Sheet, _) => (LayerKind::Sheet, format!("sheet {stem}")),
            (OfficePart::Strings, _) => {
                (LayerKind::SharedStrings, "strings of all sheets, which are too many to place".to_owned())
            }
            (OfficePart::Properties, _) if root.namespace.contains("custom") => {
                (LayerKind::DocumentProperties, "custom properties".to_owned())
            }
            (OfficePart::Properties | OfficePart::OpenText, _) => {
                (LayerKind::DocumentProperties, "properties".to_owned())
            }
            _ => (LayerKind::Chapter, path.to_owned()),
        };
        part(kind, &name)
    }
}

/// The path of the file whose relations stand in the file at `path`.
fn of_relations(path: &str) -> String {
    path.replacen("_rels/", "", 1).trim_end_matches(".rels").to_owned()
}
