//! Which hosts are asked, and what they are asked for: never a token, never Krea's API, never a private address unless
//! that is allowed.

use crate::server::{Reply, Routes, Server};
use crate::support::Sandbox;
use crate::support::program::token;
use crate::{leak, paths, scan, scan_at};

/// A server that is a proxy for every host: its routes are whole addresses.
fn internet(replies: Vec<(&str, Reply)>) -> Server {
    Server::replies(replies)
}

#[test]
fn files_are_read_from_hosts_that_the_page_loads_from_and_pages_are_not() {
    let cdn = Server::with(&[
        ("/a.js", &format!("import('./b.js');import('/page.html');{}", leak(1))),
        ("/b.js", &leak(1)),
        ("/b.js.map", &leak(1)),
        ("/page", &leak(1)),
        ("/never.js", &leak(1)),
    ]);
    let other = Server::with(&[("/a.js", &leak(1)), ("/page", &leak(1)), ("/frame", &leak(1))]);
    let (on_cdn, elsewhere) = (|path: &str| cdn.url(path), |path: &str| other.url(path));
    let page = format!(
        "<script src={}></script><a href={}>a</a><a href={}>b</a><iframe src={}></iframe>\
         <script>x='{}';import('{}')</script>",
        on_cdn("/a.js"),
        on_cdn("/page"),
        elsewhere("/page"),
        elsewhere("/frame"),
        elsewhere("/a.js"),
        elsewhere("/a.js"),
    );
    let site = Server::with(&[("/", &page)]);
    let run = scan(&site, &["-v"]).code(1);
    assert_eq!(run.places(), [cdn.url("/a.js"), cdn.url("/b.js"), cdn.url("/b.js.map")]);
    assert_eq!(other.asked(), [""; 0], "no page loads from there");
    assert_eq!((cdn.times("/page"), cdn.times("/never.js")), (0, 0));
    assert_eq!(run.summary()["files"], 4);
}

#[test]
fn no_request_carries_a_token() {
    let pair = token(1);
    let (id, secret) = pair.split_once(':').unwrap();
    let encoded = pair.replace(':', "%3A");
    let opaque = "b7Kq2ZpX9vLm4TnRw8sYcJd3";
    let page = format!(
        "<a href='/p?key={pair}'>1</a><a href='/p?x={encoded}'>2</a><a href='/p?id={id}&v={secret}'>3</a>\
         <script src='/a.js?{pair}'></script><script src='/a/{encoded}.js'></script>\
         <script>{leak}fetch('/config.json?k={pair}');fetch('/config.json?api_key={opaque}');\
         fetch('https://api.krea.ai/jobs.json');fetch('/ok.json?v=3f2a9c1d8e7b6a5f3f2a9c1d8e7b6a5f')</script>\
         <script src=https://api.krea.ai/sdk.js></script><iframe src='/f/{pair}'></iframe>",
        leak = leak(1),
    );
    let moved = Reply::redirect(format!("/moved.js?token={pair}"));
    let site = Server::replies(vec![
        ("/", Reply::file("/", page + "<script src=/moves.js></script>")),
        ("/moves.js", moved),
        ("/ok.json", Reply::file("/ok.json", "{}")),
    ]);
    let run = scan(&site, &[]).code(1);
    for request in site.requests() {
        let all = format!("{request:?}");
        assert!(!all.contains(&pair) && !all.contains(secret) && !all.contains(&encoded), "a token was sent");
        assert!(!all.contains(opaque), "a credential was sent");
    }
    assert_eq!(site.asked(), ["/", "/moves.js", "/ok.json?v=3f2a9c1d8e7b6a5f3f2a9c1d8e7b6a5f"]);
    run.says(&["redirects to an address that holds a token"]);
}

#[test]
fn a_token_in_the_given_address_is_not_sent_either() {
    let site = Server::with(&[("/", "hello")]);
    let run = scan_at(&site.url(&format!("/?krea_key={}", token(1))), &[]).code(2);
    run.says(&["none is ever sent anywhere"]);
    assert_eq!(site.asked(), [""; 0]);
    // The user and password are not repeated.
    let run = Sandbox::empty().scan(&["--url", "https://hidden:hidden@a.example/"]).code(2);
    assert!(!run.stderr.contains("hidden"));
    run.says(&["--url: a user or password does not belong into the URL"]);
}

#[test]
fn requests_say_who_asks_and_carry_nothing_else() {
    let site = Server::replies(vec![
        ("/", Reply::file("/", "<script src=/a.js></script><a href=/b>b</a>").with("Set-Cookie", "a=b")),
        ("/a.js", Reply::file("/a.js", "1").with("Set-Cookie", "c=d")),
        ("/b", Reply::file("/b", "b")),
    ]);
    scan(&site, &[]).code(0);
    assert_eq!(site.asked(), ["/", "/a.js", "/a.js.map", "/b"]);
    for request in site.requests() {
        assert_eq!(request.method, "GET");
        assert_eq!(request.header("user-agent"), Some(concat!("krea-scan/", env!("CARGO_PKG_VERSION"))));
        let mut names: Vec<String> =
            request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
    }
}

#[test]
fn private_addresses_need_permission() {
    let site = Server::with(&[("/", &leak(1))]);
    let run = Sandbox::empty().scan(&["--url", &site.url("/")]).code(2);
    run.says(&["leads to the private address 127.0.0.1", "--allow-private"]);
    let run = Sandbox::empty().scan(&["--url", &site.url("/").replace("127.0.0.1", "localhost")]).code(2);
    run.says(&["--allow-private"]);
    assert_eq!(site.asked(), [""; 0]);
    let run = scan_at(&site.url("/").replace("127.0.0.1", "localhost"), &[]).code(1);
    assert!(run.places()[0].starts_with("http://localhost:"));
}

#[test]
fn a_public_site_leads_nowhere_private() {
    let inside = Server::with(&[("/", &leak(1)), ("/a.js", &leak(1))]);
    let page = format!(
        "<script src={0}></script><script src=http://169.254.169.254/latest.js></script>\
         <script src=http://[::ffff:10.0.0.1]/a.js></script><script src=http://0x7f.1/a.js></script>\
         <script src=/moves.js></script><script src=/scheme.js></script><script src=/file.js></script>\
         <a href=/gone>x</a>",
        inside.url("/a.js")
    );
    let proxy = internet(vec![
        ("http://a.example/", Reply::file("/", page)),
        ("http://a.example/moves.js", Reply::redirect(inside.url("/a.js"))),
        ("http://a.example/scheme.js", Reply::redirect("ftp://a.example/a.js")),
        ("http://a.example/file.js", Reply::redirect("file:///etc/passwd")),
        ("http://a.example/gone", Reply::redirect(inside.url("/"))),
        ("http://b.example/", Reply::redirect("http://192.168.1.1/")),
    ]);
    let with = |url: &str| Sandbox::empty().jsonl(&["--url", url, "--proxy", &proxy.proxy()]);
    let run = with("http://a.example/").code(2);
    let incomplete = run.incomplete();
    for private in ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"] {
        assert!(incomplete.contains(&format!("leads to the private address {private}")), "{incomplete}");
    }
    for odd in ["scheme.js", "file.js"] {
        assert!(
            incomplete.contains(&format!("{odd}: redirects to what is no address of HTTP")),
            "{incomplete}"
        );
    }
    assert_eq!(inside.asked(), [""; 0]);
    assert!(
        proxy.asked().iter().all(|target| target.starts_with("http://a.example/")),
        "{:?}",
        proxy.asked()
    );
    with("http://b.example/").code(2).says(&["leads to the private address 192.168.1.1"]);
    with("http://10.1.2.3/").code(2).says(&["leads to the private address 10.1.2.3"]);
}

#[test]
fn the_environments_proxy_is_used_when_asked() {
    let proxy = internet(vec![("http://a.example/", Reply::file("/", leak(1)))]);
    let run = |word: &[&str]| {
        let sandbox = Sandbox::empty();
        let mut command = sandbox.scanner(sandbox.root());
        command.env("http_proxy", proxy.proxy()).env("HTTP_PROXY", proxy.proxy());
        command.args(["--url", "http://a.example/", "--timeout", "3s"]).args(word);
        crate::support::program::run(&mut command)
    };
    run(&[]).code(2);
    assert_eq!(proxy.asked(), [""; 0]);
    run(&["--proxy", "env"]).code(1);
    assert_eq!(proxy.times("http://a.example/"), 1);
}

#[test]
fn a_site_that_moves_is_read_where_it_went() {
    let new = Server::with(&[("/home", "<script src=a.js></script>"), ("/a.js", &leak(1))]);
    let old = Server::replies(vec![("/", Reply::redirect(new.url("/home")))]);
    let run = Sandbox::empty().scan(&["-v", "--allow-private", "--url", &old.url("/")]).code(1);
    run.says(&[&format!("{} redirects to {}", old.url("/"), new.url("/home")), &new.url("/a.js")]);
}

#[test]
fn files_that_redirect_within_the_site_are_read_where_they_went() {
    let other = Server::with(&[("/a.js", &leak(1))]);
    let site = Server::replies(vec![
        (
            "/",
            Reply::file(
                "/",
                "<script src=/1.js></script><script src=/out.js></script><script src=/loop.js></script>",
            ),
        ),
        ("/1.js", Reply::redirect("/2.js")),
        ("/2.js", Reply::redirect("3.js#x")),
        ("/3.js", Reply::file("/3.js", leak(1))),
        ("/out.js", Reply::redirect(other.url("/a.js"))),
        ("/loop.js", Reply::redirect("/loop.js")),
    ]);
    let run = scan(&site, &[]).code(1);
    assert_eq!(paths(&run, &site), ["/3.js"]);
    let incomplete = run.incomplete();
    assert!(incomplete.contains("/out.js: redirects to http://127.0.0.1:"), "{incomplete}");
    assert!(incomplete.contains("which is not the site's"), "{incomplete}");
    assert!(incomplete.contains("/loop.js: redirects more than 5 times"), "{incomplete}");
    assert_eq!(site.times("/loop.js"), 6);
    assert_eq!(other.asked(), [""; 0]);
}

#[test]
fn the_configured_api_is_asked_for_nothing() {
    let api = Server::with(&[("/sdk.js", &leak(1))]);
    let site = Server::with(&[("/", &format!("<script src={}></script>{}", api.url("/sdk.js"), leak(1)))]);
    let sandbox = Sandbox::empty();
    sandbox.write("mine.toml", format!("api = '{}'\n", api.url("")));
    let run = sandbox.jsonl(&["--url", &site.url("/"), "--allow-private", "--config", "mine.toml"]).code(1);
    assert_eq!(run.places(), [site.url("/")]);
    let run = sandbox.jsonl(&["--url", &api.url("/"), "--allow-private", "--config", "mine.toml"]).code(2);
    run.says(&["this is where Krea's API is"]);
    assert_eq!(api.asked(), [""; 0]);
}

#[test]
fn several_sites_are_read_one_after_the_other() {
    let (one, two) = (Server::with(&[("/", &leak(1))]), Server::with(&[("/", &leak(2))]));
    let gone = Server::start(Routes::new());
    let args = |urls: &[String]| {
        let urls = urls.iter().flat_map(|url| ["--url".to_owned(), url.clone()]);
        urls.chain(["--allow-private".to_owned()]).collect::<Vec<_>>()
    };
    let run = Sandbox::empty().jsonl(&args(&[one.url("/"), gone.url("/"), two.url("/")])).code(1);
    let mut places = vec![one.url("/"), two.url("/")];
    places.sort();
    assert_eq!(run.places(), places);
    assert!(run.incomplete().contains("answered 404"));
    Sandbox::empty().jsonl(&args(&[gone.url("/"), gone.url("/x")])).code(2).says(&["answered 404"]);
}
