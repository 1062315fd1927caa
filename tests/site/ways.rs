//! Every way from a page to a resource.

use crate::server::{Reply, Server};
use crate::support::program::token;
use crate::{leak, paths, scan, scan_at};

/// Reads a site of a page and files, and gives the paths that give a token away. `LEAK` in a file is a token.
#[track_caller]
fn found(page: &str, files: &[(&str, &str)]) -> Vec<String> {
    let mut replies = vec![("/", Reply::file("/", page.replace("LEAK", &leak(1))))];
    for (path, text) in files {
        replies.push((path, Reply::file(path, text.replace("LEAK", &leak(1)))));
    }
    let server = Server::replies(replies);
    let run = scan(&server, &[]).code(1);
    assert_eq!(run.incomplete(), "");
    paths(&run, &server)
}

#[test]
fn what_a_page_loads_is_read() {
    for page in [
        "<script src=/x.js></script>",
        "<script type=module src=x.js></script>",
        "<link rel=modulepreload href=/x.js>",
        "<link rel=preload as=script href=/x.js>",
        "<link rel=preload as=fetch href=/x.js>",
        "<link rel=prefetch href=/x.js>",
        "<script type=importmap>{\"imports\":{\"x\":\"/x.js\"}}</script>",
        "<script>import('/x.js')</script>",
        "<script>import './x.js'</script>",
        "<script>new Worker('/x.js')</script>",
        "<script>new SharedWorker(new URL(\"x.js\", document.baseURI))</script>",
        "<script>navigator.serviceWorker.register('/x.js')</script>",
        "<astro-island component-url=/x.js>",
        "<a href=/x.js>source</a>",
    ] {
        assert_eq!(found(page, &[("/x.js", "LEAK")]), ["/x.js"], "{page}");
    }
}

#[test]
fn what_scripts_name_is_read() {
    for (script, path) in [
        ("import('./y.js')", "/js/y.js"),
        ("import{a}from\"./y.js\"", "/js/y.js"),
        ("new Worker(new URL('y.js',import.meta.url))", "/js/y.js"),
        ("importScripts('y.js','./y.js')", "/js/y.js"),
        ("fetch('/config.json')", "/config.json"),
        ("fetch(`config/runtime-env.json`)", "/config/runtime-env.json"),
        ("axios.get('/api/config')", "/api/config"),
        ("load(\"/env.js\")", "/env.js"),
        ("d=[\"js/y.js\",\"js/y.css\"]", "/js/y.js"),
        ("r.u=e=>\"js/\"+e+\".\"+{12:\"ab\"}[e]+\".js\"", "/js/12.ab.js"),
        ("r.p=\"\",r.u=e=>e+\".chunk.js\",r.e(77)", "/js/77.chunk.js"),
        ("//# sourceMappingURL=a.js.map", "/js/a.js.map"),
        ("//@ sourceMappingURL=/maps/a.map", "/maps/a.map"),
        ("nothing", "/js/a.js.map"),
    ] {
        let files = [("/js/a.js", script), (path, "LEAK")];
        assert_eq!(found("<script src=/js/a.js></script>", &files), [path], "{script}");
    }
}

#[test]
fn chains_of_files_are_read_to_their_end() {
    let files = [
        ("/a.js", "import('./b/b.js')"),
        ("/b/b.js", "import('../c.js')"),
        ("/c.js", "import('./a.js');new Worker(new URL('d.mjs',import.meta.url))"),
        ("/d.mjs", "fetch('/e.json')"),
        ("/e.json", "{\"next\":\"./f.json\"}"),
        ("/f.json", "LEAK"),
    ];
    assert_eq!(found("<script src=a.js></script>", &files), ["/f.json"]);
}

#[test]
fn stylesheets_and_their_maps_are_read() {
    let files = [
        ("/a.css", "@import 'b.css';"),
        ("/b.css", "@import url(\"c.css\") screen;"),
        ("/c.css", "/*# sourceMappingURL=c.css.map */"),
        ("/c.css.map", "LEAK"),
    ];
    assert_eq!(found("<link rel=stylesheet href=a.css>", &files), ["/c.css.map"]);
}

#[test]
fn the_page_itself_is_read_as_text() {
    for page in [
        "<!-- LEAK -->",
        "<script>LEAK</script>",
        "<script type=application/json id=x>LEAK</script>",
        "<template>LEAK</template>",
    ] {
        assert_eq!(found(page, &[]), ["/"], "{page}");
    }
    let attribute = format!("<div data-krea-api-key='{}'></div>", token(1));
    assert_eq!(found(&attribute, &[]), ["/"]);
}

#[test]
fn a_map_that_the_head_names_is_read() {
    for header in ["SourceMap", "X-SourceMap"] {
        let server = Server::replies(vec![
            ("/", Reply::file("/", "<script src=/js/a.js></script>")),
            ("/js/a.js", Reply::file("/a.js", "a()").with(header, "../maps/a.map")),
            ("/maps/a.map", Reply::file("/a.map", leak(1))),
        ]);
        let run = scan(&server, &[]).code(1);
        assert_eq!(paths(&run, &server), ["/maps/a.map"], "{header}");
    }
}

#[test]
fn pages_are_read_as_deep_as_asked() {
    let server = Server::with(&[
        ("/", "<a href=/1>1</a><iframe src=/frame></iframe>"),
        ("/frame", &leak(2)),
        ("/1", &format!("<a href='2'>2</a><script>{}</script>", leak(1))),
        ("/2", &format!("<a href='/3?a=b#c'>3</a><script src=/2.js></script>{}", leak(1))),
        ("/2.js", &leak(1)),
        ("/3", &leak(1)),
    ]);
    let at = |depth: &str| paths(&scan(&server, &["--url-depth", depth]).code(1), &server);
    assert_eq!(at("0"), ["/frame"]);
    assert_eq!(at("1"), ["/1", "/frame"]);
    assert_eq!(at("2"), ["/1", "/2", "/2.js", "/frame"]);
    assert_eq!(at("9"), ["/1", "/2", "/2.js", "/3?a=b", "/frame"]);
    assert_eq!(paths(&scan(&server, &[]).code(1), &server), at("1"), "the default is 1");
}

#[test]
fn relative_addresses_start_at_the_base() {
    let server = Server::with(&[
        ("/app/", "<base href=/static/><script src=a.js></script>"),
        ("/static/a.js", &leak(1)),
    ]);
    let run = scan_at(&server.url("/app/"), &[]).code(1);
    assert_eq!(paths(&run, &server), ["/static/a.js"]);
}

#[test]
fn what_a_head_holds_is_found_and_named() {
    let server = Server::replies(vec![
        ("/", Reply::redirect("/home").with("Set-Cookie", format!("krea_api_key={}; Path=/", token(1)))),
        (
            "/home",
            Reply::file("/", "<script src=/a.js></script>")
                .with("X-Krea-Authorization", format!("Bearer {}", token(2))),
        ),
        ("/a.js", Reply::file("/a.js", "1").with("Link", format!("</x>; krea_token=\"{}\"", token(1)))),
    ]);
    let run = scan(&server, &[]).code(1);
    let found: Vec<String> = run
        .findings()
        .iter()
        .map(|finding| {
            let (layer, path) = (&finding["layers"][0], finding["location"]["path"].as_str().unwrap());
            assert_eq!(layer["kind"], "header");
            assert_eq!(
                (&layer["line"], &layer["column"]),
                (&finding["location"]["line"], &finding["location"]["column"])
            );
            format!("{} {}", path.strip_prefix(&server.url("")).unwrap(), layer["name"].as_str().unwrap())
        })
        .collect();
    assert_eq!(found, ["/ set-cookie", "/a.js link", "/home x-krea-authorization"]);
}

#[test]
fn every_copy_of_a_known_token_is_found() {
    let server = Server::with(&[
        ("/", "<script src=/a.js></script><script src=/b.js></script>"),
        ("/a.js", &leak(1)),
        ("/b.js", &format!("f('{}')", token(1))),
    ]);
    assert_eq!(paths(&scan(&server, &[]).code(1), &server), ["/a.js", "/b.js"]);
}

#[test]
fn archives_and_modules_on_a_site_are_seen_through() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("inner/app.js", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, leak(1).as_bytes()).unwrap();
    let archive = zip.finish().unwrap().into_inner();
    let server = Server::replies(vec![
        ("/", Reply::file("/", "<link rel=preload as=fetch href=/data.zip>")),
        ("/data.zip", Reply::file("/data.zip", archive)),
    ]);
    let finding = scan(&server, &[]).code(1).only();
    assert_eq!(finding["location"]["path"], server.url("/data.zip"));
    assert_eq!(finding["layers"][0]["name"], "inner/app.js");
}
