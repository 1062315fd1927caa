//! XMP: properties as XML, in elements and attributes (ISO 16684-1, 7). Each becomes a field under its qualified name,
//! with references undone. Nothing of a DTD is expanded.

use super::PictureFields;
use crate::container::Walk;
use krea_scan_text::LayerKind;
use krea_scan_text::charset;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use std::io;

/// Deeper elements go by the name of the one at this depth.
const DEEP: usize = 64;

pub fn read_xmp(walk: &mut Walk<'_>, fields: &mut PictureFields<'_>, packet: &[u8]) -> io::Result<()> {
    let wide = charset::utf16(packet).map(|encoding| encoding.decode(packet).0);
    let text = wide.unwrap_or_else(|| String::from_utf8_lossy(packet));
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    (config.allow_dangling_amp, config.allow_unmatched_ends) = (true, true);
    config.check_end_names = false;

    let mut properties = Properties { walk, fields, open: Vec::new(), depth: 0, value: String::new() };
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                properties.attributes(&element)?;
                properties.start(element.name().as_ref())?;
            }
            Ok(Event::Empty(element)) => properties.attributes(&element)?,
            Ok(Event::End(_)) => properties.end()?,
            Ok(Event::Text(text)) => properties.value.push_str(&text.into_inner()),
            Ok(Event::CData(text)) => properties.value.push_str(&text.into_inner()),
            Ok(Event::GeneralRef(reference)) => {
                let reference = format!("&{};", &*reference.into_inner());
                properties.value.push_str(&resolved(&reference));
            }
            Ok(Event::Comment(text)) => properties.add("comment", &text.into_inner())?,
            Ok(Event::Eof) => return properties.end(),
            Ok(_) => {}
            Err(_) => {
                // What is no XML may still say something.
                properties.end()?;
                let at = usize::try_from(reader.error_position()).unwrap_or(0);
                return properties.add("XMP", text.get(at..).unwrap_or_default());
            }
        }
    }
}

/// Collects what properties say.
struct Properties<'p, 'w, 'n> {
    walk: &'p mut Walk<'w>,
    fields: &'p mut PictureFields<'n>,
    /// The names of elements that are open.
    open: Vec<String>,
    /// How many of them there are.
    depth: usize,
    /// What the innermost one has said so far.
    value: String,
}

impl Properties<'_, '_, '_> {
    fn start(&mut self, name: &str) -> io::Result<()> {
        self.say()?;
        self.depth += 1;
        if self.depth <= DEEP {
            self.open.push(name.to_owned());
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.say()?;
        self.depth = self.depth.saturating_sub(1);
        self.open.truncate(self.depth);
        Ok(())
    }

    /// Adds what the innermost property says. Lists and the like have no name that says anything.
    fn say(&mut self) -> io::Result<()> {
        let value = std::mem::take(&mut self.value);
        let name = self.open.iter().rev().find(|name| !name.starts_with("rdf:"));
        let name = name.map_or_else(|| "XMP".to_owned(), Clone::clone);
        self.add(&name, &value)
    }

    fn attributes(&mut self, element: &BytesStart<'_>) -> io::Result<()> {
        self.say()?;
        for attribute in element.attributes().with_checks(false).flatten() {
            let name = attribute.key.as_ref();
            if !name.starts_with("xmlns") && !name.starts_with("xml:") {
                self.add(name, &resolved(&attribute.value))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, value: &str) -> io::Result<()> {
        match value.trim() {
            "" => Ok(()),
            value => self.fields.add(self.walk, LayerKind::Xmp, name, value.as_bytes()),
        }
    }
}

/// A text with its references undone, where they can be.
fn resolved(text: &str) -> String {
    unescape(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}
