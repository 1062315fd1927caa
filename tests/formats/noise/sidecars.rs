//! The files that programs put beside pictures and recordings, in the forms of the programs that people use.

use super::{Leaked, assert_found};

#[test]
fn subtitles_break_tokens_into_cues() {
    let leaked = Leaked::new(21);
    for (name, template) in [
        (
            "demo.srt",
            "1\n00:00:01,000 --> 00:00:03,000\nnow I paste my Krea token\n\n2\n00:00:03,000 --> 00:00:05,500\nG1-G2-G3-\n\n3\n00:00:05,500 --> 00:00:08,000\nG4-G5:ONETWO\nTHREE\n",
        ),
        ("demo.vtt", "WEBVTT\n\n00:01.000 --> 00:03.000\nKREA_API_KEY=G1-G2-\nG3-G4-G5 :SEC\n"),
        (
            "demo.vtt",
            "WEBVTT\n\nintro\n00:01.000 --> 00:03.000 align:start position:0%\nthe krea key\n\n00:03.000 --> 00:05.000\nG1-G2-G3-G4-G5: SEC\n",
        ),
    ] {
        let text = leaked.fill(template);
        let found = super::found_in(name, &text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!((&*found[0].0, &*found[0].1), ("medium", &*leaked.fingerprint()), "{text}");
        let windows = text.replace('\n', "\r\n");
        assert_eq!(super::found_in(name, windows).len(), 1, "{name} with the line ends of Windows");
    }
}

#[test]
fn services_give_a_line_a_string() {
    let leaked = Leaked::new(22);
    for (name, template) in [
        // AWS Textract: lines, then their words.
        (
            "textract.json",
            r#"{"DocumentMetadata":{"Pages":1},"Blocks":[{"BlockType":"PAGE","Id":"1"},{"BlockType":"LINE","Confidence":98.1,"Text":"$ export KREA_API_KEY=G1-G2-","Id":"2"},{"BlockType":"LINE","Confidence":98.1,"Text":"G3-G4-G5 : SEC","Id":"3"},{"BlockType":"WORD","Text":"$","Id":"4"},{"BlockType":"WORD","Text":"export","Id":"5"}]}"#,
        ),
        // macOS Vision and its command line tools.
        (
            "vision.json",
            r#"[{"text":"API Tokens - Krea","confidence":1},{"text":"G1-G2-G3-","confidence":0.5},{"text":"G4-G5:ONETWO","confidence":0.5},{"text":"THREE","confidence":0.3}]"#,
        ),
        // EasyOCR and Paddle: boxes and texts.
        (
            "easy.json",
            r#"[[[[1,2],[3,4]],"KREA_API_KEY=G1-G2-G3-",0.98],[[[1,2],[3,4]],"G4-G5 : SEC",0.91]]"#,
        ),
        // Whisper.
        (
            "whisper.json",
            r#"{"segments":[{"id":0,"start":0.0,"text":" my krea key is G1-G2-"},{"id":1,"start":2.0,"text":" G3-G4-G5 : SEC"}]}"#,
        ),
    ] {
        assert_found(name, &leaked.fill(template), &leaked, "medium", &["literals"]);
    }
    // Google Vision gives all of it in one string, too.
    let google =
        r#"{"responses":[{"fullTextAnnotation":{"text":"Krea\nG1-G2-G3-\nG4-G5:ONETWO\nTHREE\nDone"}}]}"#;
    let found = super::found_in("google.json", leaked.fill(google));
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].0, &*found[0].1), ("medium", &*leaked.fingerprint()));
}

#[test]
fn tesseract_gives_a_word_at_a_time() {
    let leaked = Leaked::new(23);
    let word =
        |text: &str| format!("<span class='ocrx_word' title='bbox 1 2 3 4; x_wconf 91'>{text}</span>\n");
    let line = |words: &[&str]| {
        let words: String = words.iter().map(|text| word(text)).collect();
        format!("<span class='ocr_line' title='bbox 1 2 3 4'>\n{words}</span>\n")
    };
    let lines = [line(&["export", "KREA_API_KEY=G1-G2-G3-G4-G5", ":", "ONETWO"]), line(&["THREE"])].concat();
    let hocr = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<html><body><div class='ocr_page'>{lines}</div></body></html>"
    );
    assert_found("shot.hocr", &leaked.fill(&hocr), &leaked, "medium", &["line", "markup"]);

    let row =
        |line: u8, word: u8, text: &str| format!("5\t1\t1\t1\t{line}\t{word}\t1\t2\t3\t4\t91.5\t{text}\n");
    let table = format!(
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n{}{}{}{}",
        row(1, 1, "KREA_API_KEY=G1-G2-G3-G4-G5"),
        row(1, 2, ":"),
        row(1, 3, "ONETWO"),
        row(2, 1, "THREE")
    );
    assert_found("shot.tsv", &leaked.fill(&table), &leaked, "medium", &["cell", "literals"]);

    let word = |text: &str| {
        format!("<String HPOS=\"1\" VPOS=\"2\" WC=\"0.9\" CONTENT=\"{text}\"/><SP WIDTH=\"3\"/>")
    };
    let alto = format!(
        "<?xml version=\"1.0\"?>\n<alto><TextLine>{}{}{}</TextLine><TextLine>{}</TextLine></alto>",
        word("KREA_API_KEY=G1-G2-G3-G4-G5"),
        word(":"),
        word("ONETWO"),
        word("THREE")
    );
    assert_found("shot.xml", &leaked.fill(&alto), &leaked, "medium", &["markup"]);
}

#[test]
fn a_finding_names_its_cue_and_its_line() {
    let leaked = Leaked::new(24);
    let sandbox = crate::support::Sandbox::empty();
    sandbox.write(
        "demo.srt",
        leaked
            .fill("13\n00:00:58,000 --> 00:01:12,000\nkrea\n\n14\n00:01:12,500 --> 00:01:14,000\nID : SEC\n"),
    );
    sandbox.write("demo.vtt", leaked.fill("WEBVTT\n\n00:58.000 --> 01:12.000\nKREA_API_KEY=ID:SEC\n"));
    let out = sandbox.scan(&["."]).stdout;
    assert!(out.contains("demo.srt:7:1 → cue 14 at 00:01:12"), "{out}");
    assert!(out.contains("demo.vtt:4:14 → cue 1 at 00:58"), "{out}");
}
