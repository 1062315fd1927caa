//! What a document holds beside its pages: notes, links, form fields, bookmarks, scripts, metadata, attachments, and what
//! nothing points to any more. Each object is looked at once, in the order of the file.

use super::super::super::Walk;
use super::pages::SeenObjects;
use krea_scan_pdf::content::{Drawing, Fonts, UNMOVED};
use krea_scan_pdf::file::PdfFile;
use krea_scan_pdf::object::{Dict, Object, Stream};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use memchr::memmem;
use std::collections::HashMap;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

/// Texts that are shorter hold no token, in bytes.
const MIN_TEXT_BYTES: usize = 16;
/// Values in values.
const MAX_DEPTH: usize = 12;
/// How much of a stream tells what it is, in bytes.
const HEAD: u64 = 4 << 10;
/// So many letters without a meaning are no accident.
const MIN_UNREADABLE_LETTERS: usize = 200;

/// Reads the rest of a document. `name` is its own.
pub fn read_other_objects(
    walk: &mut Walk<'_>,
    file: &PdfFile<'_>,
    name: &str,
    mut seen: SeenObjects,
) -> io::Result<()> {
    info(walk, file, name)?;
    let mut names = HashMap::new();
    let mut streams = Vec::new();
    for index in 0..file.entries.len() as u32 {
        walk.budget.spend(0)?;
        let entry = file.entries[index as usize];
        let object = file.object_at(index);
        if let Some(dict) = object.dict() {
            attached(file, dict, &mut names, 0);
        }
        strings(walk, file, name, entry.number, &object, &seen)?;
        if entry.is_stream() {
            streams.push(index);
        }
    }
    let mut fonts = Fonts::default();
    for index in streams {
        let number = file.entries[index as usize].number;
        let is_latest = file.index(number) == Some(index);
        if is_latest && seen.objects.contains(&number) {
            continue;
        }
        if let Object::Stream(found) = file.object_at(index) {
            let attached = names.get(&number).filter(|_| is_latest);
            stream(walk, file, name, &found, attached, &mut seen, &mut fonts)?;
        }
    }
    let (read, unknown) = seen.letters;
    if unknown > MIN_UNREADABLE_LETTERS && unknown > read / 4 {
        walk.unread(&format!(
            "does not say which letters {unknown} of its {} glyphs are; what they show was not read: scan it with --ocr, or print it to \
             a new PDF and scan that",
            read + unknown
        ));
    }
    if file.damaged.get() > 0 {
        walk.unread(&format!(
            "is damaged: {} of its streams of objects could not be read to the end",
            file.damaged.get()
        ));
    }
    if file.has_more {
        walk.unread("has more than a million objects; those behind were not read");
    }
    Ok(())
}

/// The properties of the document.
fn info(walk: &mut Walk<'_>, file: &PdfFile<'_>, name: &str) -> io::Result<()> {
    let Some(info) = file.dict(&file.trailer("Info")) else { return Ok(()) };
    for (key, value) in &info.0 {
        let key = krea_scan_pdf::encoding::text(key);
        if let Some(text) = file.text(value).filter(|text| text.len() >= MIN_TEXT_BYTES) {
            walk.member(
                Layer::named(LayerKind::PdfInfo, &key),
                name,
                &mut format!("{key}: {text}\n").as_bytes(),
            )?;
        }
    }
    Ok(())
}

/// Finds what attached files are called: the names of their streams' objects.
fn attached(file: &PdfFile<'_>, dict: &Dict, names: &mut HashMap<u32, String>, depth: usize) {
    if let Some(files) = file.dict(dict.get("EF")) {
        let own = ["UF", "F", "Unix", "DOS", "Desc"].iter().find_map(|key| file.text(dict.get(key)));
        for (_, value) in &files.0 {
            if let (Object::Ref(number), Some(own)) = (value, &own) {
                names.insert(*number, own.clone());
            }
        }
    }
    if depth < MAX_DEPTH {
        let inner =
            dict.0.iter().flat_map(|(_, value)| std::slice::from_ref(value).iter().chain(value.array()));
        for dict in inner.filter_map(|value| if let Object::Dict(dict) = value { Some(dict) } else { None }) {
            attached(file, dict, names, depth + 1);
        }
    }
}

/// Hands on the texts in an object, if one of them is long enough to matter.
fn strings(
    walk: &mut Walk<'_>,
    file: &PdfFile<'_>,
    name: &str,
    number: u32,
    object: &Object,
    seen: &SeenObjects,
) -> io::Result<()> {
    let (mut text, mut longest) = (String::new(), 0);
    collect(file, object, "", &mut text, &mut longest, 0);
    if longest < MIN_TEXT_BYTES {
        return Ok(());
    }
    let empty = Dict::default();
    let dict = object.dict().unwrap_or(&empty);
    if dict.is("Type", "XRef") || dict.is("Filter", "Standard") || is_info(file, number) {
        return Ok(());
    }
    let place = match (dict.get("Subtype").name(), seen.pages.get(&number)) {
        (kind, page) if page.is_some() || is_note(kind) => {
            let what = match kind {
                b"Link" => "link",
                b"Text" | b"Popup" => "note",
                b"FreeText" => "text box",
                b"Widget" => "form field",
                _ => "annotation",
            };
            let page = page.map_or(String::new(), |page| format!(" on page {page}"));
            Layer::named(LayerKind::Annotation, &format!("{what}{page}"))
        }
        _ if dict.get("FT") != &Object::Null => Layer::named(LayerKind::Annotation, "form field"),
        _ if dict.get("S").name() == b"JavaScript" => {
            Layer::named(LayerKind::PdfObject, &format!("script in object {number}"))
        }
        _ if dict.get("Title") != &Object::Null => {
            Layer::named(LayerKind::PdfObject, &format!("bookmark in object {number}"))
        }
        _ => Layer::named(LayerKind::PdfObject, &format!("object {number}")),
    };
    walk.member(place, name, &mut text.as_bytes())
}

fn is_note(kind: &[u8]) -> bool {
    matches!(kind, b"Link" | b"Text" | b"FreeText" | b"Widget" | b"Popup" | b"FileAttachment")
}

fn is_info(file: &PdfFile<'_>, number: u32) -> bool {
    file.trailers.iter().any(|(_, trailer)| *trailer.get("Info") == Object::Ref(number))
}

/// Writes every text in an object, with its name.
fn collect(
    file: &PdfFile<'_>,
    object: &Object,
    key: &str,
    text: &mut String,
    longest: &mut usize,
    depth: usize,
) {
    match object {
        Object::String(bytes) => {
            let value = krea_scan_pdf::encoding::text(bytes);
            *longest = value.len().max(*longest);
            for part in [key, if key.is_empty() { "" } else { ": " }, &value, "\n"] {
                text.push_str(part);
            }
        }
        Object::Array(values) if depth < MAX_DEPTH => {
            values.iter().for_each(|value| collect(file, value, key, text, longest, depth + 1));
        }
        Object::Dict(dict) if depth < MAX_DEPTH => entries(file, dict, text, longest, depth),
        Object::Stream(stream) => entries(file, &stream.dict, text, longest, depth),
        _ => {}
    }
}

fn entries(file: &PdfFile<'_>, dict: &Dict, text: &mut String, longest: &mut usize, depth: usize) {
    // A form field's value goes by the field's own name.
    let own = field_name(file, dict);
    for (key, value) in &dict.0 {
        let key = krea_scan_pdf::encoding::text(key);
        let key = if matches!(key.as_str(), "V" | "DV") && !own.is_empty() { &own } else { &key };
        collect(file, value, key, text, longest, depth + 1);
    }
}

/// A longer name of a field is not made longer still by those above it, in bytes.
const MAX_FIELD_NAME: usize = 1 << 10;

/// The name of a form field, with those of the fields that it is in: `krea.apiKey` (ISO 32000-1, 12.7.3.2).
fn field_name(file: &PdfFile<'_>, dict: &Dict) -> String {
    let own = |dict: &Dict| {
        if let Object::String(own) = dict.get("T") { Some(krea_scan_pdf::encoding::text(own)) } else { None }
    };
    let Some(mut name) = own(dict) else { return String::new() };
    let mut above = file.dict(dict.get("Parent"));
    for _ in 0..MAX_DEPTH {
        let Some(field) = above.filter(|_| name.len() <= MAX_FIELD_NAME) else { break };
        if let Some(outer) = own(&field) {
            name = format!("{outer}.{name}");
        }
        above = file.dict(field.get("Parent"));
    }
    name
}

/// Hands on a stream that no page led to, unless it is known to say nothing.
fn stream(
    walk: &mut Walk<'_>,
    file: &PdfFile<'_>,
    name: &str,
    stream: &Rc<Stream>,
    attached: Option<&String>,
    seen: &mut SeenObjects,
    fonts: &mut Fonts,
) -> io::Result<()> {
    let (dict, number) = (&stream.dict, stream.id.0);
    let has = |key: &str| *dict.get(key) != Object::Null;
    let is_attached = attached.is_some() || dict.is("Type", "EmbeddedFile");
    let is_metadata = dict.is("Type", "Metadata") || dict.is("Subtype", "XML");
    let says_nothing = ["ObjStm", "XRef", "CMap"].iter().any(|kind| dict.is("Type", kind))
        || ["Image", "Type1C", "CIDFontType0C", "OpenType"].iter().any(|kind| dict.is("Subtype", kind))
        || ["Length1", "Length2", "FunctionType", "ShadingType", "PatternType"].iter().any(|key| has(key))
        || (has("N") && !has("Type"));
    if says_nothing && !is_attached && !is_metadata {
        return Ok(());
    }
    let own = attached.map_or_else(|| format!("attachment in object {number}"), Clone::clone);
    let mut input = match file.decoded(stream) {
        Some(mut input) if is_attached => {
            return walk.member(Layer::named(LayerKind::Attachment, &own), &own, &mut input);
        }
        Some(input) => input,
        None if is_attached => {
            let unknown = "is packed in a way that is not known, and was not read";
            let reason = if file.is_locked(stream) { super::LOCKED } else { unknown };
            walk.unread_member(Layer::named(LayerKind::Attachment, &own), reason);
            return Ok(());
        }
        None => return Ok(()),
    };
    if is_metadata {
        return walk.member(Layer::named(LayerKind::PdfMetadata, "XMP metadata"), name, &mut input);
    }
    let mut head = Vec::new();
    let read = (&mut input).take(HEAD).read_to_end(&mut head);
    let has = |part: &[u8]| memmem::find(&head, part).is_some();
    if has(b"begincmap") {
        return Ok(());
    }
    let place = Layer::named(LayerKind::PdfObject, &format!("object {number}"));
    if dict.is("Subtype", "Form") || (has(b"BT") && (has(b"Tf") || has(b"Tj") || has(b"TJ"))) {
        let mut drawing = Drawing::new(file, fonts);
        drawing.named = std::mem::take(&mut seen.named);
        let resources = file.dict(dict.get("Resources")).unwrap_or_default();
        // What is damaged in something that nothing shows is nobody's loss.
        let drawn = drawing.run(Cursor::new(&head).chain(input), &resources, UNMOVED, 1);
        seen.named = std::mem::take(&mut drawing.named);
        let (text, _) = drawing.into_text();
        if !text.is_empty() {
            walk.member(place, name, &mut text.as_bytes())?;
        }
        return if walk.budget.exceeded().is_some() { drawn } else { Ok(()) };
    }
    if read.is_err() {
        return Ok(());
    }
    walk.member(place, name, &mut Cursor::new(&head).chain(input))
}
