//! The way from a file to a text in it, step by step.

use serde::Serialize;
use std::fmt;

/// Declares the kinds of layers with the words that reports have for them.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)*) => {
        /// What was undone or opened, or what names a part of a text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum LayerKind {
            $($(#[$doc])* $kind,)*
        }

        impl LayerKind {
            #[cfg(test)]
            const ALL: &[LayerKind] = &[$(LayerKind::$kind,)*];

            /// The word that reports have for it: `base64`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(LayerKind::$kind => $word,)*
                }
            }
        }
    };
}

// In the order of their words, so that findings are sorted by these.
kinds! {
    SevenZip = "7z",
    AltText = "alt-text",
    Annotation = "annotation",
    Asar = "asar",
    Attachment = "attachment",
    Base32 = "base32",
    Base64 = "base64",
    Brotli = "brotli",
    Bzip2 = "bzip2",
    Cell = "cell",
    Cells = "cells",
    Chapter = "chapter",
    CharacterCodes = "character-codes",
    Chart = "chart",
    /// A column of a table.
    Column = "column",
    Comment = "comment",
    Comments = "comments",
    Cpio = "cpio",
    Cue = "cue",
    DataUri = "data-uri",
    /// A Debian package.
    Deb = "deb",
    Deflate = "deflate",
    Diagram = "diagram",
    DocumentProperties = "document-properties",
    DocumentText = "document-text",
    Drawing = "drawing",
    Dump = "dump",
    EmbeddedFile = "embedded-file",
    Entry = "entry",
    Escapes = "escapes",
    Event = "event",
    Exif = "exif",
    /// What a file is called.
    FileName = "file-name",
    Frame = "frame",
    GifApplication = "gif-application",
    GifComment = "gif-comment",
    GifText = "gif-text",
    Gzip = "gzip",
    GzipComment = "gzip-comment",
    Har = "har",
    /// What stands in the head of a server's answer; its name is the header's.
    Header = "header",
    Hermes = "hermes",
    Hex = "hex",
    ImageConfig = "image-config",
    Iptc = "iptc",
    Issue = "issue",
    JpegComment = "jpeg-comment",
    Leveldb = "leveldb",
    Line = "line",
    Links = "links",
    Literals = "literals",
    Lzma = "lzma",
    MailHeader = "mail-header",
    MailMessage = "mail-message",
    MailPart = "mail-part",
    Markup = "markup",
    Message = "message",
    Metadata = "metadata",
    Note = "note",
    Notes = "notes",
    /// An array of numpy.
    Npy = "npy",
    Object = "object",
    /// Text that was read from the pixels of a picture.
    Ocr = "ocr",
    /// Where packed data starts in a file of another kind; its name is the number of bytes before it.
    Offset = "offset",
    Ole = "ole",
    Page = "page",
    PageFooter = "page-footer",
    PageHeader = "page-header",
    Paragraph = "paragraph",
    PdfInfo = "pdf-info",
    PdfMetadata = "pdf-metadata",
    PdfObject = "pdf-object",
    Percent = "percent",
    Photoshop = "photoshop",
    Picture = "picture",
    PngText = "png-text",
    Property = "property",
    Row = "row",
    /// An RPM package.
    Rpm = "rpm",
    SavedPage = "saved-page",
    SharedStrings = "shared-strings",
    Sheet = "sheet",
    Slide = "slide",
    /// An original that a source map names. Its name, line and column are those of the original.
    SourceMap = "source-map",
    Table = "table",
    Tar = "tar",
    Terminal = "terminal",
    Text = "text",
    Utf16 = "utf-16",
    Wasm = "wasm",
    Workbook = "workbook",
    Xmp = "xmp",
    Xz = "xz",
    Zip = "zip",
    ZipComment = "zip-comment",
    Zlib = "zlib",
    Zstd = "zstd",
}

impl LayerKind {
    /// Whether it names a part of a text: of chats, tables, notebooks, recordings, documents, mails or pictures.
    fn is_part(self) -> bool {
        matches!(
            self,
            LayerKind::Message
                | LayerKind::Cell
                | LayerKind::Row
                | LayerKind::Entry
                | LayerKind::Event
                | LayerKind::Paragraph
                | LayerKind::Issue
                | LayerKind::Cue
                | LayerKind::Line
                | LayerKind::Comment
                | LayerKind::Note
                | LayerKind::Property
                | LayerKind::AltText
                | LayerKind::MailHeader
                | LayerKind::MailPart
                | LayerKind::PngText
                | LayerKind::Exif
                | LayerKind::Xmp
                | LayerKind::Iptc
                | LayerKind::Photoshop
                | LayerKind::JpegComment
                | LayerKind::GifComment
                | LayerKind::GifText
                | LayerKind::GifApplication
                | LayerKind::Frame
        )
    }

    /// Whether its name is that of a file.
    fn names_file(self) -> bool {
        matches!(
            self,
            LayerKind::SourceMap
                | LayerKind::Zip
                | LayerKind::Tar
                | LayerKind::SevenZip
                | LayerKind::Asar
                | LayerKind::Deb
                | LayerKind::Cpio
                | LayerKind::Gzip
                | LayerKind::Attachment
                | LayerKind::EmbeddedFile
        )
    }

    /// Whether it is a container whose content has no name of its own.
    fn is_nameless_container(self) -> bool {
        matches!(
            self,
            LayerKind::ZipComment
                | LayerKind::Gzip
                | LayerKind::GzipComment
                | LayerKind::Bzip2
                | LayerKind::Xz
                | LayerKind::Zstd
                | LayerKind::Brotli
                | LayerKind::Lzma
                | LayerKind::Tar
                | LayerKind::ImageConfig
                | LayerKind::Metadata
                | LayerKind::Ocr
                | LayerKind::Terminal
                | LayerKind::Leveldb
                | LayerKind::Npy
                | LayerKind::Column
                | LayerKind::FileName
                | LayerKind::Cpio
                | LayerKind::Zlib
        )
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for LayerKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One step from the file that a person knows to the bytes that matched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Layer {
    /// What was undone: `base64`.
    pub kind: LayerKind,
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
    /// A step with a name, and without places of its own.
    pub fn named(kind: LayerKind, name: &str) -> Self {
        Layer { kind, name: name.to_owned(), line: None, column: None }
    }

    /// A step that has no name and no places of its own.
    pub fn unnamed(kind: LayerKind) -> Self {
        Layer::named(kind, "")
    }

    /// Whether it is a file in a container. A source map's original is none, and a part of a text is none.
    pub fn is_member(&self) -> bool {
        !self.name.is_empty() && self.kind != LayerKind::SourceMap && !self.is_part()
    }

    /// Whether what is behind it is what a file is called.
    pub fn is_file_name(&self) -> bool {
        self.kind == LayerKind::FileName
    }

    /// Whether it names a part of a text that people know by a name: a message, a cell. Lines and columns stay those of
    /// the text.
    pub fn is_part(&self) -> bool {
        self.kind.is_part()
    }

    /// Whether its name is a file's, by which a person finds it. Others are what people wrote: a subject, a heading.
    pub fn names_file(&self) -> bool {
        self.kind.names_file()
    }

    /// Whether it only names a place, and nothing was opened or undone for it.
    pub fn is_name(&self) -> bool {
        self.kind == LayerKind::SourceMap || self.is_part()
    }

    /// Whether it is a step into a container or a compressed file, where it comes first or behind other such steps.
    fn is_container(&self) -> bool {
        self.is_member() || self.kind.is_nameless_container()
    }
}

/// How many of a way's first steps lead into containers and compressed files, parts on the way included: what lies inside
/// has lines of its own. What comes behind names a part of the text, or is decoded from it.
pub fn containers(layers: &[Layer]) -> usize {
    let leading = layers.iter().take_while(|layer| layer.is_container() || layer.is_part()).count();
    layers[..leading].iter().rposition(Layer::is_container).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_in_the_order_of_their_words() {
        assert!(LayerKind::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        assert!(LayerKind::ALL.is_sorted());
    }
}
