//! A server that sends exactly the bytes it is told, whatever it is asked.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What comes behind the bytes.
#[derive(Clone, Copy)]
pub enum Then {
    /// The end.
    Close,
    /// Nothing, with the connection open.
    Hang,
    /// A space every 50 ms.
    Drip,
}

/// Ends with the test's process.
pub struct Raw {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Raw {
    pub fn start(bytes: impl Into<Vec<u8>>, then: Then) -> Raw {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (bytes, count) = (Arc::new(bytes.into()), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let bytes = Arc::clone(&bytes);
                thread::spawn(move || serve(stream, &bytes, then));
            }
        });
        Raw { address, connections }
    }

    /// A JSON answer whose body is cut short after what is given.
    pub fn half(status: u16, body: &str, then: Then) -> Raw {
        let length = body.len() + 1000;
        Raw::start(format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}"), then)
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many there were.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, bytes: &[u8], then: Then) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => head.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    let mut sent = stream.write_all(bytes);
    let end = Instant::now() + Duration::from_secs(20);
    while !matches!(then, Then::Close) && sent.is_ok() && Instant::now() < end {
        thread::sleep(Duration::from_millis(50));
        if matches!(then, Then::Drip) {
            sent = stream.write_all(b" ");
        }
    }
}
