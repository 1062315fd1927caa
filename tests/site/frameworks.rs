//! Pages and scripts as frameworks write them: each file that a build has is asked for.

use crate::server::{Reply, Routes, Server};
use crate::{leak, scan};

/// Reads a site of these files, and checks that each of them was asked for.
#[track_caller]
fn all_are_asked_for(files: &[(&str, String)]) {
    let routes: Routes =
        files.iter().map(|(path, body)| ((*path).to_owned(), Reply::file(path, body))).collect();
    let server = Server::start(routes);
    let run = scan(&server, &[]);
    assert_eq!(run.incomplete(), "");
    let missed: Vec<&str> =
        files.iter().map(|(path, _)| *path).filter(|path| server.times(path) == 0).collect();
    assert_eq!(missed, [""; 0], "of {:?}", server.asked());
}

#[test]
fn next_pages_router() {
    let page = r#"<!DOCTYPE html><html><head><script defer nomodule="" src="/_next/static/chunks/polyfills-1.js"></script>
<script src="/_next/static/chunks/webpack-2.js" defer=""></script><script src="/_next/static/chunks/main-3.js" defer=""></script>
<script src="/_next/static/chunks/pages/index-4.js" defer=""></script>
<script src="/_next/static/B1/_buildManifest.js" defer=""></script><script src="/_next/static/B1/_ssgManifest.js" defer=""></script></head>
<body><div id="__next"></div><script id="__NEXT_DATA__" type="application/json">{"props":{"pageProps":{}},"page":"/","query":{},"buildId":"B1","gssp":true}</script></body></html>"#;
    let manifest = r#"self.__BUILD_MANIFEST=function(s,e){return{__rewrites:{},"/":[s,"static/chunks/pages/index-4.js"],"/shop/[slug]":[e,"static/chunks/pages/shop/[slug]-5.js"],sortedPages:["/","/shop/[slug]"]}}("static/chunks/6-a.js","static/css/7.css"),self.__BUILD_MANIFEST_CB&&self.__BUILD_MANIFEST_CB();"#;
    let runtime = r#"a.u=e=>"static/chunks/"+(({8:"home"})[e]||e)+"."+({8:"b8",9:"b9"})[e]+".js",a.miniCssF=e=>"static/css/"+({10:"c10"})[e]+".css",a.p="/_next/""#;
    all_are_asked_for(&[
        ("/", page.into()),
        ("/_next/static/B1/_buildManifest.js", manifest.into()),
        ("/_next/static/chunks/webpack-2.js", runtime.into()),
        ("/_next/static/chunks/main-3.js", "3".into()),
        ("/_next/static/chunks/pages/index-4.js", "4\n//# sourceMappingURL=index-4.js.map".into()),
        ("/_next/static/chunks/pages/index-4.js.map", "{}".into()),
        ("/_next/static/chunks/pages/shop/[slug]-5.js", "5".into()),
        ("/_next/static/chunks/6-a.js", "6".into()),
        ("/_next/static/css/7.css", "7".into()),
        ("/_next/static/chunks/home.b8.js", "8".into()),
        ("/_next/static/chunks/9.b9.js", leak(1)),
        ("/_next/static/css/c10.css", "10".into()),
        ("/_next/data/B1/index.json", "{}".into()),
    ]);
}

#[test]
fn next_app_router() {
    let page = r#"<!DOCTYPE html><html><head><link rel="preload" as="script" fetchPriority="low" href="/_next/static/chunks/webpack-1.js"/>
<script src="/_next/static/chunks/2-a.js" async=""></script></head><body>
<script>(self.__next_f=self.__next_f||[]).push([0])</script>
<script>self.__next_f.push([1,"2:I[123,[\"345\",\"static/chunks/345-b.js\",\"678\",\"static/chunks/app/(shop)/page-c.js\"],\"default\"]\n"])</script>
<script>self.__next_f.push([1,"3:HL[\"/_next/static/css/d.css\",\"style\"]\n"])</script></body></html>"#;
    all_are_asked_for(&[
        ("/", page.into()),
        ("/_next/static/chunks/webpack-1.js", "1".into()),
        ("/_next/static/chunks/2-a.js", "2".into()),
        ("/_next/static/chunks/345-b.js", "3".into()),
        ("/_next/static/chunks/app/(shop)/page-c.js", leak(1)),
        ("/_next/static/css/d.css", "4".into()),
    ]);
}

#[test]
fn vite() {
    let page = r#"<!doctype html><html><head><script type="module" crossorigin src="/assets/index-a.js"></script>
<link rel="modulepreload" crossorigin href="/assets/vendor-b.js"><link rel="stylesheet" crossorigin href="/assets/index-c.css"></head></html>"#;
    let index = r#"const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["assets/Shop-d.js","assets/shared-e.js","assets/Shop-f.css"])))=>i.map(i=>d[i]);
import{r as t}from"./vendor-b.js";const n=()=>s(()=>import("./Shop-d.js"),__vite__mapDeps([0,1,2]));new Worker(new URL("/assets/worker-g.js",import.meta.url),{type:"module"});
//# sourceMappingURL=index-a.js.map"#;
    all_are_asked_for(&[
        ("/", page.into()),
        ("/assets/index-a.js", index.into()),
        ("/assets/index-a.js.map", "{}".into()),
        ("/assets/vendor-b.js", "1".into()),
        ("/assets/index-c.css", "2".into()),
        ("/assets/Shop-d.js", leak(1)),
        ("/assets/shared-e.js", "3".into()),
        ("/assets/Shop-f.css", "4".into()),
        ("/assets/worker-g.js", "5".into()),
    ]);
}

#[test]
fn nuxt() {
    let page = r##"<!DOCTYPE html><html><head><link rel="modulepreload" as="script" crossorigin href="/_nuxt/a.js">
<link rel="preload" as="fetch" crossorigin="anonymous" href="/_payload.json?b1"><script type="module" src="/_nuxt/a.js" crossorigin></script>
<script type="importmap">{"imports":{"#entry":"/_nuxt/e.js"}}</script></head><body><div id="__nuxt"></div>
<script type="application/json" data-nuxt-data="nuxt-app" data-ssr="true" id="__NUXT_DATA__" data-src="/_payload.json?b1">[{"state":1}]</script>
<script>window.__NUXT__={};window.__NUXT__.config={public:{},app:{baseURL:"/",buildId:"b1",buildAssetsDir:"/_nuxt/"}}</script></body></html>"##;
    all_are_asked_for(&[
        ("/", page.into()),
        (
            "/_nuxt/a.js",
            r#"const p=()=>b(()=>import("./c.js"),__vite__mapDeps([0]));m.f=["./c.js","./d.css"]"#.into(),
        ),
        ("/_nuxt/c.js", leak(1)),
        ("/_nuxt/d.css", "1".into()),
        ("/_nuxt/e.js", "2".into()),
        ("/_payload.json?b1", "[]".into()),
    ]);
}

#[test]
fn sveltekit() {
    let page = r#"<!doctype html><html><head><link rel="modulepreload" href="./_app/immutable/entry/start.a.js"></head><body>
<script>{__sveltekit_1x={base:new URL(".",location).pathname.slice(0,-1)};const element=document.currentScript.parentElement;
Promise.all([import("./_app/immutable/entry/start.a.js"),import("./_app/immutable/entry/app.b.js")]).then(([kit,app])=>{kit.start(app,element)})}</script></body></html>"#;
    let app = r#"const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["../nodes/0.c.js","../chunks/d.js","../assets/e.css"])))=>i.map(i=>d[i]);
const n=[()=>r(()=>import("../nodes/0.c.js"),__vite__mapDeps([0,1,2]),import.meta.url)]"#;
    all_are_asked_for(&[
        ("/", page.into()),
        ("/_app/immutable/entry/start.a.js", r#"import{x}from"../chunks/d.js""#.into()),
        ("/_app/immutable/entry/app.b.js", app.into()),
        ("/_app/immutable/nodes/0.c.js", leak(1)),
        ("/_app/immutable/chunks/d.js", "1".into()),
        ("/_app/immutable/assets/e.css", "2".into()),
        ("/_app/env.js", "3".into()),
        ("/__data.json", "{}".into()),
    ]);
}

#[test]
fn remix() {
    let page = r#"<html><head><link rel="modulepreload" href="/assets/manifest-a.js"/><link rel="modulepreload" href="/assets/entry.client-b.js"/></head>
<body><script>window.__remixContext={"state":{}};</script><script type="module" async="">import "/assets/manifest-a.js";
import * as route0 from "/assets/root-c.js"; import("/assets/entry.client-b.js");</script></body></html>"#;
    let manifest = r#"window.__remixManifest={"entry":{"module":"/assets/entry.client-b.js","imports":["/assets/jsx-d.js"]},"routes":{"routes/shop":{"id":"routes/shop","module":"/assets/shop-e.js","css":["/assets/shop-f.css"]}}};"#;
    all_are_asked_for(&[
        ("/", page.into()),
        ("/assets/manifest-a.js", manifest.into()),
        ("/assets/entry.client-b.js", "1".into()),
        ("/assets/root-c.js", "2".into()),
        ("/assets/jsx-d.js", "3".into()),
        ("/assets/shop-e.js", leak(1)),
        ("/assets/shop-f.css", "4".into()),
    ]);
}

#[test]
fn create_react_app_with_a_service_worker() {
    let page = r#"<!doctype html><html><head><link rel="manifest" href="/manifest.json"/><script defer="defer" src="/static/js/main.a.js"></script></head></html>"#;
    let main = r#"r.u=e=>"static/js/"+e+"."+{453:"b",787:"c"}[e]+".chunk.js",r.p="/";fetch("/asset-manifest.json");
navigator.serviceWorker.register("/service-worker.js")"#;
    all_are_asked_for(&[
        ("/", page.into()),
        ("/manifest.json", "{}".into()),
        ("/static/js/main.a.js", main.into()),
        ("/static/js/453.b.chunk.js", "1".into()),
        ("/static/js/787.c.chunk.js", leak(1)),
        (
            "/asset-manifest.json",
            r#"{"files":{"main.js":"/static/js/main.a.js","old.js":"/static/js/old.d.js"}}"#.into(),
        ),
        ("/static/js/old.d.js", "2".into()),
        ("/service-worker.js", r#"importScripts("./workbox-e.js");p([{url:"env.js",revision:null}])"#.into()),
        ("/workbox-e.js", "3".into()),
    ]);
}
