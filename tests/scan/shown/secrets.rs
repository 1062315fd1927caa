//! Every surroundings with every stranger's secret, in every format: not six characters of a secret in a row come out.

use super::FORMATS;
use super::around::{MADE, Pair, TEMPLATES};
use super::neighbours;
use crate::support::Sandbox;
use crate::support::tokens::{self, Alphabet};
use std::collections::{BTreeSet, HashMap};

/// So many characters of a secret in a row are told apart from chance.
const PIECE: usize = 6;

/// The pieces of secrets that may not come out, and what each is a piece of.
#[derive(Default)]
pub struct Secrets {
    pieces: HashMap<Vec<u8>, String>,
}

impl Secrets {
    pub fn add(&mut self, secret: &str, what: &str) {
        for piece in secret.as_bytes().windows(PIECE) {
            self.pieces.insert(piece.to_vec(), what.to_owned());
        }
    }

    /// Fails when an output holds a piece of a secret, but for what is told of tokens: chance may have one there.
    #[track_caller]
    pub fn are_not_in(&self, output: &str, told: &BTreeSet<String>) {
        let mut told: Vec<&String> = told.iter().collect();
        told.sort_by_key(|told| std::cmp::Reverse(told.len()));
        let output = told.iter().fold(output.to_owned(), |output, told| output.replace(*told, ""));
        let mut shown: Vec<String> = Vec::new();
        for line in output.lines() {
            let found = line.as_bytes().windows(PIECE).find_map(|piece| self.pieces.get_key_value(piece));
            if let Some((piece, what)) = found {
                let piece = String::from_utf8_lossy(piece);
                let at = line.find(&*piece).unwrap_or(0);
                let near = &line[line.floor_char_boundary(at.saturating_sub(100))..];
                let near: String = near.chars().take(200).collect();
                shown.push(format!("{what}: {piece} in {near}"));
            }
        }
        assert!(shown.is_empty(), "{} lines show a secret:\n{}", shown.len(), shown.join("\n"));
    }
}

/// What is told of the tokens of some findings: fingerprints, and how ids start.
pub fn told(findings: &[serde_json::Value]) -> BTreeSet<String> {
    let fingerprints = findings.iter().map(|found| found["fingerprint"].as_str().unwrap());
    let ids = findings.iter().filter_map(|found| found["token"]["id_prefix"].as_str());
    let starts = fingerprints.clone().map(|fingerprint| &fingerprint[..16]);
    fingerprints.chain(starts).chain(ids).map(str::to_owned).collect()
}

/// A tree of files, one for each surroundings and each stranger's secret, and all that is secret in it.
pub struct Planted {
    pub sandbox: Sandbox,
    pub secrets: Secrets,
    /// The files, by their paths.
    pub files: BTreeSet<String>,
}

impl Planted {
    fn new() -> Self {
        let mut planted =
            Planted { sandbox: Sandbox::new(), secrets: Secrets::default(), files: BTreeSet::new() };
        let endings =
            TEMPLATES.iter().map(|(ending, _)| *ending).chain(MADE.iter().map(|(ending, _)| *ending));
        for (number, ending) in endings.enumerate() {
            let seed = 100 + 100 * number as u64;
            for (n, neighbour) in neighbours::all(seed).into_iter().enumerate() {
                let alphabet = Alphabet::ALL[(number + n) % 4];
                let token = tokens::pair(alphabet, seed + n as u64);
                planted.secrets.add(&tokens::secret(alphabet, seed + n as u64), "the token");
                planted.plant(number, ending, &token, &neighbour.text, neighbour.name, neighbour.kind);
                for secret in &neighbour.secrets {
                    planted.secrets.add(secret, &format!("{} in {ending}", neighbour.kind));
                }
            }
            // Half of the token itself, where it says nothing of the other half.
            let secret = tokens::secret(Alphabet::Base62, seed + 99);
            let token = tokens::pair(Alphabet::Base62, seed + 99);
            planted.secrets.add(&secret, "half of the token");
            planted.plant(number, ending, &token, &secret[..secret.len() / 2], "HALF", "half");
        }
        planted
    }

    fn plant(&mut self, number: usize, ending: &str, token: &str, other: &str, name: &str, kind: &str) {
        let pair = Pair { token, name, other };
        let content = match TEMPLATES.get(number) {
            Some((_, template)) => pair.fill(template),
            None => MADE[number - TEMPLATES.len()].1(&pair),
        };
        let path = format!("{kind}/{number:02}/{ending}");
        self.sandbox.write(&path, content);
        self.files.insert(path);
    }
}

#[test]
fn no_format_shows_a_piece_of_a_secret() {
    let planted = Planted::new();
    let sandbox = &planted.sandbox;
    let run = sandbox.jsonl(&["--min-confidence", "low"]);
    let found: BTreeSet<String> = run.places().into_iter().collect();
    let missed: Vec<&String> = planted.files.iter().filter(|file| !found.contains(*file)).collect();
    assert!(missed.len() * 20 < planted.files.len(), "where nothing is found nothing is shown: {missed:?}");
    let told = told(&run.findings());
    planted.secrets.are_not_in(&run.stdout, &told);
    for format in FORMATS {
        let run = sandbox.scan(&["-v", "-f", format, "--color", "always"]);
        planted.secrets.are_not_in(&format!("{}\n{}", run.stdout, run.stderr), &told);
    }
    let run = sandbox.scan(&["--redact", "--dry-run"]);
    planted.secrets.are_not_in(&format!("{}\n{}", run.stdout, run.stderr), &told);
    sandbox.scan(&["--write-baseline", "../baseline.json"]);
    let baseline = std::fs::read_to_string(sandbox.beside("baseline.json")).unwrap();
    planted.secrets.are_not_in(&baseline, &told);
}

#[test]
fn what_stands_around_a_token_can_be_read() {
    let sandbox = Sandbox::empty();
    let token = tokens::pair(Alphabet::Base62, 7);
    let redacted = format!("{}-…:••••", &token[..8]);
    let lines = [
        ("a.env", "NEXT_PUBLIC_KREA_API_KEY={} # rotate before 2026-07-01, see docs/tokens.md"),
        ("a.py", "client = Krea(api_key=\"{}\", base_url=\"https://api.krea.ai/v1\", timeout=30.5)"),
        (
            "a.ts",
            "export const kreaConfig: KreaConfig = { apiKey: '{}', retries: MAX_RETRIES, model: 'flux-1-dev' }",
        ),
        ("a.yml", "- run: KREA_API_KEY={} npm run build --workspace=@acme/web -- --mode production"),
        (
            "a.log",
            "2026-07-01T10:15:00.123Z ERROR [worker-3] POST https://api.krea.ai/generate/image/bfl/flux 500 KREA_API_KEY={}",
        ),
        ("a.md", "| Krea | `KREA_API_KEY={}` | owner: Jane Doe <jane@example.com> | \u{fc}ber 90 % |"),
        (
            "a.sql",
            "INSERT INTO api_keys (id, service, value) VALUES (42, 'krea', '{}'); -- migrated 2026-06-30",
        ),
        (
            "a.sh",
            "curl -sS -H \"Authorization: Bearer {}\" https://api.krea.ai/jobs?limit=100 | jq '.items[]'",
        ),
    ];
    for (name, line) in lines {
        sandbox.write(name, line.replace("{}", &token) + "\n");
        let found = sandbox.jsonl(&[name]).only();
        let excerpt = found["excerpt"].as_str().unwrap();
        let whole = line.replace("{}", &redacted);
        let shown = excerpt.trim_matches('…');
        assert!(whole.contains(shown), "{name}: {excerpt}\nis no part of\n{whole}");
        assert!(shown.chars().count() + 60 > whole.chars().count(), "{name}: {excerpt}");
    }
}
