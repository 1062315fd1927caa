//! What becomes of answers that are not what was hoped for.

use crate::server::{Reply, Server};
use crate::support::Sandbox;
use crate::{leak, paths, scan, scan_at};
use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

#[test]
fn a_first_page_that_cannot_be_read_ends_the_run() {
    let site = Server::replies(vec![
        ("/401", Reply::status(401)),
        ("/500", Reply::status(500)),
        ("/429", Reply::status(429).with("Retry-After", "3600")),
        ("/garbage", Reply::Garbage),
        ("/silent", Reply::Silent),
        ("/loop", Reply::redirect("/loop")),
        ("/odd", Reply::redirect("mailto:a@b.example")),
    ]);
    for (path, says) in [
        ("/404", "answered 404; check the address"),
        ("/401", "answered 401; krea-scan cannot log in"),
        ("/500", "answered 500"),
        ("/429", "answered 429; try again later"),
        ("/garbage", "the connection broke before an answer"),
        ("/silent", "timed out after 0.5 s"),
        ("/loop", "redirects more than 5 times"),
        ("/odd", "redirects to what is no address of HTTP"),
    ] {
        let run = scan_at(&site.url(path), &["--timeout", "500ms"]).code(2);
        run.says(&[&format!("cannot read {}: ", site.url(path)), says]);
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    scan_at(&format!("http://{closed}/"), &[]).code(2).says(&["cannot connect"]);
    scan_at("http://krea-scan.invalid/", &[]).code(2).says(&["cannot be looked up", "check the address"]);
    let site = Server::with(&[("/", "x")]);
    scan_at(&site.url("/").replace("http:", "https:"), &[]).code(2).says(&["cannot connect"]);
}

#[test]
fn what_is_no_site_is_refused() {
    for (url, says) in [
        ("app.example.com", "not a URL; write it as https://app.example.com"),
        ("ftp://a.example", "only http:// and https:// are read"),
        ("file:///etc/passwd", "only http:// and https:// are read"),
        ("localhost:3000", "only http:// and https:// are read"),
        ("", "not a URL"),
    ] {
        Sandbox::empty().scan(&["--url", url]).code(2).says(&["--url: ", says]);
    }
}

#[test]
fn what_is_named_and_not_there_is_no_gap() {
    let site = Server::with(&[
        ("/", "<script src=/a.js></script><script src=/gone.js></script><a href=/gone>x</a>"),
        ("/a.js", "fetch('/guess.json')\n//# sourceMappingURL=a.js.map"),
    ]);
    let run = Sandbox::empty().scan(&["-v", "--allow-private", "--url", &site.url("/")]).code(0);
    let gone = |path: &str| format!("{}: is named and not there", site.url(path));
    run.says(&[&gone("/gone.js"), &gone("/a.js.map"), &gone("/gone"), "robots.txt was not heeded"]);
}

#[test]
fn what_is_there_and_cannot_be_read_is_a_gap() {
    let site = Server::replies(vec![
        (
            "/",
            Reply::file(
                "/",
                "<script src=/500.js></script><script src=/403.js></script><script src=/cut.js></script>\
                 <script src=/slow.js></script><script src=/bad.js></script><script src=/odd.js></script>\
                 <a href=/login>log in</a><script src=/garbage.js></script>",
            ),
        ),
        ("/500.js", Reply::status(500)),
        ("/403.js", Reply::status(403)),
        ("/login", Reply::status(401)),
        ("/cut.js", Reply::Truncated(leak(1).into_bytes())),
        ("/slow.js", Reply::Slow),
        ("/garbage.js", Reply::Garbage),
        ("/bad.js", Reply::file("/bad.js", "no gzip").with("Content-Encoding", "gzip")),
        ("/odd.js", Reply::file("/odd.js", "x").with("Content-Encoding", "zip")),
    ]);
    let run = scan(&site, &["--timeout", "1s"]).code(1);
    assert_eq!(paths(&run, &site), ["/cut.js"], "what came of it was read");
    let incomplete = run.incomplete();
    for says in [
        "/500.js: answered 500",
        "/403.js: answered 403: it is not for everybody",
        "/login: answered 401: it is not for everybody",
        "/cut.js: broke off: ",
        "/slow.js: timed out after 1 s; what came before was read; --timeout raises that",
        "/bad.js: broke off: ",
        "/odd.js: is compressed in a way that is not known: zip",
        "/garbage.js: the connection broke before an answer",
    ] {
        assert!(incomplete.contains(says), "{says}: {incomplete}");
    }
    assert_eq!(incomplete.lines().count(), 8, "{incomplete}");
}

#[test]
fn a_gap_without_a_finding_is_no_all_clear() {
    let site = Server::replies(vec![
        ("/", Reply::file("/", "<script src=/a.js></script>")),
        ("/a.js", Reply::status(502)),
    ]);
    scan(&site, &[]).code(2);
}

#[test]
fn compressed_answers_are_read() {
    let body = leak(1).repeat(20).into_bytes();
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&body).unwrap();
        encoder.finish().unwrap()
    };
    let zlib = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&body).unwrap();
        encoder.finish().unwrap()
    };
    // One metablock that is stored as it is (RFC 7932, 9.2): a window of 16 bits, the length, the bytes, an empty last one.
    let brotli = {
        let length = body.len() - 1;
        assert!(length < 1 << 16);
        let header = (length as u32) << 4 | 1 << 20;
        let mut bytes = header.to_le_bytes()[..3].to_vec();
        bytes.extend_from_slice(&body);
        bytes.push(3);
        bytes
    };
    for (coding, body) in
        [("gzip", gzip), ("deflate", zlib), ("zstd", zstd::encode_all(&body[..], 1).unwrap()), ("br", brotli)]
    {
        let site = Server::replies(vec![
            ("/", Reply::file("/", "<script src=/a.js></script>")),
            ("/a.js", Reply::file("/a.js", body).with("Content-Encoding", coding)),
        ]);
        let run = scan(&site, &[]).code(1);
        assert_eq!(
            run.findings()[0]["location"]["path"],
            site.url("/a.js"),
            "{coding}: {}",
            run.incomplete()
        );
        assert_eq!(run.findings().len(), 20, "{coding}");
    }
}

#[test]
fn a_page_in_the_place_of_a_file_is_not_that_file() {
    let page = format!("<!doctype html><script src=/app.js></script>{}", leak(1));
    let everywhere = ["/", "/about", "/app.js.map", "/config.json", "/gone.js", "/a/b"];
    let mut replies: Vec<(&str, Reply)> = everywhere
        .iter()
        .map(|path| (*path, Reply::file("/", page.clone() + "<a href=/about>x</a><a href=/a/b>")))
        .collect();
    replies.push(("/app.js", Reply::file("/app.js", "fetch('/config.json');import('./gone.js')")));
    let site = Server::replies(replies);
    let run = scan(&site, &["--url-depth", "5"]).code(1);
    assert_eq!(paths(&run, &site), ["/"], "one page is one finding");
    assert_eq!(run.incomplete(), "");
    assert_eq!(run.summary()["files"], 2);
}

#[test]
fn a_server_that_asks_to_wait_is_waited_for() {
    let wait = |seconds: &str| Reply::status(429).with("Retry-After", seconds.to_owned());
    let then = |first: Reply, then: Reply| Reply::First(Box::new(first), Box::new(then));
    let site = Server::replies(vec![
        (
            "/",
            then(
                Reply::status(503).with("Retry-After", "1"),
                Reply::file("/", "<script src=/a.js></script><script src=/b.js></script>"),
            ),
        ),
        ("/a.js", then(wait("1"), Reply::file("/a.js", leak(1)))),
        ("/b.js", wait("86400")),
    ]);
    let started = Instant::now();
    let run = scan(&site, &[]).code(1);
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(paths(&run, &site), ["/a.js"]);
    assert_eq!(site.times("/b.js"), 1, "nobody waits for a day");
    assert!(run.incomplete().contains("/b.js: answered 429; try again later"));
}
