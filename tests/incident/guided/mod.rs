//! The guided way, with the real program at a real terminal: a person revokes on the page (here: the test), pastes the
//! replacement at a hidden prompt, leaves and comes back; and without a terminal, where there is nobody to ask.
//!
//! `setsid` (Linux, in util-linux) gives a process a terminal of its own.

#![cfg(target_os = "linux")]

mod alone;
mod person;

use crate::support::Sandbox;
use crate::support::emulator::Emulator;
use crate::support::program::{leak, token};
use crate::support::terminal::Terminal;
use std::fs;

/// A leak, and a Krea that takes its tokens.
struct Scene {
    sandbox: Sandbox,
    krea: Emulator,
}

impl Scene {
    /// This many tokens leak, each in a file of its own, and are live.
    fn new(leaks: u64) -> Scene {
        let scene = Scene { sandbox: Sandbox::empty(), krea: Emulator::start() };
        for n in 0..leaks {
            scene.sandbox.write(&format!("leak/{n}.env"), leak(n));
            scene.krea.issue(&token(n), "leaked");
        }
        scene
    }

    /// The arguments that revoke what leaks in the folder, and those behind.
    fn args(&self, more: &[&str]) -> Vec<String> {
        let api = self.krea.api();
        [&["--revoke", "--via", "hand", "--api", &api], more, &["leak"]]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    /// Revokes at a terminal.
    fn revoke(&self, more: &[&str]) -> Terminal {
        let args = self.args(more);
        Terminal::run(&self.sandbox, &args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Goes on at a terminal.
    fn resume(&self) -> Terminal {
        Terminal::run(&self.sandbox, &["--resume", "latest"])
    }

    /// A new token, as the page gives it.
    fn create(&self, n: u64) -> String {
        self.krea.issue(&token(n), "replacement");
        token(n)
    }

    /// What a file of the working tree holds; nothing when it is not there.
    fn file(&self, path: &str) -> String {
        fs::read_to_string(self.sandbox.root().join(path)).unwrap_or_default()
    }

    /// The first eight characters of a token's id.
    fn id(n: u64) -> String {
        token(n)[..8].to_owned()
    }

    /// The tokens that wait in escrow, by their files' names.
    fn escrow(&self) -> Vec<String> {
        let incidents = self.sandbox.beside("state/krea-scan/incidents");
        let Ok(folders) = fs::read_dir(incidents) else { return Vec::new() };
        let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).into_iter().flatten());
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("leaked-") || name.starts_with("replacement-")).collect()
    }

    /// Everything that the incidents' journals say.
    fn journals(&self) -> String {
        let incidents = self.sandbox.beside("state/krea-scan/incidents");
        let Ok(folders) = fs::read_dir(incidents) else { return String::new() };
        let journal = |folder: fs::DirEntry| fs::read_to_string(folder.path().join("journal.jsonl"));
        folders.filter_map(|folder| journal(folder.unwrap()).ok()).collect()
    }
}
