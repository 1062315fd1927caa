//! Chats, mails and recordings: what was said, as it was said.

mod base64;
mod har;
mod leveldb;
mod made;
mod mail;
mod terminal;
mod tokens;

use super::{Seekable, Walk};
use std::io;

/// A format of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Mails.
    Mail(mail::Format),
    /// A recording of a terminal.
    Terminal(terminal::Format),
    /// A recording of a browser's traffic.
    Har,
    /// A table of the storage of a browser.
    LevelDb,
}

impl Format {
    /// What a file is, by its first bytes and its name.
    pub fn of(head: &[u8], name: &str) -> Option<Format> {
        mail::Format::of(head, name)
            .map(Format::Mail)
            .or_else(|| terminal::Format::of(head, name).map(Format::Terminal))
            .or_else(|| har::is(head).then_some(Format::Har))
            .or_else(|| leveldb::is(name).then_some(Format::LevelDb))
    }

    /// Whether it is text that people write and open.
    pub fn is_text(self) -> bool {
        match self {
            Format::Mail(_) | Format::Terminal(_) | Format::LevelDb => false,
            Format::Har => true,
        }
    }
}

/// Reads a record. `name` is its own.
pub fn read(walk: &mut Walk<'_>, format: Format, _name: &str, input: &mut dyn Seekable) -> io::Result<()> {
    match format {
        Format::Mail(format) => mail::read(walk, format, input),
        Format::Terminal(format) => terminal::read(walk, format, input),
        Format::Har => har::read(walk, input),
        Format::LevelDb => leveldb::read(walk, input),
    }
}
