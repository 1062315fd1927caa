//! Encrypted documents that open without a password (ISO 32000-2, 7.6): most that forbid printing or copying are such.
//! Nothing is tried but the empty user password.

use crate::object::{Dict, Object};
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};
use std::io::{self, Read};

/// What fills up a password that is too short (algorithm 2).
const PADDING: [u8; 32] = [
    0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08, 0x2e,
    0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
];
const BLOCK: usize = 16;

/// What something is encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Nothing,
    Rc4,
    Aes128,
    Aes256,
}

/// A document's key.
#[derive(Debug)]
pub struct Crypt {
    /// None where only attachments need one.
    key: Option<Vec<u8>>,
    streams: Method,
    strings: Method,
    attachments: Method,
    /// What says which method goes by which name.
    names: Dict,
    /// Whether the metadata is encrypted as well.
    pub metadata: bool,
}

/// What a stream says of how it is encrypted.
#[derive(Clone, Copy, Debug)]
pub enum StreamCipher<'n> {
    /// Nothing.
    Usual,
    /// That it is an attached file.
    Attached,
    /// A name for it.
    Named(&'n [u8]),
}

/// Why a document cannot be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// It wants a password.
    Password,
    /// It is encrypted in another way than with a password, or in one that nobody has written down.
    Unknown,
}

fn bytes(object: &Object) -> &[u8] {
    if let Object::String(bytes) = object { bytes } else { &[] }
}

impl Crypt {
    /// Opens a document with the empty password. `id`: the first part of its identifier.
    ///
    /// # Errors
    /// Why that does not open it.
    pub fn open(dict: &Dict, id: &[u8]) -> Result<Self, Locked> {
        if !dict.is("Filter", "Standard") {
            return Err(Locked::Unknown);
        }
        let count = |name| dict.get(name).count().unwrap_or(0);
        let (version, revision) = (count("V"), count("R"));
        let method = |name| match version {
            1 | 2 => Some(Method::Rc4),
            4 | 5 => named(dict, dict.get(name).name()),
            _ => None,
        };
        let known = |name| method(name).ok_or(Locked::Unknown);
        let (streams, strings) = (known("StmF")?, known("StrF")?);
        let attachments = if *dict.get("EFF") == Object::Null { streams } else { known("EFF")? };
        let metadata = *dict.get("EncryptMetadata") != Object::Bool(false);
        let key = match revision {
            2..=4 => old_key(dict, id, revision, metadata),
            5 | 6 => new_key(dict, revision),
            _ => return Err(Locked::Unknown),
        };
        match (streams, strings) {
            _ if key.is_some() => {}
            (Method::Nothing, Method::Nothing) => {}
            _ => return Err(Locked::Password),
        }
        let names = Dict(vec![(b"CF".to_vec(), dict.get("CF").clone())]);
        Ok(Crypt { key, streams, strings, attachments, names, metadata })
    }

    /// A string of an object.
    pub fn string(&self, id: (u32, u16), text: Vec<u8>) -> Vec<u8> {
        let mut out = Vec::new();
        let read = self.undo(self.strings, id, text.as_slice()).read_to_end(&mut out);
        if read.is_ok() { out } else { text }
    }

    /// An object's stream. `None` where a password is wanted for it that nothing else wants.
    pub fn stream<'d>(
        &self,
        id: (u32, u16),
        packed: StreamCipher<'_>,
        raw: &'d [u8],
    ) -> Option<Box<dyn Read + 'd>> {
        let method = match packed {
            StreamCipher::Usual => self.streams,
            StreamCipher::Attached => self.attachments,
            StreamCipher::Named(name) => named(&self.names, name).unwrap_or(self.streams),
        };
        (method == Method::Nothing || self.key.is_some()).then(|| self.undo(method, id, raw))
    }

    fn undo<'d>(
        &self,
        method: Method,
        (number, generation): (u32, u16),
        raw: &'d [u8],
    ) -> Box<dyn Read + 'd> {
        let Some(own) = &self.key else { return Box::new(raw) };
        let key = || {
            let salt: &[u8] = if method == Method::Rc4 { b"" } else { b"sAlT" };
            let hash = Md5::new()
                .chain_update(own)
                .chain_update(&number.to_le_bytes()[..3])
                .chain_update(generation.to_le_bytes())
                .chain_update(salt);
            hash.finalize()[..(own.len() + 5).min(BLOCK)].to_vec()
        };
        let cbc = |decrypt: Decrypt| -> Box<dyn Read + 'd> {
            let (start, blocks) = raw.split_at(raw.len().min(BLOCK));
            let mut before = [0; BLOCK];
            before[..start.len()].copy_from_slice(start);
            Box::new(Cbc { decrypt, before, blocks, plain: Vec::new(), given: 0 })
        };
        match method {
            Method::Nothing => Box::new(raw),
            Method::Rc4 => Box::new(Rc4::new(&key(), raw)),
            Method::Aes128 => match Aes128::new_from_slice(&key()) {
                Ok(cipher) => cbc(Decrypt::Short(Box::new(cipher))),
                Err(_) => Box::new(raw),
            },
            Method::Aes256 => match Aes256::new_from_slice(own) {
                Ok(cipher) => cbc(Decrypt::Long(Box::new(cipher))),
                Err(_) => Box::new(raw),
            },
        }
    }
}

/// The method of a crypt filter.
fn named(dict: &Dict, name: &[u8]) -> Option<Method> {
    if name.is_empty() || name == b"Identity" {
        return Some(Method::Nothing);
    }
    let filter = dict.get("CF").dict()?.get(std::str::from_utf8(name).ok()?).dict()?;
    match filter.get("CFM").name() {
        b"None" => Some(Method::Nothing),
        b"V2" => Some(Method::Rc4),
        b"AESV2" => Some(Method::Aes128),
        b"AESV3" => Some(Method::Aes256),
        _ => None,
    }
}

/// The key up to revision 4 (algorithms 2 and 4 to 7).
fn old_key(dict: &Dict, id: &[u8], revision: usize, metadata: bool) -> Option<Vec<u8>> {
    let stated = dict.get("Length").count().unwrap_or(40).clamp(40, 128) / 8;
    let length = match revision {
        2 => 5,
        _ if named(dict, dict.get("StmF").name()) == Some(Method::Aes128) => BLOCK,
        _ => stated,
    };
    let (owner, user) = (bytes(dict.get("O")).get(..32)?, bytes(dict.get("U")));
    let permissions = dict.get("P").number()? as i64 as i32;
    let strengthened = |hash: Md5| {
        let mut key = hash.finalize();
        for _ in 0..if revision >= 3 { 50 } else { 0 } {
            key = Md5::digest(&key[..length]);
        }
        key[..length].to_vec()
    };
    let opened = |password: &[u8]| {
        let mut hash = Md5::new()
            .chain_update(password)
            .chain_update(owner)
            .chain_update(permissions.to_le_bytes())
            .chain_update(id);
        if revision >= 4 && !metadata {
            hash.update([0xff; 4]);
        }
        let key = strengthened(hash);
        let check = match revision {
            2 => rounds(&key, 0..1, &PADDING)?,
            _ => rounds(&key, 0..20, &Md5::new().chain_update(PADDING).chain_update(id).finalize())?,
        };
        (user.get(..check.len()) == Some(&check[..])).then_some(key)
    };
    // The password of the owner, which may be empty as well, opens the one of the user.
    let by_owner = || {
        let key = strengthened(Md5::new().chain_update(PADDING));
        let rounds_back = if revision == 2 { 1 } else { 20 };
        opened(&rounds(&key, (0..rounds_back).rev(), owner)?)
    };
    opened(&PADDING).or_else(by_owner)
}

/// RC4 over and over, each time with another key.
fn rounds(key: &[u8], numbers: impl Iterator<Item = u8>, text: &[u8]) -> Option<Vec<u8>> {
    let mut text = text.to_vec();
    for number in numbers {
        let key: Vec<u8> = key.iter().map(|byte| byte ^ number).collect();
        let mut out = Vec::with_capacity(text.len());
        Rc4::new(&key, &text).read_to_end(&mut out).ok()?;
        text = out;
    }
    Some(text)
}

/// The key of revisions 5 and 6 (algorithms 2.A, 11 and 12).
fn new_key(dict: &Dict, revision: usize) -> Option<Vec<u8>> {
    let user = bytes(dict.get("U"));
    let opened = |own: &[u8], wrapped: &str, extra: &[u8]| {
        let hash = |salt: &[u8]| match revision {
            5 => Some(Sha256::new().chain_update(salt).chain_update(extra).finalize().to_vec()),
            _ => hardened(salt, extra),
        };
        if hash(own.get(32..40)?)? != own[..32] {
            return None;
        }
        let between = Aes256::new_from_slice(&hash(own.get(40..48)?)?).ok()?;
        let blocks = bytes(dict.get(wrapped)).get(..32)?;
        let decrypt = Decrypt::Long(Box::new(between));
        let mut key = Vec::new();
        Cbc { decrypt, before: [0; BLOCK], blocks, plain: Vec::new(), given: 0 }.without_padding(&mut key);
        Some(key)
    };
    opened(user, "UE", b"").or_else(|| opened(bytes(dict.get("O")), "OE", user.get(..48)?))
}

/// The hash of revision 6 (algorithm 2.B), for the empty password. `extra`: what is hashed with the owner's.
fn hardened(salt: &[u8], extra: &[u8]) -> Option<Vec<u8>> {
    let mut key = Sha256::new().chain_update(salt).chain_update(extra).finalize().to_vec();
    for round in 0_usize.. {
        let mut block = [&key[..], extra].concat().repeat(64);
        let cipher = Aes128::new_from_slice(key.get(..16)?).ok()?;
        let mut before: [u8; BLOCK] = key.get(16..32)?.try_into().ok()?;
        for chunk in block.chunks_exact_mut(BLOCK) {
            let mixed: [u8; BLOCK] = std::array::from_fn(|i| chunk[i] ^ before[i]);
            let mut mixed = Array::from(mixed);
            cipher.encrypt_block(&mut mixed);
            before = mixed.into();
            chunk.copy_from_slice(&before);
        }
        key = match block[..BLOCK].iter().map(|&byte| u32::from(byte)).sum::<u32>() % 3 {
            0 => Sha256::digest(&block).to_vec(),
            1 => Sha384::digest(&block).to_vec(),
            _ => Sha512::digest(&block).to_vec(),
        };
        if round >= 63 && usize::from(*block.last()?) <= round - 31 {
            break;
        }
    }
    key.truncate(32);
    Some(key)
}

/// AES with a key of one of two lengths.
enum Decrypt {
    Short(Box<Aes128>),
    Long(Box<Aes256>),
}

/// Blocks that are chained, with padding at their end.
struct Cbc<'d> {
    decrypt: Decrypt,
    before: [u8; BLOCK],
    blocks: &'d [u8],
    plain: Vec<u8>,
    given: usize,
}

impl Cbc<'_> {
    /// The next block; `None` where no whole one is left.
    fn block(&mut self) -> Option<[u8; BLOCK]> {
        let (block, rest) = self.blocks.split_first_chunk::<BLOCK>()?;
        self.blocks = rest;
        let mut out = Array::from(*block);
        match &self.decrypt {
            Decrypt::Short(cipher) => cipher.decrypt_block(&mut out),
            Decrypt::Long(cipher) => cipher.decrypt_block(&mut out),
        }
        let plain = std::array::from_fn(|i| out[i] ^ self.before[i]);
        self.before = *block;
        Some(plain)
    }

    fn without_padding(mut self, out: &mut Vec<u8>) {
        while let Some(block) = self.block() {
            out.extend(block);
        }
    }
}

impl Read for Cbc<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const BLOCKS: usize = 512;
        if self.given == self.plain.len() {
            (self.given, self.plain) = (0, std::mem::take(&mut self.plain));
            self.plain.clear();
            while self.plain.len() < BLOCKS * BLOCK
                && let Some(block) = self.block()
            {
                self.plain.extend(block);
            }
            let padding = self.plain.last().map_or(0, |&last| usize::from(last));
            if self.blocks.len() < BLOCK && (1..=BLOCK).contains(&padding) {
                self.plain.truncate(self.plain.len() - padding.min(self.plain.len()));
            }
        }
        let length = (self.plain.len() - self.given).min(buffer.len());
        buffer[..length].copy_from_slice(&self.plain[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

/// RC4.
struct Rc4<'d> {
    state: [u8; 256],
    i: u8,
    j: u8,
    raw: &'d [u8],
}

impl<'d> Rc4<'d> {
    fn new(key: &[u8], raw: &'d [u8]) -> Self {
        let mut state: [u8; 256] = std::array::from_fn(|i| i as u8);
        let mut j = 0_u8;
        for i in 0..256 {
            j = j.wrapping_add(state[i]).wrapping_add(key[i % key.len().max(1)]);
            state.swap(i, usize::from(j));
        }
        Rc4 { state, i: 0, j: 0, raw }
    }
}

impl Read for Rc4<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.raw.read(buffer)?;
        for byte in &mut buffer[..length] {
            self.i = self.i.wrapping_add(1);
            self.j = self.j.wrapping_add(self.state[usize::from(self.i)]);
            self.state.swap(usize::from(self.i), usize::from(self.j));
            let sum = self.state[usize::from(self.i)].wrapping_add(self.state[usize::from(self.j)]);
            *byte ^= self.state[usize::from(sum)];
        }
        Ok(length)
    }
}
