//! Chats, mails and recordings: what was said, as it was said.

pub mod har;
mod leveldb;
mod mail;
mod npy;
mod parquet;
mod spooled_text;
mod terminal;

use super::{Seekable, Walk};
use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFormat {
    Mail(mail::MailFormat),
    Terminal(terminal::RecordingFormat),
    /// A recording of a browser's traffic.
    Har,
    /// A table of the storage of a browser.
    LevelDb,
    /// An array of numpy.
    Npy,
    Parquet,
}

impl RecordFormat {
    /// What a file is, by its first bytes and its name.
    pub fn of(head: &[u8], name: &str) -> Option<RecordFormat> {
        mail::MailFormat::of(head, name)
            .map(RecordFormat::Mail)
            .or_else(|| terminal::RecordingFormat::of(head, name).map(RecordFormat::Terminal))
            .or_else(|| har::is(head).then_some(RecordFormat::Har))
            .or_else(|| head.starts_with(npy::MAGIC).then_some(RecordFormat::Npy))
            .or_else(|| head.starts_with(parquet::MAGIC).then_some(RecordFormat::Parquet))
            .or_else(|| leveldb::is(name).then_some(RecordFormat::LevelDb))
    }

    /// Whether it is text that people write and open.
    pub fn is_text(self) -> bool {
        match self {
            RecordFormat::Mail(_)
            | RecordFormat::Terminal(_)
            | RecordFormat::LevelDb
            | RecordFormat::Npy
            | RecordFormat::Parquet => false,
            RecordFormat::Har => true,
        }
    }
}

/// Reads a record. `name` is its own.
pub fn read_record(
    walk: &mut Walk<'_>,
    format: RecordFormat,
    _name: &str,
    input: &mut dyn Seekable,
) -> io::Result<()> {
    match format {
        RecordFormat::Mail(format) => mail::read_mail(walk, format, input),
        RecordFormat::Terminal(format) => terminal::read_recording(walk, format, input),
        RecordFormat::Har => har::read_har(walk, input),
        RecordFormat::LevelDb => leveldb::read_leveldb(walk, input),
        RecordFormat::Parquet => parquet::read_parquet(walk, input),
        RecordFormat::Npy => npy::read_npy(walk, input),
    }
}
