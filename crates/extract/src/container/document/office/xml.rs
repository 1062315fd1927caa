//! XML as a stream: tags, texts, references. Nothing is held but one tag; a text comes in as many pieces as it takes.
//!
//! Entities that a document defines are never expanded, and nothing outside is fetched. Damage that leaves the rest
//! readable (ends that do not fit, a lone `&`) is passed over.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::charset;
use krea_scan_text::escapes::entity_number;
use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event as Markup};
use std::io::{self, BufRead, BufReader, Read};

/// The longest tag, comment or list of definitions, in bytes.
const MAX_MARKUP: usize = 8 << 20;
/// How much is read at once, in bytes.
const PIECE: usize = 32 << 10;
/// So many places that are no XML are passed over.
const MAX_DAMAGE: u32 = 1000;

/// What comes next.
pub enum XmlEvent<'x> {
    /// A tag that opens an element. One that closes it follows, also where the document has it in one tag.
    Start(XmlTag<'x>),
    /// A tag that closes an element.
    End,
    /// Some text, references undone.
    Text(&'x [u8]),
    /// A comment, a declaration, or something that is no XML.
    Other,
    Done,
}

/// A tag that opens an element.
pub struct XmlTag<'x>(BytesStart<'x>);

impl XmlTag<'_> {
    /// The name with its prefix.
    pub fn full_name(&self) -> &str {
        self.0.name().0
    }

    /// The name without its prefix.
    pub fn name(&self) -> &str {
        local(self.full_name())
    }

    /// The first attribute whose name without its prefix is this one, references undone.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.find(|key| local(key) == name)
    }

    /// The attribute that names a relation, which has a prefix, as `r:id` has.
    pub fn relation(&self) -> Option<String> {
        self.find(|key| key.ends_with(":id"))
    }

    /// What the namespace of its own name is, if the tag itself says so.
    pub fn namespace(&self) -> Option<String> {
        let declared = match self.full_name().rsplit_once(':') {
            Some((prefix, _)) => format!("xmlns:{prefix}"),
            None => "xmlns".to_owned(),
        };
        self.find(|key| key == declared)
    }

    fn find(&self, is_it: impl Fn(&str) -> bool) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes.with_checks(false).flatten().find(|attribute| is_it(attribute.key.0))?;
        Some(unescape(&found.value))
    }
}

/// A document that is being read.
pub struct Xml<R: Read> {
    reader: Reader<Bounded<BufReader<Utf8<R>>>>,
    buffer: Vec<u8>,
    text: Vec<u8>,
    damage: u32,
    defines_entities: bool,
    /// Something stands in it by the name of an entity that the document defines.
    pub unexpanded: bool,
}

impl<R: Read> Xml<R> {
    pub fn new(input: R) -> Self {
        let input = BufReader::with_capacity(PIECE, Utf8::new(input));
        let mut reader = Reader::from_reader(Bounded { inner: input, left: MAX_MARKUP });
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        let (buffer, text) = (Vec::new(), Vec::new());
        Xml { reader, buffer, text, damage: 0, defines_entities: false, unexpanded: false }
    }

    /// The next event.
    ///
    /// # Errors
    /// When what is there is no XML, or more than is held.
    pub fn next(&mut self) -> io::Result<XmlEvent<'_>> {
        let inner = self.reader.get_mut();
        inner.left = MAX_MARKUP;
        let piece = inner.fill_buf()?;
        // What is held of a text is no more than a piece: the reader would hold it as a whole.
        if let Some(length) = match piece.first() {
            None | Some(b'<' | b'&') => None,
            Some(_) => Some(memchr::memchr2(b'<', b'&', piece).unwrap_or(piece.len())),
        } {
            self.text.clear();
            self.text.extend_from_slice(&piece[..length]);
            inner.consume(length);
            return Ok(XmlEvent::Text(&self.text));
        }
        self.buffer.clear();
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Markup::Start(tag) | Markup::Empty(tag)) => Ok(XmlEvent::Start(XmlTag(tag))),
            Ok(Markup::End(_)) => Ok(XmlEvent::End),
            Ok(Markup::Text(text)) => Ok(keep(&mut self.text, &text.into_inner())),
            Ok(Markup::CData(text)) => Ok(keep(&mut self.text, &text.into_inner())),
            Ok(Markup::GeneralRef(name)) => {
                let name = name.into_inner();
                self.text.clear();
                let known = reference(&name, &mut self.text);
                self.unexpanded |= !known && self.defines_entities;
                Ok(XmlEvent::Text(&self.text))
            }
            Ok(Markup::DocType(text)) => {
                self.defines_entities |= text.into_inner().contains("<!ENTITY");
                Ok(XmlEvent::Other)
            }
            Ok(Markup::Eof) => Ok(XmlEvent::Done),
            Ok(Markup::Comment(_) | Markup::Decl(_) | Markup::PI(_)) => Ok(XmlEvent::Other),
            Err(quick_xml::Error::IllFormed(_)) if self.damage < MAX_DAMAGE => {
                self.damage += 1;
                Ok(XmlEvent::Other)
            }
            Err(quick_xml::Error::Io(error)) => {
                Err(error.get_ref().and_then(|inner| inner.downcast_ref::<ReadError>()).map_or_else(
                    || io::Error::new(error.kind(), error.to_string()),
                    |trouble| trouble.clone().into(),
                ))
            }
            Err(error) => Err(ReadError::new(format!("is damaged XML: {error}")).into()),
        }
    }
}

fn keep<'x>(kept: &'x mut Vec<u8>, text: &str) -> XmlEvent<'x> {
    kept.clear();
    kept.extend_from_slice(text.as_bytes());
    XmlEvent::Text(kept)
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, name)| name)
}

/// Writes what a reference stands for, or the reference itself. Says whether it is one that every document has.
fn reference(name: &str, text: &mut Vec<u8>) -> bool {
    let known = entity_number(name.as_bytes()).and_then(char::from_u32).map(String::from).or_else(|| {
        // The names that HTML has and that stand in books.
        let known = match name {
            "nbsp" => "\u{a0}",
            "shy" => "\u{ad}",
            "ndash" => "\u{2013}",
            "mdash" => "\u{2014}",
            "hellip" => "\u{2026}",
            name => quick_xml::escape::resolve_xml_entity(name)?,
        };
        Some(known.to_owned())
    });
    match &known {
        Some(known) => text.extend_from_slice(known.as_bytes()),
        None => text.extend_from_slice(format!("&{name};").as_bytes()),
    }
    known.is_some()
}

/// An attribute's value, references undone.
fn unescape(value: &str) -> String {
    let mut text = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('&') {
        text.extend_from_slice(before.as_bytes());
        rest = match behind.split_once(';').filter(|(name, _)| name.len() <= 16) {
            Some((name, behind)) => {
                reference(name, &mut text);
                behind
            }
            None => {
                text.push(b'&');
                behind
            }
        };
    }
    text.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&text).into_owned()
}

/// Gives so many bytes and no more, for a reader that would hold all of them.
struct Bounded<R> {
    inner: R,
    left: usize,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.len().min(buffer.len());
        let read = self.inner.read(&mut buffer[..length])?;
        self.left -= read;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let piece = self.inner.fill_buf()?;
        if self.left == 0 && !piece.is_empty() {
            let reason = format!(
                "has a tag, a comment or definitions of more than {} MB; what stands behind that was read only as it is",
                MAX_MARKUP >> 20
            );
            return Err(ReadError::new(reason).into());
        }
        Ok(&piece[..piece.len().min(self.left)])
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
        self.left -= amount;
    }
}

/// A document in UTF-8, whatever it is in. What is no text becomes U+FFFD.
struct Utf8<R> {
    inner: R,
    decoder: Option<Decoder>,
    /// What was read and is not decoded yet.
    raw: Vec<u8>,
    at: usize,
    ended: bool,
    done: bool,
}

impl<R: Read> Utf8<R> {
    fn new(inner: R) -> Self {
        Utf8 { inner, decoder: None, raw: Vec::new(), at: 0, ended: false, done: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.raw.drain(..self.at);
        self.at = 0;
        let before = self.raw.len();
        (&mut self.inner).take(PIECE as u64).read_to_end(&mut self.raw)?;
        self.ended = self.raw.len() < before + PIECE;
        Ok(())
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.done || buffer.is_empty() {
                return Ok(0);
            }
            if self.at == self.raw.len() && !self.ended {
                self.fill()?;
            }
            let decoder =
                self.decoder.get_or_insert_with(|| encoding(&self.raw).new_decoder_with_bom_removal());
            let (result, read, written, _) = decoder.decode_to_utf8(&self.raw[self.at..], buffer, self.ended);
            self.at += read;
            self.done = self.ended && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
            if result == CoderResult::OutputFull {
                // Smaller than any character.
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            }
        }
    }
}

/// The encoding of a document, by its first bytes.
fn encoding(head: &[u8]) -> &'static Encoding {
    if let Some(utf16) = charset::utf16(head) {
        return utf16;
    }
    let declaration = &head[..memchr::memchr(b'>', head).unwrap_or(0).min(200)];
    let declared = declaration.starts_with(b"<?xml").then(|| {
        let behind = &declaration[memmem::find(declaration, b"encoding=")? + 9..];
        let label = behind.get(1..)?.split(|&byte| byte == b'"' || byte == b'\'').next()?;
        Encoding::for_label(label)
    });
    // What declares UTF-16 and can be read up to here is no UTF-16.
    declared.flatten().map_or(UTF_8, |encoding| if encoding.is_ascii_compatible() { encoding } else { UTF_8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is in a document, and the error that ends it.
    fn read(input: &[u8]) -> (String, Option<String>, bool) {
        let (mut xml, mut all) = (Xml::new(input), String::new());
        let error = loop {
            match xml.next() {
                Ok(XmlEvent::Start(tag)) => all.push_str(&format!("<{}>", tag.name())),
                Ok(XmlEvent::End) => all.push_str("</>"),
                Ok(XmlEvent::Text(text)) => all.push_str(&String::from_utf8_lossy(text)),
                Ok(XmlEvent::Other) => {}
                Ok(XmlEvent::Done) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        (all, error, xml.unexpanded)
    }

    #[test]
    fn tags_texts_and_references_come_one_after_the_other() {
        let (all, error, unexpanded) = read(
            b"\xef\xbb\xbf<?xml version='1.0'?><a:p>1 &lt;&#50;&#x33;<!-- no --><![CDATA[<4>]]><b/></a:p>",
        );
        assert_eq!((all.as_str(), error, unexpanded), ("<p>1 <23<4><b></></>", None, false));
        let long = [b"<a>".as_slice(), &b"long ".repeat(100_000), b"</a>"].concat();
        assert_eq!(read(&long).0.len(), 500_000 + 6);
    }

    #[test]
    fn entities_are_never_expanded() {
        let bomb = b"<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;&b;'><!ENTITY d SYSTEM 'file:///etc/passwd'>]>\
            <a>&c;&d;&nbsp;&unknown;</a>";
        assert_eq!(read(bomb), ("<a>&c;&d;\u{a0}&unknown;</>".to_owned(), None, true));
        assert!(!read(b"<a>&unknown;</a>").2);
    }

    #[test]
    fn what_is_no_xml_is_passed_over_or_said() {
        assert_eq!(read(b"<a>R&D & <b>1</c></a></a>").0, "<a>R&D & <b>1</></></>");
        assert_eq!(read(b"<a>1<b c='").1.unwrap().split(':').next(), Some("is damaged XML"));
        let long = [b"<a>1<b c='".as_slice(), &vec![b'x'; MAX_MARKUP], b"'/></a>"].concat();
        let (all, error, _) = read(&long);
        assert_eq!((all.as_str(), &error.unwrap()[..30]), ("<a>1", "has a tag, a comment or defini"));
    }

    #[test]
    fn every_encoding_becomes_utf_8() {
        let wide: Vec<u8> = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>grün</a>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read(&wide).0, "<a>grün</>");
        assert_eq!(read(b"<?xml version='1.0' encoding='iso-8859-1'?><a>gr\xfcn</a>").0, "<a>grün</>");
        assert_eq!(read(b"<a>gr\xfcn</a>").0, "<a>gr\u{fffd}n</>");
    }

    #[test]
    fn attributes_are_found_by_their_names() {
        let mut xml = Xml::new(&b"<w:a xmlns:w='urn:w' w:val='a&amp;b' other=\"c\"/>"[..]);
        let Ok(XmlEvent::Start(tag)) = xml.next() else { panic!("no tag") };
        assert_eq!(tag.attribute("val").as_deref(), Some("a&b"));
        assert_eq!(tag.attribute("other").as_deref(), Some("c"));
        assert_eq!(tag.attribute("none"), None);
        assert_eq!(tag.namespace().as_deref(), Some("urn:w"));
    }
}
