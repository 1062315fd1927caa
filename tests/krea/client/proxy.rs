//! Proxies: none unless asked for, and then the one that was.

use super::{assert_hidden, krea_at, quick, text, token};
use crate::support::child::in_child;
use crate::support::emulator::Emulator;
use krea_scan_service::krea::{Krea, Proxy, RequestOptions};
use krea_scan_token::Status;
use std::time::Duration;

/// Where the child finds the proxy that its environment names as well.
const PROXY: &str = "KREA_SCAN_TEST_PROXY";

/// Every way in which an environment names a proxy.
fn everywhere(proxy: &str) -> Vec<(&'static str, &str)> {
    let names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", PROXY];
    names.into_iter().map(|name| (name, proxy)).chain([("no_proxy", ""), ("NO_PROXY", "")]).collect()
}

/// A client for a host that is not there, and soon says so.
fn nowhere(proxy: Proxy) -> Krea {
    let options = RequestOptions { proxy, tries: 1, timeout: Duration::from_secs(3), ..quick() };
    krea_at("https://krea-scan.invalid", &options)
}

#[test]
fn the_environments_proxy_is_not_used_unless_asked() {
    let proxy = Emulator::start();
    if in_child(module_path!(), "the_environments_proxy_is_not_used_unless_asked", &everywhere(&proxy.api()))
    {
        let emulator = Emulator::start();
        emulator.issue(text(&token(1)), "x");
        let plain = krea_at(&emulator.api(), &quick()).liveness(&token(1));
        assert_eq!(plain.status, Status::Live, "{}", plain.reason);
        nowhere(Proxy::None).liveness(&token(1));
        // Plain HTTP stays on this machine.
        let asked = RequestOptions { proxy: Proxy::Environment, ..quick() };
        assert_eq!(krea_at(&emulator.api(), &asked).liveness(&token(1)).status, Status::Live);
        return;
    }
    assert_eq!(proxy.requests(), []);
}

#[test]
fn the_environments_proxy_is_used_when_asked() {
    let proxy = Emulator::start();
    if in_child(module_path!(), "the_environments_proxy_is_used_when_asked", &everywhere(&proxy.api())) {
        let answer = nowhere(Proxy::Environment).liveness(&token(1));
        assert_eq!(answer.status, Status::Unknown);
        assert!(answer.reason.starts_with("cannot connect: "), "{}", answer.reason);
        assert_hidden(&answer.reason, &token(1));
        return;
    }
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].target.as_str()),
        ("CONNECT", "krea-scan.invalid:443")
    );
    // The tunnel's other end is to see the token, the proxy is not.
    assert_eq!(requests[0].authorization(), None);
}

#[test]
fn a_named_proxy_is_used_and_only_that() {
    let proxy = Emulator::start();
    let other = Emulator::start();
    if in_child(
        module_path!(),
        "a_named_proxy_is_used_and_only_that",
        &[
            (PROXY, &proxy.api()),
            ("HTTPS_PROXY", &other.api()),
            ("ALL_PROXY", &other.api()),
            ("NO_PROXY", "*"),
        ],
    ) {
        let proxy = std::env::var(PROXY).unwrap();
        let with_user = proxy.replace("http://", "http://user:hidden@");
        let answer = nowhere(Proxy::Url(with_user)).liveness(&token(1));
        assert!(
            answer.reason.starts_with("cannot connect: ") && !answer.reason.contains("hidden"),
            "{}",
            answer.reason
        );
        // To this machine over plain HTTP: the proxy is here too, and sees the whole URL.
        let emulator = Emulator::start();
        let options = RequestOptions { proxy: Proxy::Url(proxy), ..quick() };
        krea_at(&emulator.api(), &options).liveness(&token(1));
        assert_eq!(emulator.requests(), []);
        return;
    }
    assert_eq!(other.requests(), []);
    let requests = proxy.requests();
    let asked: Vec<_> =
        requests.iter().map(|request| (request.method.as_str(), request.target.as_str())).collect();
    assert_eq!(asked[0], ("CONNECT", "krea-scan.invalid:443"));
    assert!(requests[0].header("proxy-authorization").unwrap().starts_with("Basic "));
    assert_eq!(requests[0].authorization(), None);
    for (_, target) in &asked[1..] {
        let path = target.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split_once('/'));
        assert!(path.is_some_and(|(_, path)| ["jobs?limit=1", "openapi.json"].contains(&path)), "{target}");
    }
    // It refuses whatever it is asked.
    assert_eq!(requests.len(), 1 + 4 + 1);
}
