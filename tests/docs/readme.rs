//! The documents' examples do what the documents say.
//!
//! A fenced block whose info string holds `exit=N` is run by `sh -e` in a small repository and must end with that
//! exit code. In a `console` block the lines after `$ ` are run, and the rest is their exact output. A block with
//! `file=NAME` is there for all that run after it. Each block runs in a repository of its own, for a user of its own. With
//! `emulator` the user's configuration names a stand-in for Krea that knows the repository's tokens, and a token API;
//! without it, an address where nobody answers. Other blocks are left alone.

#![cfg(unix)]

use crate::support::emulator::Emulator;
use crate::support::{Sandbox, tokens};
use std::path::Path;
use tokens::Alphabet;

/// Nobody answers there.
const NOBODY: &str = "api = 'http://127.0.0.1:9'\n";

/// One fenced block.
#[derive(Debug, Default)]
struct Block {
    line: usize,
    indented: bool,
    info: String,
    text: String,
}

impl Block {
    /// The value of `key=…` in the info string.
    fn value(&self, key: &str) -> Option<&str> {
        self.info.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// The commands, and the output that they must have if the block shows it.
    fn script(&self) -> (String, Option<String>) {
        if !self.info.starts_with("console") {
            return (self.text.clone(), None);
        }
        let lines = |command| self.text.split_inclusive('\n').filter(move |l| l.starts_with("$ ") == command);
        (lines(true).map(|line| &line[2..]).collect(), Some(lines(false).collect()))
    }
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in document.lines().enumerate() {
        // A block in a list item is indented.
        match (open.take(), line.trim_start().strip_prefix("```")) {
            (None, Some(info)) => {
                let indented = line.starts_with(' ');
                open = Some(Block { line: number + 1, indented, info: info.to_owned(), text: String::new() });
            }
            (None, None) => {}
            (Some(block), Some(_)) => blocks.push(block),
            (Some(mut block), None) => {
                block.text.push_str(line.strip_prefix("   ").filter(|_| block.indented).unwrap_or(line));
                block.text.push('\n');
                open = Some(block);
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The repository that the documents speak of: a clean first commit, which `origin/main` has, and a second one with
/// two tokens in three places.
fn shop() -> Sandbox {
    let shop = Sandbox::new();
    let sdk = "import { Krea } from \"@krea-ai/sdk\";\n\
               export const krea = new Krea({ apiKey: process.env.KREA_API_KEY });\n";
    let first = shop.commit("src/krea.ts", sdk, "Use Krea");
    shop.git(&["update-ref", "refs/remotes/origin/main", &first]);
    let [token, other] = leaked();
    shop.write(".env.staging", format!("KREA_API_KEY={token}\n"));
    shop.write("docs/run-log.txt", format!("09:41 deploy: restarted with {token}\n"));
    let mcp = format!(
        "{{\"mcpServers\": {{\"krea-ai\": {{\"url\": \"https://api.krea.ai/mcp\",\n  \
         \"headers\": {{\"Authorization\": \"Bearer {other}\"}}}}}}}}\n"
    );
    shop.commit("mcp.json", mcp, "Deploy");
    shop
}

/// The tokens that it leaks.
fn leaked() -> [String; 2] {
    [Alphabet::Hex, Alphabet::Base64].map(|alphabet| tokens::pair(alphabet, 0))
}

/// A Krea that knows them.
fn krea() -> Emulator {
    let emulator = Emulator::start();
    leaked().iter().for_each(|token| emulator.issue(token, "shop"));
    emulator.add_job("2026-07-03T09:00:00Z", "completed");
    emulator
}

/// Runs the examples of a document; gives how many there were.
fn run(name: &str) -> usize {
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_krea-scan")).parent().unwrap();
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = [program.to_owned()].into_iter().chain(std::env::split_paths(&inherited));
    let path = std::env::join_paths(path).unwrap();
    let blocks = blocks(&document);
    let mut count = 0;
    for (number, block) in blocks.iter().enumerate() {
        let Some(exit) = block.value("exit") else { continue };
        let sandbox = shop();
        let emulator = block.info.split_whitespace().any(|word| word == "emulator").then(krea);
        let config = emulator.as_ref().map_or(NOBODY.to_owned(), |emulator| {
            let (api, token_api) = (emulator.api(), emulator.token_api());
            format!("api = '{api}'\nrefusal_pause = '2ms'\n[token_api]\nbase = '{token_api}'\n")
        });
        let folder = sandbox.beside("config/krea-scan");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), config).unwrap();
        for earlier in &blocks[..number] {
            if let Some(file) = earlier.value("file") {
                sandbox.write(file, &earlier.text);
            }
        }
        let (script, shown) = block.script();
        let at = format!("{name}:{}", block.line);
        let output = sandbox
            .command("sh", sandbox.root())
            .args(["-e", "-c", &script])
            .env("PATH", &path)
            .env("XDG_CONFIG_HOME", sandbox.beside("config"))
            .env("XDG_STATE_HOME", sandbox.beside("state"))
            .env("KREA_TOKEN_API_KEY", Emulator::CREDENTIAL)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit.parse().unwrap()), "{at}\n{printed}{errors}");
        if let Some(shown) = shown {
            assert_eq!(printed, shown, "{at}: the output differs");
        }
        if let Some(emulator) = emulator {
            assert!(!emulator.requests().is_empty(), "{at}: nothing was asked");
            let revokes = script.contains("--revoke");
            let done = leaked().iter().all(|token| emulator.is_live(token) != revokes);
            assert!(done, "{at}: tokens die when, and only when, an example revokes them");
        }
        count += 1;
    }
    count
}

#[test]
fn the_readmes_examples_run() {
    assert!(run("README.md") >= 6);
}

#[test]
fn the_rules_readmes_examples_run() {
    assert!(run("rules/README.md") >= 2);
}

/// Each relative link leads to a file, and each link within a document to a heading.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["README.md", "rules/README.md"] {
        let document = std::fs::read_to_string(root.join(name)).unwrap();
        let headings: Vec<String> = document
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
            .collect();
        for link in document.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            match link.strip_prefix('#') {
                Some(heading) => assert!(headings.iter().any(|h| h == heading), "{name}: {link}"),
                None if link.starts_with("https://") => {}
                None => {
                    let file = root.join(name).with_file_name(link);
                    assert!(file.exists(), "{name}: {link}");
                }
            }
        }
    }
}
