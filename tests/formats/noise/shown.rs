//! No format shows any part of a secret, however it is broken; every format tells a guess as one.

use super::Leaked;
use crate::support::Sandbox;

/// Four characters of the secret that no digest, path or word holds.
fn parts(secret: &str) -> Vec<&str> {
    let telling = |part: &&str| part.bytes().any(|b| b.is_ascii_uppercase());
    (0..secret.len() - 3).map(|at| &secret[at..at + 4]).filter(telling).collect()
}

#[test]
fn no_format_shows_a_part_of_a_secret() {
    let leaked = Leaked::new(41);
    let second = Leaked::new(42);
    let spaced: String = leaked
        .secret
        .as_bytes()
        .chunks(5)
        .map(|part| format!("{} ", String::from_utf8_lossy(part)))
        .collect();
    let texts = [
        leaked.fill("KREA_API_KEY=ID : ONE TWO THREE\n"),
        leaked.fill("KREA_API_KEY=ID : ONE\nTWO\nTHREE and more\n"),
        leaked.fill("KREA_API_KEY=ID : ONETWO\n    THREE KREA_API_KEY=") + &second.text() + "\n",
        leaked.fill("x ONE KREA_API_KEY=G1 -G2-G3-G4-G5 : SEC THREE\n"),
        leaked.fill("KREA_API_KEY=ID:ONETWO\nTHREE\n"),
        leaked.fill("KREA_API_KEY=ID:ONETWO THREE\n"),
        format!("KREA_API_KEY={} : {spaced}\n", leaked.id),
        leaked.fill("<html><b>KREA_API_KEY=ID</b>:ONE<wbr>TWO<b>THREE</b> <p>KREA_API_KEY=") + &second.text(),
        leaked.fill("{\"krea\":[{\"text\":\"G1-G2-G3-\"},{\"text\":\"G4-G5:ONE\"},{\"text\":\"TWO\"},{\"text\":\"THREE\"}]}"),
    ];
    for text in &texts {
        let sandbox = Sandbox::empty();
        sandbox.write("shot.txt", text);
        for format in ["human", "json", "jsonl", "sarif", "html", "github"] {
            for least in ["low", "medium"] {
                let run = sandbox.scan(&["-v", "-f", format, "--min-confidence", least, "."]);
                let output = format!("{}{}", run.stdout, run.stderr);
                for secret in [&leaked.secret, &second.secret] {
                    let shown: Vec<&str> =
                        parts(secret).into_iter().filter(|part| output.contains(part)).collect();
                    assert!(shown.is_empty(), "{format}, {least}, {text}:\n{shown:?} in\n{output}");
                }
            }
        }
    }
}

#[test]
fn every_format_tells_a_guess() {
    let leaked = Leaked::new(43);
    let (first, rest) = leaked.id.split_at(8);
    let read = format!(
        "{}{}",
        &first[..7],
        match &first[7..] {
            "1" => "l",
            "0" => "O",
            "5" => "S",
            other => other,
        }
    );
    let sandbox = Sandbox::empty();
    sandbox.write("shot.txt", format!("KREA_API_KEY={read}{rest} : {}\n", leaked.secret));
    let human = sandbox.scan(&["."]).stdout;
    let said = if read == first {
        "the text may be wrong".to_owned()
    } else {
        format!("read as {read}, repaired to {first}")
    };
    assert!(human.contains(&said), "{human}");
    let finding = sandbox.jsonl(&["."]).findings().remove(0);
    assert_eq!(finding["as_read"], *read);
    assert_eq!(finding["token"]["id_prefix"], *first);
    let sarif = sandbox.scan(&["-f", "sarif", "."]).stdout;
    assert!(sarif.contains(&format!("\"asRead\": \"{read}\"")), "{sarif}");
    let region = sarif.split("\"region\"").nth(1).expect("a region").split('}').next().expect("its fields");
    assert!(!region.contains("endColumn"), "its text is not as long as the token: {region}");
    let github = sandbox.scan(&["-f", "github", "."]).stdout;
    assert!(github.contains(&said.replace('%', "%25")), "{github}");
    // What is read exactly says nothing of that.
    sandbox.write("shot.txt", leaked.fill("KREA_API_KEY=ID:SEC\n"));
    assert!(sandbox.jsonl(&["."]).findings()[0].get("as_read").is_none());
}

#[test]
fn nothing_is_redacted_that_is_a_guess() {
    let leaked = Leaked::new(44);
    let sandbox = Sandbox::empty();
    let text = leaked.fill("KREA_API_KEY=G1-G2-G3-\nG4-G5 : SEC\n");
    sandbox.write(".env", &text);
    let run = sandbox.scan(&["--redact", "--yes", "."]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("take it out by hand"), "{}", run.stdout);
    assert_eq!(std::fs::read_to_string(sandbox.root().join(".env")).expect("the file"), text);
}
