//! tar: V7, ustar, GNU and pax. Read block by block, so that no header's length decides how much is held in memory.

use super::Walk;
use krea_scan_bounds::read_error::{ReadError, SizedReader};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::bounded;
use std::io::{self, Cursor, Read};

const BLOCK: usize = 512;
/// The longest name that is kept, in bytes. What is longer is cut.
const MAX_NAME: u64 = 64 << 10;
/// The longest pax header that is looked at, in bytes.
const MAX_PAX: u64 = 1 << 20;

/// What the headers before a member say of it.
#[derive(Default)]
struct Ahead {
    name: Option<String>,
    size: Option<u64>,
    /// GNU's own name for a sparse member, which counts more than the others.
    sparse: Option<String>,
}

pub fn read_tar(walk: &mut Walk<'_>, input: &mut dyn Read) -> io::Result<()> {
    let (mut ahead, mut ended, mut damaged) = (Ahead::default(), false, false);
    while let Some(block) = next(input)? {
        if block == [0; BLOCK] {
            ended = true;
            continue;
        }
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(&block);
        if !is_valid(&header) {
            if ended {
                // The archive is over; something else stands behind it.
                return walk.member(
                    Layer::named(LayerKind::Tar, ""),
                    "",
                    &mut Cursor::new(block).chain(input),
                );
            }
            if !std::mem::replace(&mut damaged, true) {
                walk.unread("is damaged: a header's checksum does not fit; what can be made out was read");
            }
            continue;
        }
        ended = false;
        walk.budget.member()?;
        entry(walk, &header, &mut ahead, input)?;
    }
    if !ended && !damaged {
        return Err(ReadError::new("has no end mark; it may be cut short").into());
    }
    Ok(())
}

/// The next block; `None` at the end.
fn next(input: &mut dyn Read) -> io::Result<Option<[u8; BLOCK]>> {
    let mut block = Vec::with_capacity(BLOCK);
    input.take(BLOCK as u64).read_to_end(&mut block)?;
    if block.is_empty() {
        return Ok(None);
    }
    let cut = || ReadError::new("is cut short in the middle of a header").into();
    block.try_into().map(Some).map_err(|_| cut())
}

/// Reads what a header stands for, and goes to where the next header is.
fn entry(
    walk: &mut Walk<'_>,
    header: &tar::Header,
    ahead: &mut Ahead,
    input: &mut dyn Read,
) -> io::Result<()> {
    let kind = header.as_bytes()[156];
    let damaged = |_| ReadError::new("is damaged: a member's size is no number");
    let size = match header.entry_size() {
        // What a link points to is somewhere else.
        _ if matches!(kind, b'1'..=b'6') => 0,
        size => ahead.size.take().map_or(size, Ok).map_err(damaged)?,
    };
    let level = walk.level();
    let mut body = SizedReader::new(&mut *input, size, level);
    match kind {
        b'L' => ahead.name = Some(text(&mut body)?),
        b'K' | b'g' => {}
        b'x' | b'X' => {
            let mut records = Vec::new();
            (&mut body).take(MAX_PAX).read_to_end(&mut records)?;
            pax(&records, ahead);
        }
        _ => {
            let Ahead { name, sparse, .. } = std::mem::take(ahead);
            let name =
                sparse.or(name).unwrap_or_else(|| String::from_utf8_lossy(&header.path_bytes()).into_owned());
            if kind == b'S' {
                // A map of where the stretches belong goes on in blocks of its own.
                drop(body);
                let mut goes_on = header.as_bytes()[482] == 1;
                while goes_on {
                    let cut = || ReadError::new("is cut short in the middle of a header");
                    goes_on = next(input)?.ok_or_else(cut)?[504] == 1;
                }
                body = SizedReader::new(&mut *input, size, level);
            }
            // An empty file has its name.
            if size > 0 || matches!(kind, b'0' | 0) {
                walk.member(Layer::named(LayerKind::Tar, &name), &name, &mut body)?;
            }
        }
    }
    body.skip()?;
    let padding = size.wrapping_neg() % BLOCK as u64;
    SizedReader::new(input, padding, level).skip()
}

/// A name in a member of its own.
fn text(body: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    body.take(MAX_NAME).read_to_end(&mut bytes)?;
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    Ok(cut(&String::from_utf8_lossy(&bytes[..end])))
}

/// Takes what matters from a pax header: lines of a length, a key and a value.
fn pax(mut records: &[u8], ahead: &mut Ahead) {
    while let Some(space) = records.iter().position(|&byte| byte == b' ') {
        let length = std::str::from_utf8(&records[..space]).ok().and_then(|digits| digits.parse().ok());
        let Some((record, rest)) = length
            .filter(|&length: &usize| length > space + 1)
            .and_then(|length| records.split_at_checked(length))
        else {
            return;
        };
        records = rest;
        let record = String::from_utf8_lossy(&record[space + 1..record.len() - 1]);
        match record.split_once('=') {
            Some(("path", value)) => ahead.name = Some(cut(value)),
            Some(("GNU.sparse.name", value)) => ahead.sparse = Some(cut(value)),
            Some(("size", value)) => ahead.size = value.parse().ok(),
            _ => {}
        }
    }
}

fn cut(name: &str) -> String {
    bounded(name, MAX_NAME as usize - 1).into_owned()
}

/// Whether a header's checksum fits: of bytes, or of bytes with a sign, as some old programs have it.
fn is_valid(header: &tar::Header) -> bool {
    let bytes = header.as_bytes();
    let Ok(sum) = header.cksum() else { return false };
    let rest = || bytes[..148].iter().chain(&bytes[156..]);
    let unsigned: u32 = 256 + rest().map(|&byte| u32::from(byte)).sum::<u32>();
    let signed: i32 = 256 + rest().map(|&byte| i32::from(byte.cast_signed())).sum::<i32>();
    sum == unsigned || i32::try_from(sum) == Ok(signed)
}

#[cfg(test)]
mod tests {
    use crate::container::testing::collect;

    /// A member of a kind, whose header says a size that need not be that of its bytes.
    fn member(kind: u8, name: &str, says: u64, bytes: &str) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.set_path(name).expect("a short name");
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(says);
        header.set_cksum();
        let mut all = [header.as_bytes(), bytes.as_bytes()].concat();
        all.resize(all.len().next_multiple_of(super::BLOCK), 0);
        all
    }

    /// A line of a pax header, which begins with its own length.
    fn record(key: &str, value: &str) -> String {
        let rest = format!(" {key}={value}\n");
        let length = (1..).find(|digits| format!("{}", rest.len() + digits).len() == *digits);
        format!("{}{rest}", rest.len() + length.unwrap_or_default())
    }

    fn archive(members: &[Vec<u8>]) -> Vec<u8> {
        [members.concat(), vec![0; 2 * super::BLOCK]].concat()
    }

    #[test]
    fn a_size_in_a_pax_header_counts_more_than_the_member_s_own() {
        let text = "a text of some lines\n".repeat(60);
        for kind in [b'x', b'X'] {
            let size = record("size", &text.len().to_string());
            let pax = format!("{}{size}", record("comment", &"-".repeat(700)));
            let bytes = archive(&[
                member(kind, "pax", pax.len() as u64, &pax),
                member(b'0', "large", 0, &text),
                member(b'0', "next", 4, "next"),
            ]);
            let collected = collect("a.tar", &bytes);
            let expected =
                [("tar large".to_owned(), text.clone()), ("tar next".to_owned(), "next".to_owned())];
            assert_eq!((collected.members.as_slice(), collected.unread), (&expected[..], vec![]));
        }
    }

    #[test]
    fn a_size_in_a_pax_header_is_that_of_one_member() {
        let pax = record("size", "4");
        let bytes = archive(&[
            member(b'x', "pax", pax.len() as u64, &pax),
            member(b'0', "one", 0, "one."),
            member(b'0', "two", 8, "two, two"),
        ]);
        let collected = collect("a.tar", &bytes);
        let texts: Vec<&str> = collected.members.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!((texts, collected.unread), (vec!["one.", "two, two"], vec![]));
    }

    #[test]
    fn a_size_in_a_pax_header_that_is_no_number_leaves_the_member_s_own() {
        let pax = record("size", "many");
        let bytes = archive(&[member(b'x', "pax", pax.len() as u64, &pax), member(b'0', "one", 4, "one.")]);
        let collected = collect("a.tar", &bytes);
        assert_eq!((collected.members.len(), collected.unread), (1, vec![]));
    }
}
