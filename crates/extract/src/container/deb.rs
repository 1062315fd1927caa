//! A Debian package: an ar archive of three members, two of which are compressed tars (deb(5), ar(5)).

use super::Walk;
use krea_scan_bounds::read_error::{ReadError, SizedReader};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, Read};

/// How every package starts: the archive's magic, and the name of its first member.
pub const MAGIC: &[u8] = b"!<arch>\ndebian-binary";

/// The archive's own magic, in bytes.
const START: u64 = 8;
/// A member's header, in bytes.
const HEADER: usize = 60;

pub fn read_deb(walk: &mut Walk<'_>, input: &mut dyn Read) -> io::Result<()> {
    let level = walk.level();
    SizedReader::new(&mut *input, START, level).skip()?;
    loop {
        let mut header = Vec::with_capacity(HEADER);
        (&mut *input).take(HEADER as u64).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(());
        }
        let damaged = || ReadError::new("is damaged or cut short: a member's header cannot be read");
        let (name, size) = member(&header).ok_or_else(damaged)?;
        let mut body = SizedReader::new(&mut *input, size, level);
        walk.member(Layer::named(LayerKind::Deb, &name), &name, &mut body)?;
        body.skip()?;
        // Members start at even places.
        io::copy(&mut (&mut *input).take(size % 2), &mut io::sink())?;
    }
}

/// A member's name and its size.
fn member(header: &[u8]) -> Option<(String, u64)> {
    let field = |from: usize, to: usize| header.get(from..to).map(String::from_utf8_lossy);
    let size = field(48, 58)?.trim_end().parse().ok()?;
    let name = field(0, 16)?.trim_end().trim_end_matches('/').to_owned();
    (header.get(58..60)? == b"`\n").then_some((name, size))
}

#[cfg(test)]
mod tests {
    use crate::container::testing::collect;

    fn member(name: &str, text: &str) -> String {
        let padding = if text.len() % 2 == 1 { "\n" } else { "" };
        format!("{name:<16}0           0     0     100644  {:<10}`\n{text}{padding}", text.len())
    }

    #[test]
    fn members_are_read_one_after_the_other() {
        let members = [member("debian-binary", "2.\0\n"), member("one/", "od\0"), member("two", "even")];
        let collected = collect("a.deb", format!("!<arch>\n{}", members.concat()).as_bytes());
        assert_eq!(
            collected.texts(),
            [("deb debian-binary", "2.\0\n"), ("deb one", "od\0"), ("deb two", "even")]
        );
        assert!(collected.unread.is_empty(), "{:?}", collected.unread);
    }

    #[test]
    fn what_is_cut_short_is_told() {
        let whole = format!("!<arch>\n{}{}", member("debian-binary", "2.\0\n"), member("one", "some\0text"));
        for cut in [whole.len() - 4, whole.len() - 30] {
            assert_eq!(collect("a.deb", &whole.as_bytes()[..cut]).unread.len(), 1, "{cut}");
        }
    }
}
