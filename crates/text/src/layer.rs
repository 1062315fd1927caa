//! The way from a file to a text in it, step by step.

use serde::Serialize;

/// One step from the file that a person knows to the bytes that matched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Layer {
    /// What was undone: `base64`.
    pub kind: String,
    /// What the layer is called inside; empty where it has no name, as base64 has none.
    pub name: String,
    /// Line in the layer's own text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column in the layer's own text, in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
}

impl Layer {
    /// A step that has no name and no places of its own.
    pub fn unnamed(kind: &str) -> Self {
        Layer { kind: kind.to_owned(), name: String::new(), line: None, column: None }
    }

    /// Whether it is a file in a container. A source map's original is none, and a part of a text is none.
    pub fn is_member(&self) -> bool {
        !self.name.is_empty() && self.kind != SOURCE_MAP && !self.is_part()
    }

    /// Whether it names a part of a text that people know by a name: a message, a cell. Lines and columns stay those of
    /// the text.
    pub fn is_part(&self) -> bool {
        PARTS.contains(&self.kind.as_str())
    }

    /// Whether its name is a file's, by which a person finds it. Others are what people wrote: a subject, a heading.
    pub fn names_file(&self) -> bool {
        FILES.contains(&self.kind.as_str())
    }

    /// Whether it only names a place, and nothing was opened or undone for it.
    pub fn is_name(&self) -> bool {
        self.kind == SOURCE_MAP || self.is_part()
    }

    /// Whether it is a step into a container or a compressed file, where it comes first or behind other such steps.
    fn is_container(&self) -> bool {
        self.is_member() || NAMELESS.contains(&self.kind.as_str())
    }
}

/// How many of a way's first steps lead into containers and compressed files, parts on the way included: what lies inside
/// has lines of its own. What comes behind names a part of the text, or is decoded from it.
pub fn containers(layers: &[Layer]) -> usize {
    let leading = layers.iter().take_while(|layer| layer.is_container() || layer.is_part()).count();
    layers[..leading].iter().rposition(Layer::is_container).map_or(0, |last| last + 1)
}

/// The parts of texts, as layers call them.
const PARTS: &[&str] = &[
    // Of chats, tables, notebooks and recordings.
    "message",
    "cell",
    "row",
    "entry",
    "event",
    "paragraph",
    "issue",
    "cue",
    "line",
    // Of office documents.
    "comment",
    "note",
    "property",
    "alt-text",
    // Of mails.
    "mail-header",
    "mail-part",
    // Of pictures.
    "png-text",
    "exif",
    "xmp",
    "iptc",
    "photoshop",
    "jpeg-comment",
    "gif-comment",
    "gif-text",
    "gif-application",
    "frame",
];

/// Layers whose names are those of files.
const FILES: &[&str] = &[SOURCE_MAP, "zip", "tar", "7z", "asar", "gzip", "attachment", "embedded-file"];

/// Containers whose content has no name of its own.
const NAMELESS: &[&str] = &[
    "zip-comment",
    "gzip",
    "gzip-comment",
    "bzip2",
    "xz",
    "zstd",
    "brotli",
    "lzma",
    "tar",
    "image-config",
    "metadata",
    OCR,
    "terminal",
    "leveldb",
];

/// The layer of what stands in the head of a server's answer; its name is the header's.
pub const HEADER: &str = "header";
/// What a layer calls itself whose text was read from a picture.
pub const OCR: &str = "ocr";
/// What a layer of a source map calls itself. Its name, line and column are those of the original.
pub const SOURCE_MAP: &str = "source-map";
