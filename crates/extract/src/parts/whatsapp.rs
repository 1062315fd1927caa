//! Messages in the text that WhatsApp exports a chat as, of phones that write `[12.06.26, 10:00:00] Ann: …` and of those that
//! write `6/12/26, 10:00 AM - Ann: …`.

use super::PartFormat;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// A chat, told by its first line.
pub const FORMAT: PartFormat = PartFormat { endings: &[".txt"], is, name };

/// The start of a message, and who wrote it. What the program itself tells has no author.
static START: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?m)^\x{200e}?\[?[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4},? ",
        r"[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?[ \x{202f}\x{a0}]?(?:[AaPp]\.? ?[Mm]\.?)?",
        r"(?:\] | ?- )(?:([^:\n]{1,80}): )?",
    ))
    .expect("a constant pattern")
});

fn is(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    START.find(&text[..text.len().min(512)]).is_some_and(|found| found.start() == 0)
}

fn name(_: &str, bytes: &[u8], offsets: &[usize]) -> Vec<Vec<Layer>> {
    let mut names = Vec::with_capacity(offsets.len());
    let (mut number, mut message) = (0, Vec::new());
    for start in START.captures_iter(bytes) {
        let at = start.get(0).map_or(0, |all| all.start());
        while offsets.get(names.len()).is_some_and(|&offset| offset < at) {
            names.push(message.clone());
        }
        if names.len() == offsets.len() {
            break;
        }
        message.clear();
        if let Some(author) = start.get(1) {
            number += 1;
            let author = one_line(&String::from_utf8_lossy(author.as_bytes()));
            message.push(Layer::named(LayerKind::Message, &format!("message {number} of {author}")));
        }
    }
    names.resize(offsets.len(), message);
    names
}

#[cfg(test)]
mod tests {
    use crate::parts;

    #[test]
    fn messages_of_phones_of_both_kinds_have_numbers() {
        for text in [
            "[12.06.26, 10:00:00] Shop: \u{200e}Messages are encrypted\n[12.06.26, 10:01:00] Ann Lee: the key:\nHERE\n",
            "6/12/26, 10:00\u{202f}AM - Messages and calls are encrypted\n6/12/26, 10:00 AM - Bob: hi\n\
             6/12/26, 10:01\u{202f}PM - Ann Lee: HERE",
            "12/06/2026, 10:00 - Bob: hi\n12/06/2026, 10:01 - Ann Lee: HERE\n12/06/2026, 10:02 - Bob: thanks\n",
        ] {
            let at = text.find("HERE").unwrap();
            let way = parts::name("_chat.txt", text.as_bytes(), &[at]).remove(0);
            assert_eq!(way.last().map(|layer| layer.name.as_str()), Some("message 2 of Ann Lee"), "{text}");
        }
        for text in ["2026-06-12 10:00:00 INFO key: HERE", "notes\n12/06/2026, 10:00 - Bob: HERE"] {
            let way = parts::name("log.txt", text.as_bytes(), &[text.find("HERE").unwrap()]).remove(0);
            assert!(way.is_empty(), "{text}");
        }
    }
}
