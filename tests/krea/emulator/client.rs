//! A client that hides nothing: bytes out, bytes in until the connection ends.

use crate::support::emulator::Emulator;
use crate::support::tokens::{self, Alphabet};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any answer takes but those that never come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn of(bytes: &[u8]) -> Answer {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The body, which must be all that was promised, and JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("content-length").unwrap().parse(), Ok(self.body.len()));
        serde_json::from_str(&self.body).unwrap()
    }

    /// Holds the answer to be an error as Krea sends them.
    #[track_caller]
    pub fn is_error(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.json()["error"].is_string(), "{self:?}");
    }
}

pub fn connect(emulator: &Emulator) -> TcpStream {
    let stream = TcpStream::connect(emulator.api().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends bytes and reads to the end of the connection.
pub fn exchange(emulator: &Emulator, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = connect(emulator);
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// A request as a client writes it.
pub fn request(method: &str, target: &str, bearer: &str, body: Option<&str>) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: a-test\r\n");
    if !bearer.is_empty() {
        text += &format!("Authorization: Bearer {bearer}\r\n");
    }
    if let Some(body) = body {
        text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    text + "\r\n" + body.unwrap_or_default()
}

/// Sends a request and gives its answer.
#[track_caller]
pub fn ask(emulator: &Emulator, method: &str, target: &str, bearer: &str, body: Option<&str>) -> Answer {
    Answer::of(&exchange(emulator, request(method, target, bearer, body).as_bytes()).unwrap())
}

/// `GET /jobs` with a token.
#[track_caller]
pub fn jobs(emulator: &Emulator, query: &str, token: &str) -> Answer {
    ask(emulator, "GET", &format!("/jobs{query}"), token, None)
}

/// Calls the token API with its credential, at a path below its base.
#[track_caller]
pub fn token_api(emulator: &Emulator, method: &str, below: &str, body: Option<&str>) -> Answer {
    let base = emulator.token_api().replace(&emulator.api(), "");
    ask(emulator, method, &(base + below), Emulator::CREDENTIAL, body)
}

/// An emulator that knows one token.
pub fn with_token() -> (Emulator, String) {
    let emulator = Emulator::start();
    let token = tokens::pair(Alphabet::Base62, 1);
    emulator.issue(&token, "website production");
    (emulator, token)
}

/// The part before the colon.
pub fn id(token: &str) -> &str {
    token.split_once(':').unwrap().0
}
