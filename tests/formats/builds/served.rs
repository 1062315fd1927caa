//! A build that is deployed: krea-scan reads it over HTTP as a browser would.

use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Python's own web server, on a free port of loopback.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn of(folder: &Path) -> Self {
        let mut process = Command::new("python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 is installed");
        // Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ...
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split_whitespace().nth(5).and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("no port: {line}"));
        Server { process, port }
    }

    fn scan(&self, path: &str) -> Run {
        let url = format!("http://127.0.0.1:{}/{path}", self.port);
        Sandbox::empty().jsonl(&["--url", &url, "--allow-private"])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[needs("python3", "target/made/builds")]
#[test]
fn a_served_vite_build_leaks_its_token_and_names_the_source() {
    let folder = build("leaky/vite");
    let server = Server::of(&folder);
    let finding = server.scan("").code(1).only();
    is_token(&finding, 0);
    let path = finding["location"]["path"].as_str().unwrap();
    assert!(path.starts_with(&format!("http://127.0.0.1:{}/assets/index-", server.port)), "{path}");
    let map = finding["layers"].as_array().unwrap().iter().find(|layer| layer["kind"] == "source-map");
    let map = map.unwrap_or_else(|| panic!("no source map leads to the original: {finding}"));
    assert!(map["name"].as_str().unwrap().ends_with("src/krea.ts"), "{map}");
    assert_eq!(map["line"], line_of("web/src/krea.ts", "VITE_KREA_API_KEY"));
}

#[needs("python3", "target/made/builds")]
#[test]
fn a_served_next_build_leaks_what_its_page_and_its_chunks_hold() {
    let folder = build("leaky/next");
    let findings = Server::of(&folder).scan("").code(1).findings();
    for n in [4, 5] {
        assert!(
            findings.iter().any(|finding| finding["token"]["id_prefix"] == token(n)[..8]),
            "token {n} is not found"
        );
    }
}

#[needs("python3", "target/made/builds")]
#[test]
fn a_served_build_without_a_token_holds_none() {
    for name in ["clean/vite", "clean/next"] {
        let folder = build(name);
        let run = Server::of(&folder).scan("").code(0);
        assert_eq!(run.incomplete(), "", "{name}");
    }
}
