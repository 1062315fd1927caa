//! Mails and mailboxes: each message as one text, its headers and bodies as a person reads them, and its attachments.
//!
//! Read line by line, so that a mailbox or an attachment of any size needs little memory. `.eml`, `.emlx`, MHTML, `mbox`,
//! and what programs send about in that shape, such as cloud-init's user data.

mod body;
mod header;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod transfer;

use super::spooled_text::SpooledText;
use crate::container::{Seekable, UnreadGroup, Walk};
use crate::has_ending;
use body::{BodyEnd, MailBody};
use header::Headers;
use krea_scan_bounds::limits::Metered;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;
use memchr::memmem;
use source::MailLines;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use transfer::Transfer;

/// How much is read at once, in bytes.
const BUFFER: usize = 128 << 10;
/// Parts in parts are followed no deeper.
const MAX_DEPTH: usize = 32;
/// So much of a text is looked at for whether it says anything, in bytes.
const LOOK: u64 = 4096;
/// What a mail is that cannot be read, and what to do about it.
const ENCRYPTED: &str = "encrypted; decrypt it in a mail program and scan what comes out";
/// What a mail is whose parts are not where it says, and what was done about it.
const NO_PARTS: &str = "says that it has parts, and where they start was not found; it was read as it is";
/// How data says that they are encrypted (RFC 5652, section 6.1, and RFC 5083), in DER.
const ENVELOPED: [&[u8]; 2] =
    [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 23]];

/// What holds messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailFormat {
    Message,
    /// Messages one after the other (RFC 4155).
    Mailbox,
}

impl MailFormat {
    /// What a file is.
    pub fn of(head: &[u8], name: &str) -> Option<Self> {
        if !head.first().is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'>') {
            return None;
        }
        if head.starts_with(b"From ") {
            let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
            // `git format-patch` writes mails, for people to read and edit as they are.
            let is_patch = memmem::find(line, b" Mon Sep 17 00:00:00 2001").is_some();
            return (source::is_from_line(line) && !is_patch).then_some(MailFormat::Mailbox);
        }
        is_message(head, name).then_some(MailFormat::Message)
    }
}

/// Endings of files that hold one message.
const ENDINGS: [&str; 4] = [".eml", ".emlx", ".mht", ".mhtml"];
/// Headers that only mail has, and others.
const TELLING: [&str; 12] = [
    "received",
    "return-path",
    "message-id",
    "mime-version",
    "delivered-to",
    "dkim-signature",
    "x-received",
    "authentication-results",
    "arc-seal",
    "x-mozilla-status",
    "x-gm-thrid",
    "snapshot-content-location",
];
const USUAL: [&str; 9] =
    ["from", "to", "subject", "date", "sender", "reply-to", "cc", "content-type", "in-reply-to"];

/// Whether a file starts with the headers of a message.
fn is_message(head: &[u8], name: &str) -> bool {
    let is_called_so = ENDINGS.iter().any(|ending| has_ending(name, ending));
    let (mut telling, mut usual, mut lines) = (0, [false; USUAL.len()], 0);
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        let text = line.trim_ascii();
        let is_first = lines == 0;
        let is_before = is_first && is_called_so && text.iter().all(u8::is_ascii_digit);
        lines += 1;
        if text.is_empty() {
            break;
        }
        if matches!(line[0], b' ' | b'\t') && !is_first || is_before {
            continue;
        }
        let Some(name) = header::name(line) else {
            // The last line may be cut off.
            if line.ends_with(b"\n") {
                return false;
            }
            break;
        };
        let is_named = |other: &&str| name.eq_ignore_ascii_case(other);
        if TELLING.iter().any(is_named) {
            telling += 1;
        } else if let Some(number) = USUAL.iter().position(is_named) {
            usual[number] = true;
        } else if is_first && !is_called_so && !name.starts_with("X-") && !name.starts_with("ARC-") {
            return false;
        }
    }
    let is_letter = usual[0] && usual[2] && usual[3];
    let all = telling + usual.iter().filter(|&&is_there| is_there).count();
    is_letter || (telling > 0 && all > 1) || (is_called_so && all > 0)
}

pub fn read_mail(walk: &mut Walk<'_>, format: MailFormat, input: &mut dyn Seekable) -> io::Result<()> {
    let is_mailbox = format == MailFormat::Mailbox;
    let mut source = MailLines::new(BufReader::with_capacity(BUFFER, input), is_mailbox);
    let (mut number, mut encrypted) = (0u64, UnreadGroup::default());
    let read = loop {
        match is_mailbox.then(|| source.next_message()) {
            Some(Err(error)) => break Err(error),
            Some(Ok(false)) => break Ok(()),
            Some(Ok(true)) => number += 1,
            None => {}
        }
        let read = message(walk, &mut source, number, &mut encrypted);
        if read.is_err() || !is_mailbox {
            break read;
        }
    };
    encrypted.tell(walk, LayerKind::MailMessage, ENCRYPTED);
    read
}

/// Reads a message. `number` is its own in a mailbox, from 1.
fn message<R: BufRead>(
    walk: &mut Walk<'_>,
    source: &mut MailLines<R>,
    number: u64,
    encrypted: &mut UnreadGroup,
) -> io::Result<()> {
    let headers = Headers::read(source, &[])?;
    let name = match (number, one_line(&headers.subject)) {
        (0, subject) if subject.is_empty() => "message".to_owned(),
        (0, subject) => format!("message: {subject}"),
        (number, subject) if subject.is_empty() => format!("message {number}"),
        (number, subject) => format!("message {number}: {subject}"),
    };
    let mut text = SpooledText::new();
    text::headers(&mut text, &headers)?;
    walk.layers.push(Layer::named(LayerKind::MailMessage, &name));
    let mut message = Message { walk: &mut *walk, text: &mut text, is_encrypted: false, parts: 0 };
    let read = message.parts(source, headers);
    let is_encrypted = message.is_encrypted;
    walk.layers.pop();
    if is_encrypted {
        encrypted.add(&name);
    }
    walk.segments(Layer::named(LayerKind::MailMessage, &name), "message.txt", text.finish()?)?;
    read
}

/// A message that is being read.
struct Message<'m, 'w> {
    walk: &'m mut Walk<'w>,
    text: &'m mut SpooledText,
    is_encrypted: bool,
    /// How many parts were read that hold something.
    parts: usize,
}

impl Message<'_, '_> {
    /// Reads what follows the headers of a message.
    fn parts<R: BufRead>(&mut self, source: &mut MailLines<R>, headers: Headers) -> io::Result<()> {
        let is_page = !headers.location.is_empty()
            || headers.lines.iter().any(|(name, _)| name.eq_ignore_ascii_case("snapshot-content-location"));
        let (mut boundaries, mut headers, mut is_deep) = (Vec::<Vec<u8>>::new(), headers, false);
        loop {
            self.walk.budget.spend(0)?;
            let is_multipart = headers.media_type.starts_with("multipart/") && !headers.boundary.is_empty();
            let mut end = if headers.media_type == "message/rfc822" && headers.transfer == Transfer::Identity
            {
                headers = Headers::read(source, &boundaries)?;
                text::headers(self.text, &headers)?;
                continue;
            } else if is_multipart && boundaries.len() < MAX_DEPTH {
                self.is_encrypted |= headers.media_type == "multipart/encrypted";
                boundaries.push(std::mem::take(&mut headers.boundary));
                let (end, says_something) = passed_over(source, &boundaries)?;
                if end == BodyEnd::Message && says_something {
                    self.walk.unread(NO_PARTS);
                }
                end
            } else {
                is_deep |= is_multipart;
                self.part(source, &boundaries, &headers, is_page)?
            };
            while let BodyEnd::Boundary { number, is_last } = end {
                boundaries.truncate(if is_last { number } else { number + 1 });
                if !is_last {
                    break;
                }
                end = MailBody::new(source, &boundaries, Transfer::Identity).end()?;
            }
            if end == BodyEnd::Message {
                break;
            }
            headers = Headers::read(source, &boundaries)?;
        }
        if is_deep {
            self.walk.unread("nests parts deeper than 32; what is deeper was read as it is");
        }
        Ok(())
    }

    /// Reads a part that has none itself. Says where it ends.
    fn part<R: BufRead>(
        &mut self,
        source: &mut MailLines<R>,
        boundaries: &[Vec<u8>],
        headers: &Headers,
        is_page: bool,
    ) -> io::Result<BodyEnd> {
        self.parts += 1;
        let mut body = MailBody::new(source, boundaries, headers.transfer);
        let mut metered = Metered::new(self.walk.budget, &mut body);
        let of = if headers.media_type.is_empty() { "text/plain" } else { &headers.media_type };
        if is_text(of) && !headers.is_attachment && headers.name.is_empty() && !is_page {
            self.is_encrypted |=
                text::body(self.text, Layer::named(LayerKind::MailPart, of), headers, metered)?;
            return body.end();
        }
        let mut head = Vec::new();
        (&mut metered).take(64).read_to_end(&mut head)?;
        if of.ends_with("pkcs7-mime") && ENVELOPED.iter().any(|id| memmem::find(&head, id).is_some()) {
            self.is_encrypted = true;
            return body.end();
        }
        let name = match (headers.name.as_str(), headers.location.as_str()) {
            ("", "") => format!("part {}, {of}", self.parts),
            ("", location) => location.to_owned(),
            (name, _) => name.to_owned(),
        };
        let kind = if is_page { LayerKind::SavedPage } else { LayerKind::Attachment };
        self.walk.member(Layer::named(kind, &name), &name, &mut Cursor::new(head).chain(metered))?;
        body.end()
    }
}

/// Passes over what comes before the first part, for programs that do not know of parts. Says where it ends, and whether
/// there is anything.
fn passed_over<R: BufRead>(source: &mut MailLines<R>, boundaries: &[Vec<u8>]) -> io::Result<(BodyEnd, bool)> {
    let mut body = MailBody::new(source, boundaries, Transfer::Identity);
    let mut start = Vec::new();
    (&mut body).take(LOOK).read_to_end(&mut start)?;
    Ok((body.end()?, !start.trim_ascii().is_empty()))
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || matches!(media_type, "message/delivery-status" | "message/rfc822-headers")
}
