//! How a scan of a site is reported, allowed and refused.

use crate::server::{Reply, Server};
use crate::support::Sandbox;
use crate::support::program::token;
use crate::{leak, scan, scan_at};
use needs::needs;
use serde_json::Value;

fn site() -> Server {
    Server::with(&[("/", "<script src='/assets/a.js?v=1'></script>"), ("/assets/a.js", &leak(1))])
}

#[test]
fn findings_are_at_the_resources_address() {
    let server = site();
    let url = server.url("/assets/a.js?v=1");
    let finding = scan_at(&(server.url("/") + "#top"), &[]).code(1).only();
    assert_eq!(finding["location"]["path"], url);
    assert_eq!((&finding["location"]["line"], &finding["location"]["column"]), (&1.into(), &29.into()));
    let args = |format: &'static str| {
        let sandbox = Sandbox::empty();
        sandbox.scan(&["-f", format, "--allow-private", "--url", &server.url("/")]).code(1)
    };
    let json: Value = serde_json::from_str(&args("json").stdout).unwrap();
    assert_eq!(json["findings"][0]["location"]["path"], url);
    assert_eq!(json["summary"]["files"], 2);
    let sarif: Value = serde_json::from_str(&args("sarif").stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"]["artifactLocation"];
    // Code scanning takes files only.
    let file = url.replacen("://", "/", 1).replace(':', "%3A").replace("?v=1", "%3Fv%3D1");
    assert_eq!((place["uri"].as_str(), place["uriBaseId"].as_str()), (Some(&*file), Some("%SRCROOT%")));
    assert!(result["message"]["text"].as_str().unwrap().contains(&format!("in {url}:1:29")), "{result}");
    assert_eq!(result["properties"]["address"], url);
    assert!(sarif["runs"][0]["automationDetails"]["id"].as_str().unwrap().contains("site"), "{sarif}");
    args("human").says(&[&format!("{url}:1:29  KREA_API_KEY"), "Read 2 files", "everything was read"]);
    // Nor is an address a file that could be annotated.
    args("github").says(&["::error title=Krea token", &format!("KREA_API_KEY, in {url}:1:29")]);
}

#[test]
fn it_is_said_that_robots_are_not_heeded() {
    let server = site();
    let run = |args: &[&str]| {
        let mut all = vec!["--allow-private", "--url"];
        let url = server.url("/");
        all.push(&url);
        all.extend(args);
        Sandbox::empty().scan(&all).code(1)
    };
    assert!(run(&[]).stderr.contains(&format!("reading {}", server.url(""))));
    assert!(run(&[]).stderr.contains("robots.txt is not heeded"));
    assert_eq!(run(&["-q"]).stderr, "");
    assert!(run(&["-v"]).stdout.contains("robots.txt was not heeded"));
    assert_eq!(server.times("/robots.txt"), 0);
}

#[test]
fn findings_are_allowed_by_the_addresss_path() {
    let server = site();
    let host = server.url("").replace("http://", "");
    for (pattern, code) in [
        (format!("/{host}/assets/*.js"), 0),
        (format!("{host}/"), 0),
        ("assets/a.js".to_owned(), 1),
        ("**/assets/a.js".to_owned(), 0),
        ("/assets".to_owned(), 1),
    ] {
        let sandbox = Sandbox::empty();
        sandbox
            .write(".krea-scan.toml", format!("[[allow]]\nreason = \"a test\"\npaths = [\"{pattern}\"]\n"));
        let run = sandbox.jsonl(&["--allow-private", "--url", &server.url("/")]);
        assert_eq!(run.code, Some(code), "{pattern}");
    }
}

#[test]
fn a_baseline_knows_a_sites_findings() {
    let server = site();
    let sandbox = Sandbox::empty();
    let url = server.url("/");
    let args = |flag: &'static str| ["--allow-private", "--url", &url, flag, "known.json"].map(str::to_owned);
    sandbox.scan(&args("--write-baseline")).code(0);
    sandbox.scan(&args("--baseline")).code(0).says(&["1 finding is allowed"]);
}

#[test]
fn a_site_is_scanned_by_itself() {
    let flags: [&[&str]; 9] = [
        &["src"],
        &["--staged"],
        &["--history"],
        &["--range", "A..B"],
        &["--stdin"],
        &["--pre-commit"],
        &["--redact"],
        &["--check-rules"],
        &["--resume", "latest"],
    ];
    for flags in flags {
        let mut args = vec!["--url", "http://127.0.0.1:1/"];
        args.extend(flags);
        Sandbox::empty().scan(&args).code(2).says(&["cannot be used with"]);
    }
    for flag in [["--url-depth", "1"], ["--url-limit", "1"], ["--url-size", "1"], ["--url-time", "1s"]] {
        Sandbox::empty().scan(&flag).code(2).says(&["--url <URL>"]);
    }
    Sandbox::empty().scan(&["--allow-private"]).code(2).says(&["--url <URL>"]);
}

#[test]
fn tokens_of_a_site_can_be_verified() {
    let emulator = crate::support::emulator::Emulator::start();
    emulator.issue(&token(1), "website");
    let server = site();
    let run = scan(&server, &["--verify", "--api", &emulator.api()]).code(1);
    assert_eq!(run.only()["status"], "live");
    assert_eq!(run.summary()["verified"]["live"], 1);
    assert_eq!(emulator.requests().len(), 1);
    assert!(server.requests().iter().all(|asked| asked.header("authorization").is_none()));
}

#[test]
fn what_a_site_names_cannot_act_on_a_terminal() {
    let server = Server::replies(vec![(
        "/",
        Reply::file("/", "<script src='/\u{1b}[2J\u{202e}.js'></script><a href='/%1b[2J'>x</a>"),
    )]);
    let run = Sandbox::empty().scan(&["-v", "--allow-private", "--url", &server.url("/")]);
    assert!(!run.stdout.contains(['\u{1b}', '\u{202e}']) && !run.stderr.contains(['\u{1b}', '\u{202e}']));
}

/// Runs a command line at a terminal, and gives all that it shows.
#[cfg(target_os = "linux")]
fn at_a_terminal(args: &str) -> String {
    let line = format!("{} {args}", env!("CARGO_BIN_EXE_krea-scan"));
    let mut script = std::process::Command::new("script");
    let output = script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(target_os = "linux")]
#[needs("script")]
#[test]
fn progress_is_shown_at_a_terminal_unless_it_is_unwanted() {
    let server = Server::replies(vec![
        ("/", Reply::file("/", "<script src=/slow.js></script>")),
        ("/slow.js", Reply::Slow),
    ]);
    let args = format!("--allow-private --timeout 2s --url {}", server.url("/"));
    let shown = at_a_terminal(&args);
    assert!(shown.contains("1 resources, "), "{shown:?}");
    for unwanted in ["-q", "--no-progress"] {
        let shown = at_a_terminal(&format!("{args} {unwanted}"));
        assert!(!shown.contains("resources, "), "{unwanted}: {shown:?}");
    }
}
