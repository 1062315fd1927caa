//! asar, which Electron apps are packed in: a JSON header that says where each file is, then the files one after the
//! other (<https://github.com/electron/asar#format>).

use super::{Seekable, Walk};
use krea_scan_bounds::read_error::{ReadError, SizedReader};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::io::{self, Read, SeekFrom};

/// The longest header that is read, in bytes. One for 100,000 files has about 20 MB.
const MAX_HEADER: u32 = 32 << 20;
/// The longest path, in bytes.
const MAX_PATH: usize = 64 << 10;

pub fn read_asar(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let mut head = [0; 16];
    input.read_exact(&mut head)?;
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (pickle, length) = (word(4), word(12));
    if length > MAX_HEADER {
        let reason = format!("has a header of {length} bytes, and one of at most {MAX_HEADER} is read");
        return Err(ReadError::new(reason).into());
    }
    let _held = walk.memory.take(u64::from(length))?;
    let mut json = Vec::new();
    SizedReader::new(&mut *input, u64::from(length), walk.level()).read_to_end(&mut json)?;
    let files = 8 + u64::from(pickle);
    let mut path = String::new();
    let mut stopped = None;
    let mut reader = serde_json::Deserializer::from_slice(&json);
    let folder = AsarNode { walk, input, files, path: &mut path, stopped: &mut stopped };
    let parsed = folder.deserialize(&mut reader);
    match (stopped, parsed) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        (None, Ok(())) => Ok(()),
    }
}

/// A file or a folder; it is read as soon as the header has told where it is.
struct AsarNode<'n, 'w> {
    walk: &'n mut Walk<'w>,
    input: &'n mut dyn Seekable,
    /// Where the files start.
    files: u64,
    path: &'n mut String,
    /// What ended the walk.
    stopped: &'n mut Option<io::Error>,
}

/// The files of a folder.
struct AsarFolder<'n, 'w>(AsarNode<'n, 'w>);

/// A number, written as one or as a text, as offsets are.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

impl Number {
    fn get(self) -> Option<u64> {
        match self {
            Number::Number(number) => Some(number),
            Number::Text(text) => text.parse().ok(),
        }
    }
}

impl<'w> AsarNode<'_, 'w> {
    fn again(&mut self) -> AsarNode<'_, 'w> {
        AsarNode {
            walk: self.walk,
            input: self.input,
            files: self.files,
            path: self.path,
            stopped: self.stopped,
        }
    }

    /// Reads a file's bytes.
    fn file(&mut self, offset: u64, size: u64) -> io::Result<()> {
        let start = self.files.saturating_add(offset);
        self.input.seek(SeekFrom::Start(start))?;
        let mut body = SizedReader::new(&mut *self.input, size, self.walk.level() + 1);
        self.walk.member(Layer::named(LayerKind::Asar, self.path), self.path, &mut body)
    }
}

impl<'de> DeserializeSeed<'de> for AsarNode<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AsarNode<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file or a folder")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let (mut offset, mut size, mut elsewhere) = (None, None, false);
        while let Some(key) = fields.next_key::<String>()? {
            match key.as_str() {
                "files" => fields.next_value_seed(AsarFolder(self.again()))?,
                "offset" => offset = fields.next_value::<Number>()?.get(),
                "size" => size = fields.next_value::<Number>()?.get(),
                // It lies beside the archive, in FILE.unpacked.
                "unpacked" => elsewhere = fields.next_value()?,
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        if let (Some(offset), Some(size), false) = (offset, size, elsewhere)
            && size > 0
            && let Err(error) = self.file(offset, size)
        {
            *self.stopped = Some(error);
            return Err(serde::de::Error::custom("the walk has ended"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for AsarFolder<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AsarFolder<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the files of a folder")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut files: A) -> Result<(), A::Error> {
        let length = self.0.path.len();
        while let Some(name) = files.next_key::<String>()? {
            if length + name.len() > MAX_PATH {
                return Err(serde::de::Error::custom("a path is too long"));
            }
            if length > 0 {
                self.0.path.push('/');
            }
            self.0.path.push_str(&name);
            files.next_value_seed(self.0.again())?;
            self.0.path.truncate(length);
        }
        Ok(())
    }
}
