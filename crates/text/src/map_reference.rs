//! The comment by which a generated file names its source map (ECMA-426, "Linking generated code to source maps"), and
//! the maps that stand in such a comment themselves, as data URLs.

use crate::LayerKind;
use crate::encoded::base64;
use crate::escapes::hex;
use std::ops::Range;

/// What the comment says before the map's address.
const NAME: &[u8] = b"sourceMappingURL=";
/// The same before a data URL.
const INLINE: &[u8] = b"sourceMappingURL=data:";
/// What the address of a map that stands in the comment itself starts with.
const DATA: &[u8] = b"data:";
/// The longest address, in bytes.
const MAX_ADDRESS_BYTES: usize = 4096;
/// The longest head of a data URL, in bytes: `application/json;charset=utf-8;base64,`.
const MAX_HEAD_BYTES: usize = 200;
/// So many comments are looked at for the one that counts.
const MAX_COMMENTS: usize = 64;

/// Where the map of a generated file is.
#[derive(Debug, PartialEq, Eq)]
pub enum Reference {
    /// In another file.
    File(String),
    /// In the file itself.
    Inline(InlineMap),
}

/// A source map in a data URL.
#[derive(Debug, PartialEq, Eq)]
pub struct InlineMap {
    /// Where the encoded map stands.
    pub run: Range<usize>,
    /// How it is encoded: `base64` or `percent`.
    pub encoding: LayerKind,
    /// The map.
    pub text: Vec<u8>,
}

impl InlineMap {
    /// The offsets in the file, whose bytes are given, of the bytes at these places of the map, which must be sorted.
    pub fn origins(&self, file: &[u8], places: &[usize]) -> Vec<usize> {
        let run = &file[self.run.clone()];
        let (mut from, mut count) = (0, 0);
        let mut origin = |at: usize| {
            if self.encoding == base64::KIND {
                // Three bytes in four characters.
                return at / 3 * 4 + at % 3;
            }
            while count < at && from < run.len() {
                from += if run[from] == b'%' { 3 } else { 1 };
                count += 1;
            }
            from
        };
        places.iter().map(|&at| self.run.start + origin(at).min(run.len())).collect()
    }
}

/// Whether there may be a map inside some bytes.
pub fn may_be_inline(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, INLINE).any(|at| may_start_object(&bytes[at + NAME.len()..]))
}

/// Whether a data URL may hold an object of JSON, as far as it is there. A program that reads maps holds the start of such a
/// URL and nothing behind it.
fn may_start_object(url: &[u8]) -> bool {
    let head = &url[..url.len().min(MAX_HEAD_BYTES)];
    match memchr::memchr(b',', head).map(|comma| &url[comma + 1..]) {
        Some([b'{' | b'%', ..] | [b'e', b'w'..=b'z' | b'0'..=b'9' | b'+' | b'/', ..] | [] | [b'e']) => true,
        Some(_) => false,
        None => url.len() < MAX_HEAD_BYTES,
    }
}

/// All maps inside a file, in order; also those in the strings of a bundle that evaluates its modules.
pub fn inline(bytes: &[u8]) -> impl Iterator<Item = InlineMap> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + memchr::memmem::find(&bytes[from..], INLINE)?;
            from = at + INLINE.len();
            if let Some(inline) = data_url(bytes, at + NAME.len()) {
                // What stands in one is a part of it.
                from = from.max(inline.run.end);
                return Some(inline);
            }
        }
    })
}

/// The map that a generated file names: the last comment counts.
pub fn last(bytes: &[u8]) -> Option<Reference> {
    let from = last_comment(bytes)?;
    match bytes[from..].starts_with(DATA) {
        true => data_url(bytes, from).map(Reference::Inline),
        false => file(bytes, from).map(Reference::File),
    }
}

/// As [`last`], where that is a file.
pub fn last_file(bytes: &[u8]) -> Option<String> {
    last_comment(bytes).filter(|&from| !bytes[from..].starts_with(DATA)).and_then(|from| file(bytes, from))
}

/// Where in the last comment that names a map its address starts.
fn last_comment(bytes: &[u8]) -> Option<usize> {
    let mut end = bytes.len();
    for _ in 0..MAX_COMMENTS {
        end = memchr::memmem::rfind(&bytes[..end], NAME)?;
        if is_in_comment(&bytes[..end]) {
            return Some(end + NAME.len());
        }
    }
    None
}

/// The address at the start of some bytes.
fn file(bytes: &[u8], from: usize) -> Option<String> {
    let length = address(&bytes[from..]);
    let address = std::str::from_utf8(&bytes[from..from + length]).ok()?;
    (!address.is_empty() && length < MAX_ADDRESS_BYTES).then(|| address.to_owned())
}

/// Whether a comment of the right kind starts at the end of some bytes, and not in a string of the program.
fn is_in_comment(before: &[u8]) -> bool {
    let space = before.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let before = &before[..before.len() - space];
    let opened = [&b"//#"[..], b"//@", b"/*#", b"/*@"].iter().find_map(|open| before.strip_suffix(*open));
    opened.is_some_and(|before| !before.ends_with(b"\\n"))
}

/// How long an address at the start of some bytes is.
fn address(bytes: &[u8]) -> usize {
    let ends = |&b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'\\' | b'*');
    bytes.iter().take(MAX_ADDRESS_BYTES).position(ends).unwrap_or(bytes.len().min(MAX_ADDRESS_BYTES))
}

/// Decodes the data URL at `from`.
fn data_url(bytes: &[u8], from: usize) -> Option<InlineMap> {
    let head = &bytes[from..bytes.len().min(from + MAX_HEAD_BYTES)];
    let comma = memchr::memchr(b',', head)?;
    let start = from + comma + 1;
    if head[..comma].to_ascii_lowercase().ends_with(b";base64") {
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let length = bytes[start..].iter().take_while(|b| is_part(b)).count();
        let run = start..start + length;
        let text = base64::decoded(&bytes[run.clone()]);
        return Some(InlineMap { run, encoding: base64::KIND, text });
    }
    let ends = |&b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\\' | b'`');
    let length = bytes[start..].iter().position(ends).unwrap_or(bytes.len() - start);
    let run = &bytes[start..start + length];
    let run = run.strip_suffix(b"*/").unwrap_or(run);
    let mut text = Vec::with_capacity(run.len());
    let mut at = 0;
    while let Some(&b) = run.get(at) {
        match run.get(at + 1..at + 3).filter(|_| b == b'%').and_then(hex) {
            Some(byte) => text.push(byte as u8),
            // A percent sign that begins no escape ends what is encoded.
            None if b == b'%' => break,
            None => text.push(b),
        }
        at += if b == b'%' { 3 } else { 1 };
    }
    Some(InlineMap { run: start..start + at, encoding: LayerKind::Percent, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(address: &str) -> Option<Reference> {
        Some(Reference::File(address.to_owned()))
    }

    #[test]
    fn the_start_of_a_url_alone_is_no_map() {
        for (holds, url) in [
            (true, "application/json;base64,eyJ2ZXJzaW9uIjozfQ=="),
            (true, "application/json,%7B%22version%22:3%7D"),
            (true, "application/json;charset=utf-8;base64,"),
            (false, "application/json;base64,\0and other texts of a program"),
            (
                false,
                "\0and other texts of a program, which are longer than the head of a URL can be in the end, if not more",
            ),
        ] {
            let text = format!("sourceMappingURL=data:{url}");
            assert_eq!(may_be_inline(text.as_bytes()), holds, "{url}");
        }
    }

    #[test]
    fn the_last_comment_counts() {
        assert_eq!(last(b"x//# sourceMappingURL=a.map\n//@ sourceMappingURL=b.map\n"), file("b.map"));
        assert_eq!(last(b"x/*# sourceMappingURL=a.map*/"), file("a.map"));
        assert_eq!(last(b"x//#sourceMappingURL=a.map?v=1"), file("a.map?v=1"));
    }

    #[test]
    fn what_is_no_comment_does_not_count() {
        for text in [
            "x sourceMappingURL=a.map",
            "// sourceMappingURL=a",
            r"eval('x\n//# sourceMappingURL=[module]\n')",
        ] {
            assert_eq!(last(text.as_bytes()), None, "{text}");
        }
        assert_eq!(last(b"//# sourceMappingURL=\n"), None);
        let long = format!("//# sourceMappingURL={}", "a".repeat(2 * MAX_ADDRESS_BYTES));
        assert_eq!(last(long.as_bytes()), None);
    }

    #[test]
    fn maps_inside_are_decoded_and_places_kept() {
        let text = b"x//# sourceMappingURL=data:application/json;base64,eyJhIjoxfQ==\n/*# sourceMappingURL=data:,%7B%22a%22:1%7D*/";
        let maps: Vec<InlineMap> = inline(text).collect();
        assert!(maps.iter().all(|map| map.text == b"{\"a\":1}"), "{maps:?}");
        assert_eq!(maps[1].origins(text, &[0, 1, 2, 3, 4]), [91, 94, 97, 98, 101]);
        assert_eq!(maps[0].origins(text, &[0, 2, 3]), [51, 53, 55]);
    }

    #[test]
    fn a_mark_inside_a_map_starts_no_other_one() {
        let text = "sourceMappingURL=data:,".repeat(100_000);
        assert_eq!(inline(text.as_bytes()).count(), 1);
    }
}
