//! The text of a message: its headers and what a person reads of its parts, as one text, so that what stands together in
//! a mail program stands together here.

use super::header::Headers;
use crate::container::record::spooled_text::SpooledText;
use encoding_rs::Decoder;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use memchr::memmem;
use std::io::{self, Read};

/// So much is decoded at once, in bytes.
const CHUNK: usize = 32 << 10;
/// A longer line of text that flows is not joined with the next one.
const MAX_FLOWED_LINE_BYTES: usize = 64 << 10;

pub fn headers(text: &mut SpooledText, headers: &Headers) -> io::Result<()> {
    for (name, line) in &headers.lines {
        text.part(Layer::named(LayerKind::MailHeader, &format!("header {name}")));
        text.push(line.as_bytes())?;
    }
    text.push(b"\n")
}

/// Adds a part. Says whether it holds an encrypted text.
pub fn body(text: &mut SpooledText, name: Layer, headers: &Headers, mut body: impl Read) -> io::Result<bool> {
    text.part(name);
    let mut decoder = headers.charset.map(|charset| charset.new_decoder());
    let mut flow = headers.is_flowed.then(|| FlowedText::new(headers.deletes_space));
    let (mut chunk, mut is_encrypted) = (Vec::with_capacity(CHUNK), false);
    loop {
        chunk.clear();
        let read = (&mut body).take(CHUNK as u64).read_to_end(&mut chunk);
        let is_last = read.as_ref().map_or(true, |&read| read == 0);
        let decoded = decoder.as_mut().map(|decoder| decode(decoder, &chunk, is_last));
        let bytes = decoded.as_ref().map_or(&chunk[..], |decoded| decoded.as_bytes());
        is_encrypted |= memmem::find(bytes, b"-----BEGIN PGP MESSAGE-----").is_some();
        match &mut flow {
            Some(flow) => flow.add(bytes, is_last, text)?,
            None => text.push(bytes)?,
        }
        read?;
        if is_last {
            text.push(b"\n")?;
            return Ok(is_encrypted);
        }
    }
}

fn decode(decoder: &mut Decoder, bytes: &[u8], is_last: bool) -> String {
    let most = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(4 * CHUNK);
    let mut text = String::with_capacity(most);
    // There is room for all of it.
    let _ = decoder.decode_to_string(bytes, &mut text, is_last);
    text
}

/// Joins the lines of a text that flows (RFC 3676).
struct FlowedText {
    deletes_space: bool,
    /// A line that is not whole yet.
    line: Vec<u8>,
    /// How deep the line before was quoted, if it goes on in the next one.
    goes_on: Option<usize>,
}

impl FlowedText {
    fn new(deletes_space: bool) -> Self {
        FlowedText { deletes_space, line: Vec::new(), goes_on: None }
    }

    fn add(&mut self, bytes: &[u8], is_last: bool, text: &mut SpooledText) -> io::Result<()> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.line.len() > MAX_FLOWED_LINE_BYTES {
                self.line(text)?;
            }
        }
        if is_last { self.line(text) } else { Ok(()) }
    }

    fn line(&mut self, text: &mut SpooledText) -> io::Result<()> {
        let quotes = self.line.iter().take_while(|&&byte| byte == b'>').count();
        let rest = &self.line[quotes..];
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let end = rest.trim_ascii_end().len();
        let line_end = rest.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
        match self.goes_on.take() {
            Some(before) if before == quotes => {}
            // What was to go on does not.
            Some(_) => {
                text.push(b"\n").and_then(|()| text.push(&self.line[..self.line.len() - rest.len()]))?
            }
            None => text.push(&self.line[..self.line.len() - rest.len()])?,
        }
        let flows = line_end > end && rest[..line_end].ends_with(b" ") && &rest[..line_end] != b"-- ";
        if flows {
            let kept = if self.deletes_space { line_end - 1 } else { line_end };
            text.push(&rest[..kept])?;
            self.goes_on = Some(quotes);
        } else {
            text.push(rest)?;
        }
        self.line.clear();
        Ok(())
    }
}
