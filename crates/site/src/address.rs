//! Which addresses may be connected to. A page is a stranger's text and names whatever it likes: a name is looked up here,
//! and only what was checked is connected to, so that no answer that changes between two look-ups leads elsewhere.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Whether an address leads to this machine, to a network that is not the Internet, or to no single machine (IANA's
/// special-purpose address registries; addresses for documentation lead nowhere and are none of these).
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_private_v4(v4),
            None => is_private_v6(v6),
        },
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18)
        // Multicast, what is reserved, and broadcast.
        || a >= 224
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, ..] = address.segments();
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        // Unique local, link-local, and site-local, which is no longer used.
        || first & 0xfe00 == 0xfc00
        || first & 0xffc0 == 0xfe80
        || first & 0xffc0 == 0xfec0
        // NAT64 for local use, whose inner address may be anywhere in it (RFC 8215).
        || (first == 0x64 && second == 0xff9b && third == 1)
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, NAT64 (RFC 6052), 6to4, Teredo.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let at = |i: usize| {
        let [a, b] = segments[i].to_be_bytes();
        let [c, d] = segments[i + 1].to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] => Some(at(6)),
        [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(at(6)),
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => Some(at(6)),
        [0x2002, ..] => Some(at(1)),
        [0x2001, 0, ..] => Some(Ipv4Addr::from(!u32::from(at(6)))),
        _ => None,
    }
}

/// Why a host is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateAddress(pub IpAddr);

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leads to the private address {}; --allow-private reads it", self.0)
    }
}

impl Error for PrivateAddress {}

impl PrivateAddress {
    /// The private address that made a request fail.
    pub fn of(error: &(dyn Error + 'static)) -> Option<PrivateAddress> {
        let mut at = Some(error);
        while let Some(error) = at {
            if let Some(found) = error.downcast_ref::<PrivateAddress>() {
                return Some(*found);
            }
            at = error.source();
        }
        None
    }
}

/// Keeps what may be connected to of the addresses of a name.
///
/// # Errors
/// When nothing is left.
fn checked(addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, PrivateAddress> {
    let first = addresses.first().copied();
    let public: Vec<_> = addresses.into_iter().filter(|address| !is_private(address.ip())).collect();
    match first {
        Some(address) if public.is_empty() => Err(PrivateAddress(address.ip())),
        _ => Ok(public),
    }
}

/// Gives the addresses of a name.
type LookUp = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Looks names up for the client, and lets only those addresses through that may be connected to.
pub struct Gate {
    allow_private: bool,
    /// With a proxy, the client looks up the proxy's own name, which may lead anywhere; these may not.
    guarded: Option<Mutex<HashSet<String>>>,
    look_up: Arc<LookUp>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate that asks the system.
    pub fn new(allow_private: bool, has_proxy: bool) -> Self {
        let look_up = |name: &str| Ok((name, 0).to_socket_addrs()?.collect());
        Gate { allow_private, guarded: has_proxy.then(Mutex::default), look_up: Arc::new(look_up) }
    }

    /// Checks the host of a URL before it is asked for: addresses are written in URLs too, and no resolver sees those.
    ///
    /// # Errors
    /// When it must not be connected to.
    pub fn check(&self, host: url::Host<&str>) -> Result<(), PrivateAddress> {
        let address = match host {
            url::Host::Ipv4(address) => IpAddr::V4(address),
            url::Host::Ipv6(address) => IpAddr::V6(address),
            url::Host::Domain(name) => {
                if let Some(guarded) = &self.guarded {
                    guarded.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
                }
                // Through a proxy nobody here looks the name up.
                match is_localhost(name) {
                    true => IpAddr::V4(Ipv4Addr::LOCALHOST),
                    false => return Ok(()),
                }
            }
        };
        match is_private(address) && !self.allow_private {
            true => Err(PrivateAddress(address)),
            false => Ok(()),
        }
    }

    fn is_free(&self, name: &str) -> bool {
        let guards = |guarded: &Mutex<HashSet<String>>| {
            guarded.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
        };
        self.allow_private || self.guarded.as_ref().is_some_and(|guarded| !guards(guarded))
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost")
        || name.len() > 10 && name[name.len() - 10..].eq_ignore_ascii_case(".localhost")
}

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let (name, is_free) = (name.as_str().to_owned(), self.is_free(name.as_str()));
        let (look_up, answer) = (Arc::clone(&self.look_up), Arc::new(Mutex::new(LookupAnswer::default())));
        let given = Arc::clone(&answer);
        // The system's resolver blocks; the client's own thread must not wait for it.
        std::thread::spawn(move || {
            let found = look_up(&name).map_err(Into::into).and_then(|found| match is_free {
                true => Ok(found),
                false => checked(found).map_err(Into::into),
            });
            let mut answer = given.lock().unwrap_or_else(PoisonError::into_inner);
            answer.found = Some(found.map(|found| Box::new(found.into_iter()) as Addrs));
            if let Some(waker) = answer.waker.take() {
                waker.wake();
            }
        });
        Box::pin(Waiting(answer))
    }
}

/// What a look-up came to, once it has.
#[derive(Default)]
struct LookupAnswer {
    found: Option<Result<Addrs, Box<dyn Error + Send + Sync>>>,
    waker: Option<Waker>,
}

/// Waits for the thread that looks up.
struct Waiting(Arc<Mutex<LookupAnswer>>);

impl Future for Waiting {
    type Output = Result<Addrs, Box<dyn Error + Send + Sync>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut answer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answer.found.take() {
            Some(found) => Poll::Ready(found),
            None => {
                answer.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_in_every_form() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.8.8.8",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "::ffff:0:127.0.0.1",
            "2001:0:1:2:3:4:80ff:fffe",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::",
            "192.0.2.1",
            "2001:db8::1",
        ] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }

    /// A gate whose names lead to these addresses, one list after the other.
    fn gate(has_proxy: bool, answers: &[&[&str]]) -> Gate {
        let answers: Vec<Vec<SocketAddr>> = answers
            .iter()
            .map(|list| list.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect())
            .collect();
        let left = Mutex::new(answers.into_iter());
        let look_up = move |_: &str| Ok(left.lock().unwrap().next().expect("one look-up more than expected"));
        Gate { look_up: Arc::new(look_up), ..Gate::new(false, has_proxy) }
    }

    /// Looks a name up as the client does.
    fn resolve(gate: &Gate, name: &str) -> Result<Vec<IpAddr>, String> {
        let mut waiting = gate.resolve(name.parse().unwrap());
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match waiting.as_mut().poll(&mut context) {
                Poll::Ready(Ok(found)) => return Ok(found.map(|address| address.ip()).collect()),
                Poll::Ready(Err(error)) => return Err(error.to_string()),
                Poll::Pending => std::thread::yield_now(),
            }
        }
    }

    #[test]
    fn a_name_that_changes_its_mind_is_not_followed() {
        let gate = gate(false, &[&["1.1.1.1"], &["127.0.0.1"], &["10.0.0.1", "1.1.1.1", "::1"]]);
        assert_eq!(resolve(&gate, "a.example"), Ok(vec!["1.1.1.1".parse().unwrap()]));
        let refused = resolve(&gate, "a.example").unwrap_err();
        assert_eq!(refused, "leads to the private address 127.0.0.1; --allow-private reads it");
        assert_eq!(resolve(&gate, "a.example"), Ok(vec!["1.1.1.1".parse().unwrap()]), "the public one alone");
    }

    #[test]
    fn a_proxys_own_name_may_lead_anywhere_and_the_sites_may_not() {
        let gate = gate(true, &[&["10.0.0.1"], &["10.0.0.1"]]);
        assert!(gate.check(url::Host::Domain("a.example")).is_ok());
        assert!(resolve(&gate, "proxy.example").is_ok());
        assert!(resolve(&gate, "a.example").is_err());
    }

    #[test]
    fn hosts_in_urls_are_checked_as_the_url_reads_them() {
        let check = |gate: &Gate, text: &str| gate.check(url::Url::parse(text).unwrap().host().unwrap());
        let gate = Gate::new(false, false);
        for private in [
            "http://127.1/",
            "http://0x7f.0.0.1/",
            "http://2130706433/",
            "http://017700000001/",
            "http://[::1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://[::ffff:a00:1]/",
            "http://１２７.0.0.1/",
        ] {
            assert!(check(&gate, private).is_err(), "{private}");
        }
        for public in ["http://1.1.1.1/", "http://localhost.example/", "http://[2606:4700::1111]/"] {
            assert!(check(&gate, public).is_ok(), "{public}");
        }
        assert!(check(&Gate::new(true, false), "http://127.0.0.1/").is_ok());
    }
}
