//! HTTPS: with a certificate that the system trusts, with others, and without any trust at all. Where that trust comes
//! from differs between systems; this is Linux's.

use super::raw::{Raw, Then};
use super::{assert_hidden, krea_at, quick, text, token};
use crate::support::child::in_child;
use krea_scan_http::SetupError;
use krea_scan_service::krea::{ClientError, Host, Krea, Liveness};
use krea_scan_token::Status;
use rcgen::CertifiedKey;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

const NO_FILE: &str = "/nonexistent/certificates";

/// A server for one name; what it was asked is kept.
struct Tls {
    port: u16,
    certificate: String,
    asked: Arc<Mutex<String>>,
}

/// Refuses every token of whoever trusts it, and has nothing else.
fn start(name: &str) -> Tls {
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(String::new()));
    let (config, heard) = (Arc::new(config), Arc::clone(&asked));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            let mut buffer = [0; 4096];
            // One read is enough for a request of this size; an error is a client that does not trust us.
            let Ok(read) = tls.read(&mut buffer) else { continue };
            let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
            *heard.lock().unwrap() += &request;
            let status = if request.starts_with("GET /jobs") { 401 } else { 404 };
            let body = "{\"error\":\"x\"}";
            let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}", body.len());
            let _ = tls.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
    });
    let der = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, cert.der());
    let certificate = format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n");
    Tls { port, certificate, asked }
}

fn liveness(port: u16) -> Liveness {
    krea_at(&format!("https://localhost:{port}"), &quick()).liveness(&token(1))
}

/// Runs the test of this name in a process that trusts one certificate, and gives it the server's port.
fn trusting(test: &str, server: &Tls) -> Option<u16> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trusted.pem");
    std::fs::write(&file, &server.certificate).unwrap();
    let port = server.port.to_string();
    let variables = [("SSL_CERT_FILE", file.to_str().unwrap()), ("KREA_SCAN_TEST_PORT", &port)];
    in_child(module_path!(), test, &variables)
        .then(|| std::env::var("KREA_SCAN_TEST_PORT").unwrap().parse().unwrap())
}

#[test]
fn a_trusted_host_is_asked() {
    let server = start("localhost");
    if let Some(port) = trusting("a_trusted_host_is_asked", &server) {
        let dead = Liveness { status: Status::Dead, reason: "answered 401 4 times".to_owned() };
        assert_eq!(liveness(port), dead);
        return;
    }
    let asked = server.asked.lock().unwrap();
    assert!(asked.contains(&format!("Bearer {}", text(&token(1)))), "the parent's server was asked");
}

#[test]
fn a_certificate_for_another_name_is_not_trusted() {
    let server = start("other.example");
    if let Some(port) = trusting("a_certificate_for_another_name_is_not_trusted", &server) {
        let answer = liveness(port);
        assert_eq!(answer.status, Status::Unknown);
        assert!(answer.reason.contains("certificate"), "{}", answer.reason);
        return;
    }
    assert_eq!(*server.asked.lock().unwrap(), "");
}

#[test]
fn a_host_that_nobody_vouches_for_is_not_asked() {
    let server = start("localhost");
    let answer = liveness(server.port);
    assert_eq!(answer.status, Status::Unknown);
    assert!(answer.reason.starts_with("cannot connect: invalid peer certificate"), "{}", answer.reason);
    assert_hidden(&answer.reason, &token(1));
    assert_eq!(*server.asked.lock().unwrap(), "");
}

#[test]
fn plain_http_behind_https_is_unknown() {
    let raw = Raw::start("HTTP/1.1 401 X\r\nContent-Length: 2\r\n\r\n{}", Then::Close);
    let answer = krea_at(&raw.base().replace("http:", "https:"), &quick()).liveness(&token(1));
    assert_eq!(answer.status, Status::Unknown);
    assert!(answer.reason.contains("connect"), "{}", answer.reason);
}

#[test]
fn without_certificates_the_error_says_what_to_install() {
    let variables = [("SSL_CERT_FILE", NO_FILE), ("SSL_CERT_DIR", NO_FILE)];
    if in_child(module_path!(), "without_certificates_the_error_says_what_to_install", &variables) {
        let refused = Krea::new(Host::parse(Host::KREA).unwrap(), &quick()).err().unwrap();
        assert!(matches!(refused, ClientError::Setup(SetupError::NoCertificates)), "{refused}");
        let words = refused.to_string();
        assert!(words.contains("`ca-certificates`") && words.contains("SSL_CERT_FILE"), "{words}");
        // Plain HTTP to this machine needs none.
        assert!(Krea::new(Host::parse("http://127.0.0.1:1").unwrap(), &quick()).is_ok());
    }
}
