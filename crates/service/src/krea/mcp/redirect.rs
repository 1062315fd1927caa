//! Where the browser comes back to after the sign-in: a listener on loopback, on a port that is free. Takes what any program
//! on this machine may send, gives the one address that carries this sign-in's `state`. Over SSH the browser cannot come
//! back; then a person pastes the address that it ended at.

use crate::krea::authority::Person;
use reqwest::Url;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, atomic::AtomicUsize};
use std::thread;
use std::time::{Duration, Instant};

const PATH: &str = "/callback";
/// How long a connection may take to say what it wants; browsers open some ahead and say nothing.
const PATIENCE: Duration = Duration::from_secs(5);
/// A longer request is none, in bytes.
const MAX_REQUEST: usize = 16 << 10;
/// Connections that are listened to at the same time.
const MAX_CONNECTIONS: usize = 64;
/// How often it is looked for a pasted address, and for the end of the run.
const GLANCE: Duration = Duration::from_millis(100);

const DONE: &str = "Signed in. You can close this page and go back to the terminal.";
const DECLINED: &str = "Not signed in. You can close this page and go back to the terminal.";
const OTHER: &str =
    "This is not the answer that krea-scan waits for. Sign in at the address that the terminal shows.";

/// Listens for the browser.
pub(super) struct Redirect {
    listener: TcpListener,
    address: String,
}

/// How the wait ended without a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoCode {
    /// The person, or the server, said no: its code of the error, as OAuth has them.
    Declined(String),
    /// The person rather does it by hand.
    ByHand,
    /// Nobody came back in time.
    Late,
    /// The run is to end.
    Stopped,
}

/// What an address is to this sign-in.
#[derive(Debug, PartialEq, Eq)]
enum Callback {
    Code(Url),
    Declined(String),
    Other,
}

impl Redirect {
    /// Takes a free port.
    pub fn listen() -> io::Result<Redirect> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        listener.set_nonblocking(true)?;
        Ok(Redirect { listener, address: format!("http://127.0.0.1:{port}{PATH}") })
    }

    /// What the authorization server is told to send the browser to.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits for the address with this `state`.
    pub fn wait(
        &self,
        state: &str,
        wait: Duration,
        person: &dyn Person,
        stop: Option<&AtomicBool>,
    ) -> Result<Url, NoCode> {
        let until = Instant::now() + wait;
        let (sender, arrived) = mpsc::channel();
        let open = Arc::new(AtomicUsize::new(0));
        loop {
            while let Ok((stream, _)) = self.listener.accept() {
                self.hear(stream, state, &sender, &open);
            }
            match arrived.recv_timeout(GLANCE) {
                Ok(callback) => match callback {
                    Callback::Code(url) => return Ok(url),
                    Callback::Declined(why) => return Err(NoCode::Declined(why)),
                    Callback::Other => {}
                },
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if let Some(line) = person.typed() {
                if line.trim().is_empty() {
                    return Err(NoCode::ByHand);
                }
                match Url::parse(line.trim()).map_or(Callback::Other, |url| judge(url, state)) {
                    Callback::Code(url) => return Ok(url),
                    Callback::Declined(why) => return Err(NoCode::Declined(why)),
                    Callback::Other => person.tell(
                        "  That is not the address that this sign-in ends at. Paste what the browser's address bar shows \
                         after you allowed it.",
                    ),
                }
            }
            if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(NoCode::Stopped);
            }
            if Instant::now() >= until {
                return Err(NoCode::Late);
            }
        }
    }

    /// Reads what a connection wants, and answers it, on a thread of its own: a silent one holds up no other.
    fn hear(&self, stream: TcpStream, state: &str, sender: &Sender<Callback>, open: &Arc<AtomicUsize>) {
        if open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let (base, state) = (self.address.clone(), state.to_owned());
        let (sender, open) = (sender.clone(), Arc::clone(open));
        thread::spawn(move || {
            let callback = answer(stream, &base, &state).unwrap_or(Callback::Other);
            // Whoever waits may have stopped.
            let _ = sender.send(callback);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

fn answer(mut stream: TcpStream, base: &str, state: &str) -> io::Result<Callback> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let until = Instant::now() + PATIENCE;
    let mut request = Vec::new();
    let mut chunk = [0; 2048];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut chunk)?;
        if read == 0 || request.len() + read > MAX_REQUEST || Instant::now() >= until {
            return Ok(Callback::Other);
        }
        request.extend_from_slice(&chunk[..read]);
    }
    let line = request.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let target = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let url = Url::parse(base).and_then(|base| base.join(target));
    // A target with a host of its own names another place.
    let here = url.ok().filter(|url| target.starts_with('/') && url.path() == PATH);
    let callback = here.map_or(Callback::Other, |url| judge(url, state));
    let (status, text) = match callback {
        Callback::Code(_) => ("200 OK", DONE),
        Callback::Declined(_) => ("200 OK", DECLINED),
        Callback::Other => ("404 Not Found", OTHER),
    };
    let page = format!("<!doctype html><meta charset=utf-8><title>krea-scan</title><p>{text}</p>\n");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // The browser may be gone; what it brought counts all the same.
    let _ = stream.write_all((head + &page).as_bytes());
    Ok(callback)
}

/// What an address is: one without this `state` is somebody else's.
fn judge(url: Url, state: &str) -> Callback {
    let of = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    if of("state").is_none_or(|given| given != state) {
        return Callback::Other;
    }
    match (of("code"), of("error")) {
        (_, Some(error)) => Callback::Declined(error),
        (Some(_), None) => Callback::Code(url),
        (None, None) => Callback::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[derive(Default)]
    struct Pastes(Cell<Option<String>>, Cell<usize>);

    impl Person for Pastes {
        fn tell(&self, _: &str) {
            self.1.set(self.1.get() + 1);
        }
        fn forget_typed(&self) {}
        fn open_in_browser(&self, _: &str) {}
        fn is_there(&self) -> bool {
            true
        }
        fn typed(&self) -> Option<String> {
            self.0.take()
        }
    }

    fn get(address: &str) -> String {
        let url = Url::parse(address).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
        let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        write!(stream, "GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn only_the_address_with_this_state_counts() {
        let redirect = Redirect::listen().unwrap();
        let address = redirect.address().to_owned();
        let silent =
            TcpStream::connect(("127.0.0.1", redirect.listener.local_addr().unwrap().port())).unwrap();
        let browser = thread::spawn(move || {
            assert!(get(&format!("{address}?code=c&state=other")).contains("404"));
            assert!(get(&format!("{address}?state=S")).contains("404"));
            assert!(get(&format!("{address}?code=c&state=S&iss=i")).contains(DONE));
        });
        let url = redirect.wait("S", PATIENCE, &Pastes::default(), None).unwrap();
        assert!(url.as_str().ends_with("/callback?code=c&state=S&iss=i"));
        browser.join().unwrap();
        drop(silent);
    }

    #[test]
    fn a_pasted_address_does_as_well() {
        let redirect = Redirect::listen().unwrap();
        let person =
            Pastes(Cell::new(Some(" http://127.0.0.1:1/callback?state=S&code=c\n".to_owned())), Cell::new(0));
        assert!(redirect.wait("S", PATIENCE, &person, None).is_ok());
        let person = Pastes(Cell::new(Some("code=c".to_owned())), Cell::new(0));
        assert_eq!(redirect.wait("S", 2 * GLANCE, &person, None), Err(NoCode::Late));
        assert_eq!(person.1.get(), 1);
        let person =
            Pastes(Cell::new(Some("http://x/?state=S&error=access_denied".to_owned())), Cell::new(0));
        assert_eq!(
            redirect.wait("S", PATIENCE, &person, None),
            Err(NoCode::Declined("access_denied".to_owned()))
        );
        let person = Pastes(Cell::new(Some("\n".to_owned())), Cell::new(0));
        assert_eq!(redirect.wait("S", PATIENCE, &person, None), Err(NoCode::ByHand));
        let stop = AtomicBool::new(true);
        assert_eq!(redirect.wait("S", PATIENCE, &Pastes::default(), Some(&stop)), Err(NoCode::Stopped));
    }
}
