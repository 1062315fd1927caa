//! Secrets in names: of files and folders, of members and attachments, of authors and branches; and in documents whose
//! parts have names.

use super::FORMATS;
use super::neighbours::{self, Neighbour};
use super::secrets::{Secrets, told};
use crate::support::Sandbox;
use crate::support::tokens::{self, Alphabet};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::io::Write;

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Override PartName="/x" ContentType="application/vnd.openxmlformats-officedocument.x+xml"/></Types>"#;

/// The names that a stranger's secret gives a file. Sixty-four hex digits or a word are a name like any other, unless
/// something says what they are.
fn names(neighbour: &Neighbour) -> Vec<String> {
    let named = format!("{}={}", neighbour.name, neighbour.text);
    match neighbour.kind {
        "webhook" | "password" => vec![named],
        _ => vec![named, neighbour.text.clone(), format!("notes on {} (old)", neighbour.text)],
    }
}

/// Runs every format over a folder, and holds the output against what is secret.
#[track_caller]
fn shows_none(sandbox: &Sandbox, secrets: &Secrets, args: &[&str], least: usize) {
    let run = sandbox.jsonl(args);
    let findings = run.findings();
    assert!(findings.len() >= least, "where nothing is found nothing is shown: {}", run.stdout);
    let told = told(&findings);
    for format in FORMATS {
        let all: Vec<&str> = [&["-v", "-f", format], args].concat();
        let run = sandbox.scan(&all);
        secrets.are_not_in(&format!("{}\n{}", run.stdout, run.stderr), &told);
    }
}

/// What is planted: a token for each name.
struct Plants {
    secrets: Secrets,
    next: u64,
}

impl Plants {
    fn new(seed: u64) -> Self {
        Plants { secrets: Secrets::default(), next: seed }
    }

    fn token(&mut self) -> String {
        self.next += 1;
        let alphabet = Alphabet::ALL[self.next as usize % 4];
        self.secrets.add(&tokens::secret(alphabet, self.next), "the token");
        tokens::pair(alphabet, self.next)
    }

    fn names(&mut self) -> Vec<String> {
        let all = neighbours::all(self.next);
        for neighbour in &all {
            neighbour.secrets.iter().for_each(|secret| self.secrets.add(secret, neighbour.kind));
        }
        all.iter().flat_map(names).collect()
    }
}

#[test]
fn names_of_files_and_folders_show_none() {
    let (sandbox, mut plants) = (Sandbox::new(), Plants::new(20_000));
    let names = plants.names();
    let count = names.len();
    for (n, name) in names.iter().enumerate() {
        // A slash is none in a name.
        let name = name.replace('/', "%2F");
        let token = plants.token();
        sandbox.write(&format!("{n}/{name}"), format!("KREA_API_KEY={token}\n"));
        sandbox.write(&format!("{n}/of {name}/a.env"), format!("KREA_API_KEY={token}\n"));
        sandbox.write(
            &format!("{n}/KREA_API_KEY={}", token.replace('/', "%2F")),
            format!("KREA_API_KEY={token}\n"),
        );
        sandbox.write(&format!("{n}/{name}.zip"), "PK\u{3}\u{4}krea");
    }
    shows_none(&sandbox, &plants.secrets, &[], 3 * count);
    shows_none(&sandbox, &plants.secrets, &["--no-ignore"], 3 * count);
    let run = sandbox.scan(&["--write-baseline", "../baseline.json"]).code(2);
    let baseline = std::fs::read_to_string(sandbox.beside("baseline.json")).unwrap();
    plants
        .secrets
        .are_not_in(&format!("{baseline}\n{}\n{}", run.stdout, run.stderr), &fingerprints(&baseline));
    let known = sandbox.jsonl(&["--baseline", "../baseline.json"]).code(2);
    assert!(known.findings().is_empty(), "a baseline knows what it was written of: {}", known.stdout);
}

/// The fingerprints that a baseline holds.
fn fingerprints(baseline: &str) -> BTreeSet<String> {
    let baseline: serde_json::Value = serde_json::from_str(baseline).unwrap();
    let known = baseline["findings"].as_array().unwrap().iter();
    known.map(|known| known["fingerprint"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn names_of_members_and_attachments_show_none() {
    let (sandbox, mut plants) = (Sandbox::empty(), Plants::new(21_000));
    let names = plants.names();
    for (n, name) in names.iter().enumerate() {
        let content = format!("KREA_API_KEY={}\n", plants.token());
        let options = zip::write::SimpleFileOptions::default();
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file(format!("{name}.env"), options).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
        write(&sandbox, &format!("{n}.zip"), &zip.finish().unwrap().into_inner());

        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("{}.env", name.replace("//", "/")), content.as_bytes()).unwrap();
        write(&sandbox, &format!("{n}.tar"), &tar.into_inner().unwrap());

        let mut gzip = flate2::GzBuilder::new()
            .filename(format!("{name}.env"))
            .write(Vec::new(), flate2::Compression::fast());
        gzip.write_all(content.as_bytes()).unwrap();
        write(&sandbox, &format!("{n}.gz"), &gzip.finish().unwrap());

        let mail = format!(
            "Subject: {name}\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; \
             name=\"{name}.env\"\nContent-Disposition: attachment; filename=\"{name}.env\"\n\
             Content-Transfer-Encoding: base64\n\n{}\n--b--\n",
            STANDARD.encode(&content)
        );
        write(&sandbox, &format!("{n}.eml"), mail.as_bytes());
    }
    shows_none(&sandbox, &plants.secrets, &[], 4 * names.len());
}

#[test]
fn cells_and_headings_show_none() {
    let (sandbox, mut plants) = (Sandbox::empty(), Plants::new(22_000));
    let names = plants.names();
    for (n, name) in names.iter().enumerate() {
        let token = plants.token();
        let text = name.replace('&', "&amp;");
        let row = |cells: &[&str]| {
            let cell = |cell: &&str| format!("<c t=\"inlineStr\"><is><t>{cell}</t></is></c>");
            format!("<row>{}</row>", cells.iter().map(cell).collect::<String>())
        };
        let rows = row(&["name", &format!("krea key {text}")]) + &row(&[&text, &token]);
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        let title = text.chars().take(31).collect::<String>();
        let workbook = format!(
            "<workbook><sheets><sheet name=\"{title}\" sheetId=\"1\" id=\"r1\"/></sheets></workbook>"
        );
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (path, content) in [
            ("[Content_Types].xml", TYPES),
            ("xl/workbook.xml", workbook.as_str()),
            (
                "xl/_rels/workbook.xml.rels",
                "<Relationships><Relationship Id=\"r1\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
            ),
            ("xl/worksheets/sheet1.xml", sheet.as_str()),
        ] {
            zip.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        write(&sandbox, &format!("{n}.xlsx"), &zip.finish().unwrap().into_inner());
        // A name that is longer than what is shown of it is cut somewhere in the secret.
        for before in [0, 60, 100, 140, 150, 155, 158] {
            let heading = format!("{}{name}", "a ".repeat(before / 2));
            let csv = format!("Issue key,Summary,krea {heading}\nA-1,x,krea token {token}\n");
            sandbox.write(&format!("{n}-{before}.csv"), csv);
            let cue = format!("WEBVTT\n\n{heading}\n00:00:01.000 --> 00:00:04.000\nkrea key {token}\n");
            sandbox.write(&format!("{n}-{before}.vtt"), cue);
        }
    }
    shows_none(&sandbox, &plants.secrets, &[], 12 * names.len());
}

#[test]
fn authors_and_branches_show_none() {
    let (sandbox, mut plants) = (Sandbox::new(), Plants::new(23_000));
    let all = neighbours::all(23_000);
    for neighbour in &all {
        neighbour.secrets.iter().for_each(|secret| plants.secrets.add(secret, neighbour.kind));
    }
    for (n, neighbour) in all.iter().enumerate() {
        let who = format!("{}={}", neighbour.name, neighbour.text);
        sandbox.write(&format!("{n}.env"), format!("KREA_API_KEY={}\n", plants.token()));
        sandbox.git(&["add", "--all"]);
        let mail = if matches!(neighbour.kind, "webhook" | "password") { "ann" } else { &neighbour.text };
        let author = format!("Ann {who} <{mail}@example.com>");
        sandbox.git(&["commit", "--quiet", "--message", &who, "--author", &author]);
        // What git takes in a branch's name.
        if !neighbour.text.contains([':', '~', '/']) {
            sandbox.git(&["branch", &format!("fix/{who}")]);
        }
    }
    for mode in [&["--history"][..], &["--range", "HEAD~3..HEAD"]] {
        shows_none(&sandbox, &plants.secrets, mode, 3);
    }
}

fn write(sandbox: &Sandbox, path: &str, bytes: &[u8]) {
    std::fs::write(sandbox.root().join(path), bytes).unwrap();
}
