//! A site on loopback: answers by path, and remembers what it was asked.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a path answers.
#[derive(Clone)]
pub enum Reply {
    /// A whole answer.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// First one, then the other, for every later request.
    First(Box<Reply>, Box<Reply>),
    /// A head, then the same bytes for ever.
    Endless,
    /// Less than what its head promises.
    Truncated(Vec<u8>),
    /// A byte now and then.
    Slow,
    /// Nothing at all.
    Silent,
    /// No HTTP.
    Garbage,
}

impl Reply {
    /// 200 with a type that the name says.
    pub fn file(path: &str, body: impl AsRef<[u8]>) -> Reply {
        let name = path.split('?').next().unwrap();
        let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("js" | "mjs") => "text/javascript",
            Some("css") => "text/css",
            Some("json" | "map" | "webmanifest") => "application/json",
            Some("wasm") => "application/wasm",
            Some("zip") => "application/zip",
            Some("txt" | "env") => "text/plain",
            None if name.ends_with("/config") => "application/json",
            _ => "text/html; charset=utf-8",
        };
        Reply::Whole(200, vec![("Content-Type", kind.to_owned())], body.as_ref().to_vec())
    }

    /// A status with a page.
    pub fn status(status: u16) -> Reply {
        Reply::Whole(status, vec![("Content-Type", "text/html".to_owned())], b"<p>no".to_vec())
    }

    /// A redirect.
    pub fn redirect(to: impl Into<String>) -> Reply {
        Reply::Whole(302, vec![("Location", to.into())], Vec::new())
    }

    /// The same answer with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        if let Reply::Whole(_, headers, _) = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

/// What a site answers: by path with query, else by path, else 404.
pub type Routes = HashMap<String, Reply>;

/// A running site. It ends with the test's process.
pub struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
}

impl Asked {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl Server {
    /// A site with these files.
    pub fn with(files: &[(&str, &str)]) -> Server {
        Server::start(
            files.iter().map(|(path, body)| ((*path).to_owned(), Reply::file(path, body))).collect(),
        )
    }

    /// A site with these answers.
    pub fn replies(replies: Vec<(&str, Reply)>) -> Server {
        Server::start(replies.into_iter().map(|(path, reply)| (path.to_owned(), reply)).collect())
    }

    /// Starts a site.
    pub fn start(routes: Routes) -> Server {
        Server::start_with(move |_| routes)
    }

    /// Starts a site that knows its own port.
    pub fn start_with(routes: impl FnOnce(u16) -> Routes) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (routes, seen) = (Arc::new(Mutex::new(routes(port))), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (routes, seen) = (Arc::clone(&routes), Arc::clone(&seen));
                thread::spawn(move || serve(stream, &routes, &seen));
            }
        });
        Server { port, asked }
    }

    /// An address on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its address as a proxy.
    pub fn proxy(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All it was asked.
    pub fn requests(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The targets it was asked for, sorted.
    pub fn asked(&self) -> Vec<String> {
        let mut targets: Vec<String> = self.requests().into_iter().map(|asked| asked.target).collect();
        targets.sort();
        targets
    }

    /// How often it was asked for a target.
    pub fn times(&self, target: &str) -> usize {
        self.asked().iter().filter(|asked| *asked == target).count()
    }
}

fn serve(mut stream: TcpStream, routes: &Mutex<Routes>, seen: &Mutex<Vec<Asked>>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let asked = loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&bytes) {
            Ok(httparse::Status::Complete(_)) => {
                let header = |header: &httparse::Header| {
                    (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned())
                };
                break Asked {
                    method: request.method.unwrap().to_owned(),
                    target: request.path.unwrap().to_owned(),
                    headers: request.headers.iter().map(header).collect(),
                };
            }
            Ok(httparse::Status::Partial) => {}
            Err(_) => return,
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    };
    let path = asked.target.split('?').next().unwrap().to_owned();
    let reply = {
        let mut routes = routes.lock().unwrap();
        let key = if routes.contains_key(&asked.target) { asked.target.clone() } else { path };
        match routes.get(&key).cloned() {
            Some(Reply::First(first, then)) => {
                routes.insert(key, *then);
                *first
            }
            other => other.unwrap_or_else(|| Reply::status(404)),
        }
    };
    seen.lock().unwrap().push(asked);
    // A client that has had enough leaves.
    let _ = answer(&mut stream, reply);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read(&mut buffer);
}

fn answer(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nConnection: close\r\n";
    match reply {
        Reply::Whole(status, headers, body) => {
            let mut head =
                format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            stream.write_all(head.as_bytes())?;
            stream.write_all(b"\r\n")?;
            stream.write_all(&body)
        }
        Reply::First(..) => unreachable!("it was taken apart"),
        Reply::Endless => {
            stream.write_all(HEAD.as_bytes())?;
            stream.write_all(b"\r\n")?;
            loop {
                stream.write_all(&[b' '; 1 << 16])?;
            }
        }
        Reply::Truncated(body) => {
            stream.write_all(HEAD.as_bytes())?;
            stream.write_all(format!("Content-Length: {}\r\n\r\n", body.len() + 100).as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Slow => {
            stream.write_all(HEAD.as_bytes())?;
            stream.write_all(b"\r\n")?;
            loop {
                stream.write_all(b"x")?;
                thread::sleep(Duration::from_millis(50));
            }
        }
        Reply::Silent => {
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        Reply::Garbage => stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n"),
    }
}
