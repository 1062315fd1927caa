//! A site is a stranger's input: it may be endless, a bomb, or a maze.

use crate::server::{Reply, Routes, Server};
use crate::{leak, paths, scan};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

#[test]
fn no_more_resources_are_read_than_asked() {
    let mut routes = Routes::new();
    let mut page = String::new();
    for n in 0..30 {
        write!(page, "<script src=/{n}.js></script>").unwrap();
        routes.insert(format!("/{n}.js"), Reply::file("/x.js", format!("/* {n} */")));
    }
    routes.insert("/".to_owned(), Reply::file("/", page));
    let site = Server::start(routes);
    let run = scan(&site, &["--url-limit", "10"]).code(2);
    assert_eq!(run.summary()["files"], 10);
    let incomplete = run.incomplete();
    assert!(incomplete.contains("/10.js") && incomplete.contains("--url-limit raises that"), "{incomplete}");
    let run = scan(&site, &[]).code(0);
    assert_eq!((run.summary()["files"].as_u64(), run.incomplete().as_str()), (Some(31), ""));
}

#[test]
fn what_is_named_is_read_before_what_is_guessed_and_files_before_pages() {
    let site = Server::with(&[
        ("/", "<a href=/p>p</a><script>x=['/guess.js']</script><script src=/a.js></script>"),
        ("/a.js", "1"),
        ("/p", "2"),
        ("/guess.js", &leak(1)),
    ]);
    let run = scan(&site, &["--url-limit", "2"]).code(1);
    assert_eq!(paths(&run, &site), ["/guess.js"], "guesses have a limit of their own");
    assert_eq!((site.times("/a.js"), site.times("/p")), (1, 0));
    assert!(run.incomplete().contains("/p"));
}

#[test]
fn an_endless_body_ends() {
    let site = Server::replies(vec![
        ("/", Reply::file("/", "<script src=/a.js></script><script src=/b.js></script>")),
        ("/a.js", Reply::Endless),
        ("/b.js", Reply::file("/b.js", leak(1))),
    ]);
    let run = scan(&site, &["--max-size", "1M"]).code(1);
    assert_eq!(paths(&run, &site), ["/b.js"]);
    assert!(run.incomplete().contains("/a.js: is larger than 1048576 bytes; what came before was read"));
    let run = scan(&site, &["--url-size", "3M"]);
    assert!(run.incomplete().contains("/a.js: the site is larger than --url-size"), "{}", run.incomplete());
    assert!(run.summary()["bytes"].as_u64() <= Some(3 << 20));
}

#[test]
fn a_bomb_is_cut_off_and_not_kept_in_memory() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let (zeros, start) = (vec![b' '; 1 << 20], leak(1));
    encoder.write_all(start.as_bytes()).unwrap();
    for _ in 0..400 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let mut replies = vec![(
        "/",
        Reply::file(
            "/",
            (0..6).fold(String::new(), |page, n| page + &format!("<script src=/{n}.js></script>")),
        ),
    )];
    for path in ["/0.js", "/1.js", "/2.js", "/3.js", "/4.js", "/5.js"] {
        replies.push((path, Reply::file(path, &bomb).with("Content-Encoding", "gzip")));
    }
    let site = Server::replies(replies);
    let sandbox = crate::support::Sandbox::empty();
    let mut command = sandbox.command("sh", sandbox.root());
    // In kilobytes: the addresses of the program's threads and libraries count as well.
    command.args([
        "-c",
        "ulimit -v 1000000; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_krea-scan"),
        "-f",
        "jsonl",
    ]);
    command.args(["--allow-private", "--url", &site.url("/")]);
    let run = crate::support::program::run(&mut command).code(1);
    assert_eq!(run.findings().len(), 6);
    assert_eq!(run.incomplete().matches("is larger than 67108864 bytes").count(), 6, "{}", run.incomplete());
}

#[test]
fn a_maze_ends() {
    // Every page leads to two new ones, and each of their scripts to a new one.
    let mut routes = Routes::new();
    for n in 0..400 {
        let (left, right) = (2 * n + 1, 2 * n + 2);
        let page = format!("<a href=/{left}>l</a><a href='/{right}?x=1'>r</a><script src=/s{n}.js></script>");
        routes.insert(format!("/{n}"), Reply::file("/", page));
        routes.insert(format!("/s{n}.js"), Reply::file("/s.js", format!("import('./s{}.js')", n + 1)));
    }
    routes.insert("/".to_owned(), routes["/0"].clone());
    let site = Server::start(routes);
    let run = scan(&site, &["--url-depth", "1000", "--url-limit", "60"]).code(2);
    assert_eq!(run.summary()["files"], 60);
    assert!(site.requests().len() < 200, "{}", site.requests().len());
}

#[test]
fn a_page_of_nothing_but_links_is_read_in_time() {
    let started = Instant::now();
    let scripts = (0..200_000).fold(String::new(), |mut page, n| {
        write!(page, "<script src=x{n}></script>").unwrap();
        page
    });
    let links = "<a href=x".repeat(500_000);
    let literals = "<script>x=[\"/a".to_owned() + &"\",\"/a".repeat(500_000) + "]</script>";
    for page in [scripts, links, literals, "<".repeat(5_000_000), "<script>`${".repeat(400_000)] {
        let site = Server::with(&[("/", &page)]);
        scan(&site, &["--url-limit", "3"]);
        assert!(site.requests().len() <= 8, "{}", site.requests().len());
    }
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn a_run_ends_in_time() {
    let page = (0..40).fold(String::new(), |page, n| page + &format!("<script src=/{n}.js></script>"));
    let mut routes: Routes = (0..40).map(|n| (format!("/{n}.js"), Reply::Slow)).collect();
    routes.insert("/".to_owned(), Reply::file("/", page));
    let site = Server::start(routes);
    let started = Instant::now();
    let run = scan(&site, &["--url-time", "2s"]).code(2);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert!(run.incomplete().contains("--url-time raises that"), "{}", run.incomplete());
}

#[test]
fn odd_heads_do_no_harm() {
    let huge = "x".repeat(300_000);
    let site = Server::replies(vec![
        (
            "/",
            Reply::file(
                "/",
                "<script src=/huge.js></script><script src=/a.js></script><script src=/b.js></script>",
            ),
        ),
        ("/huge.js", Reply::file("/x.js", "1").with("X-Huge", huge.clone() + &huge)),
        ("/a.js", Reply::file("/a.js", leak(1)).with("SourceMap", "http://[").with("X-Odd", "\u{fc}")),
        ("/b.js", Reply::redirect("http://[:::")),
    ]);
    let run = scan(&site, &[]).code(1);
    assert_eq!(paths(&run, &site), ["/a.js"]);
    let incomplete = run.incomplete();
    assert!(
        incomplete.contains("/huge.js: ") && incomplete.contains("/b.js: redirects to what"),
        "{incomplete}"
    );
}
