//! A browser, as far as a sign-in and the pretend page of API tokens need one: it opens an address, presses a button of
//! the page's form, and goes where that leads. Plain HTTP, without cookies.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    /// Where the browser is sent.
    pub location: Option<String>,
    pub text: String,
}

/// Opens an address.
#[track_caller]
pub fn open(address: &str) -> Page {
    send("GET", address, "").unwrap()
}

/// Presses a button of the page at the address: the names and values of its form.
#[track_caller]
pub fn press(address: &str, form: &str) -> Page {
    send("POST", address, form).unwrap()
}

/// Opens a sign-in page, presses a button of it, and goes where that leads: back to the client that waits for the
/// answer. Gives the page that the client shows.
#[track_caller]
pub fn sign_in(address: &str, form: &str) -> Page {
    try_sign_in(address, form).unwrap()
}

/// The same where the server or the client may be gone.
///
/// # Errors
/// One of them is.
#[track_caller]
pub fn try_sign_in(address: &str, form: &str) -> io::Result<Page> {
    let page = send("GET", address, "")?;
    assert_eq!(page.status, 200, "no sign-in page: {page:?}");
    let pressed = send("POST", address, form)?;
    send("GET", pressed.location.as_deref().unwrap_or_else(|| panic!("it leads nowhere: {pressed:?}")), "")
}

#[track_caller]
fn send(method: &str, address: &str, form: &str) -> io::Result<Page> {
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host)?;
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let length = form.len();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{form}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8(answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("location").then(|| value.to_owned())
    });
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status: {head}"));
    Ok(Page { status, location, text: text.to_owned() })
}
