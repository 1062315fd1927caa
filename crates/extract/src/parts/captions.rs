//! The cues of subtitles and transcripts, WebVTT (<https://www.w3.org/TR/webvtt1/>) and SubRip: `cue 14 at 00:01:12`.

use super::PartFormat;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;
use memchr::memmem;

/// Subtitles.
pub const FORMAT: PartFormat = PartFormat { endings: &[".vtt", ".srt", ".sbv"], is, name };

/// What stands between the times of a cue.
const ARROW: &[u8] = b"-->";

fn is(bytes: &[u8]) -> bool {
    memmem::find(&bytes[..bytes.len().min(64 << 10)], ARROW).is_some()
}

fn name(_name: &str, bytes: &[u8], offsets: &[usize]) -> Vec<Vec<Layer>> {
    let mut number = 0;
    let mut arrows = memmem::find_iter(bytes, ARROW).filter(|&at| is_head(bytes, at)).peekable();
    let mut cue = None;
    let mut ways = Vec::with_capacity(offsets.len());
    for &offset in offsets {
        // What stands in the head of a cue, before its times, is none of it.
        while let Some(at) = arrows.next_if(|&at| at < offset) {
            number += 1;
            cue = Some((number, at));
        }
        ways.push(
            cue.map(|(number, at)| Layer::named(LayerKind::Cue, &called(bytes, number, at)))
                .into_iter()
                .collect(),
        );
    }
    ways
}

/// Whether a line with an arrow in it starts with a time.
fn is_head(bytes: &[u8], at: usize) -> bool {
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |newline| newline + 1);
    let time = bytes[start..at].trim_ascii();
    time.first().is_some_and(u8::is_ascii_digit) && time.contains(&b':')
}

/// What a cue is called: by its own name or number, else by its place.
fn called(bytes: &[u8], number: usize, arrow: usize) -> String {
    let line = memchr::memrchr(b'\n', &bytes[..arrow]).map_or(0, |newline| newline + 1);
    let time = String::from_utf8_lossy(bytes[line..arrow].trim_ascii()).into_owned();
    let time = time.split(['.', ',']).next().unwrap_or_default();
    let above = &bytes[..line.saturating_sub(1)];
    let above = &above[memchr::memrchr(b'\n', above).map_or(0, |newline| newline + 1)..];
    let own = one_line(&String::from_utf8_lossy(above));
    let own = if own.is_empty() || own.starts_with("WEBVTT") { number.to_string() } else { own };
    format!("cue {own} at {time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, marks: &str) -> Vec<String> {
        let offsets: Vec<usize> = text.match_indices(marks).map(|(at, _)| at).collect();
        let name = |way: Vec<Layer>| way.first().map_or_else(String::new, |layer| layer.name.clone());
        name_all(text, &offsets).into_iter().map(name).collect()
    }

    fn name_all(text: &str, offsets: &[usize]) -> Vec<Vec<Layer>> {
        super::name("a.vtt", text.as_bytes(), offsets)
    }

    #[test]
    fn a_cue_is_called_by_its_number_and_time() {
        let text = "1\n00:00:01,000 --> 00:00:02,000\nx\nx\n\n2\n00:01:12,500 --> 00:01:14,000\na --> x\n";
        let expected = ["cue 1 at 00:00:01", "cue 1 at 00:00:01", "cue 2 at 00:01:12"];
        assert_eq!(names(text, "x"), expected);
        assert_eq!(names(&text.replace('\n', "\r\n"), "x"), expected);
    }

    #[test]
    fn cues_without_numbers_are_counted() {
        let text = "WEBVTT\n\n00:01.000 --> 00:02.000 align:start\nx\n\nintro\n00:03.000 --> 00:04.000\nx\n";
        assert_eq!(names(text, "x"), ["cue 1 at 00:01", "cue intro at 00:03"]);
    }

    #[test]
    fn what_stands_before_the_first_cue_is_in_none() {
        assert_eq!(names("WEBVTT x\n\n00:01.000 --> 00:02.000\ny\n", "x"), [""]);
        assert_eq!(names("x\n", "x"), [""]);
    }
}
