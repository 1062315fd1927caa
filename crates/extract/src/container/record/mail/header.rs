//! The headers of a message or of a part of one (RFC 5322, RFC 2045): as a person reads them, and what they say of what
//! follows.

use super::body;
use super::source::MailLines;
use super::transfer::{Transfer, transfer};
use encoding_rs::Encoding;
use mail_parser::ContentType;
use mail_parser::parsers::MessageStream;
use std::io::{self, BufRead};

/// A longer header, or one with more encoded words, is left as it is: a mail program would not write one.
const MAX_HEADER_BYTES: usize = 16 << 10;
const MAX_ENCODED_WORDS: usize = 400;
/// What headers say behind so many bytes is read as it is only.
const MAX_HEADERS_BYTES: usize = 1 << 20;

#[derive(Debug, Default)]
pub struct Headers {
    /// All of them: their names, and a line each, with encoded words decoded.
    pub lines: Vec<(String, String)>,
    pub subject: String,
    /// `text/html`, in lower case. Empty where nothing is said.
    pub media_type: String,
    /// What stands between the parts of a multipart.
    pub boundary: Vec<u8>,
    /// The character set of a text, unless it is read as it is.
    pub charset: Option<&'static Encoding>,
    /// How a body is encoded.
    pub transfer: Transfer,
    /// The name of an attachment.
    pub name: String,
    /// Whether it is to be shown by itself.
    pub is_attachment: bool,
    /// Where a part of a saved page came from.
    pub location: String,
    /// Lines of a text go on in the next one if they end in a space (RFC 3676), which may be left out then.
    pub is_flowed: bool,
    /// Whether the space goes.
    pub deletes_space: bool,
}

impl Headers {
    /// Reads headers up to the empty line behind them, or to where they can be no more. What mail programs put before them
    /// is passed over.
    pub fn read<R: BufRead>(source: &mut MailLines<R>, boundaries: &[Vec<u8>]) -> io::Result<Self> {
        let (mut headers, mut field, mut bytes) = (Headers::default(), Vec::new(), 0);
        while let Some(line) = source.line()? {
            let goes_on = !line.starts || line.bytes.starts_with(b" ") || line.bytes.starts_with(b"\t");
            let is_blank = line.starts && line.bytes.trim_ascii().is_empty();
            let is_before = bytes == 0 && is_before(line.bytes);
            let is_header = (goes_on && bytes > 0) || name(line.bytes).is_some();
            if !is_blank && !is_before && !is_header
                || line.starts && body::boundary(boundaries, line.bytes).is_some()
            {
                source.unread();
                break;
            }
            if is_blank {
                break;
            }
            if is_before {
                continue;
            }
            if !goes_on {
                headers.add(&field);
                field.clear();
            }
            bytes += line.bytes.len();
            if bytes <= MAX_HEADERS_BYTES {
                field.extend_from_slice(line.bytes);
            }
        }
        headers.add(&field);
        Ok(headers)
    }

    /// Adds a header: all of its lines.
    fn add(&mut self, field: &[u8]) {
        let Some(colon) = memchr::memchr(b':', field) else { return };
        let name = String::from_utf8_lossy(field[..colon].trim_ascii()).into_owned();
        let value = unfolded(&field[colon + 1..]);
        let text = decoded(&value);
        match name.to_ascii_lowercase().as_str() {
            "subject" if self.subject.is_empty() => self.subject.clone_from(&text),
            "content-type" => self.content_type(&value),
            "content-disposition" => self.disposition(&value),
            "content-transfer-encoding" => self.transfer = transfer(&text),
            "content-location" => self.location.clone_from(&text),
            _ => {}
        }
        // What is handed on is decoded, and says no longer that it is not.
        if !name.eq_ignore_ascii_case("content-transfer-encoding") {
            let line = format!("{name}: {text}\n");
            self.lines.push((name, line));
        }
    }

    fn content_type(&mut self, value: &[u8]) {
        let Some(of) = structured(value) else { return };
        let attribute = |name: &str| of.attribute(name).unwrap_or_default();
        self.media_type = match of.subtype() {
            Some(subtype) => format!("{}/{subtype}", of.ctype()).to_ascii_lowercase(),
            None => of.ctype().to_ascii_lowercase(),
        };
        self.boundary = attribute("boundary").trim_end().as_bytes().to_vec();
        self.charset = Encoding::for_label(attribute("charset").as_bytes())
            .filter(|&charset| charset != encoding_rs::UTF_8);
        self.is_flowed = attribute("format").eq_ignore_ascii_case("flowed");
        self.deletes_space = attribute("delsp").eq_ignore_ascii_case("yes");
        if self.name.is_empty() {
            attribute("name").clone_into(&mut self.name);
        }
    }

    fn disposition(&mut self, value: &[u8]) {
        let Some(of) = structured(value) else { return };
        self.is_attachment = of.is_attachment();
        if let Some(name) = of.attribute("filename").filter(|name| !name.is_empty()) {
            name.clone_into(&mut self.name);
        }
    }
}

/// The name of the header that a line starts.
pub fn name(line: &[u8]) -> Option<&str> {
    let name = &line[..memchr::memchr(b':', line)?];
    let is_name =
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    std::str::from_utf8(name).ok().filter(|_| is_name)
}

/// A line before headers: of a mailbox, or, in Apple's `.emlx`, how long the mail is.
fn is_before(line: &[u8]) -> bool {
    let line = line.strip_prefix(b">").unwrap_or(line);
    line.starts_with(b"From ") || line.trim_ascii().iter().all(u8::is_ascii_digit)
}

/// A header's value on one line, with a line's end.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let mut line: Vec<u8> = Vec::with_capacity(value.len() + 1);
    for part in value.split(|&byte| byte == b'\n') {
        line.extend_from_slice(part.strip_suffix(b"\r").unwrap_or(part));
    }
    line.push(b'\n');
    line
}

/// A header's value with its encoded words decoded (RFC 2047).
fn decoded(value: &[u8]) -> String {
    let words = memchr::memmem::find_iter(value, b"=?").take(MAX_ENCODED_WORDS + 1).count();
    if (1..=MAX_ENCODED_WORDS).contains(&words) && value.len() <= MAX_HEADER_BYTES {
        let parsed = MessageStream::new(value).parse_unstructured();
        if let Some(text) = parsed.as_text() {
            return text.to_owned();
        }
    }
    String::from_utf8_lossy(value.trim_ascii()).into_owned()
}

/// A header's value with parameters (RFC 2045, RFC 2183, RFC 2231).
fn structured(value: &[u8]) -> Option<ContentType<'_>> {
    let value = Some(value).filter(|value| value.len() <= MAX_HEADER_BYTES)?;
    match MessageStream::new(value).parse_content_type() {
        mail_parser::HeaderValue::ContentType(of) => Some(of),
        _ => None,
    }
}
