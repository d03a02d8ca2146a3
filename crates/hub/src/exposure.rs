//! Looking at a caller's own public address from here (XA-2). It takes no address but the one that
//! `edge` saw the request come from, so that nobody makes the hub look at anybody else.

use std::{net::IpAddr, sync::Arc, time::Duration};

use audit::{Dial, Host, PRINTER_PORTS, Place, Reach, Scope, Subject, examine_within};
use edge::{Connection, TrustedProxies};
use printer::Clock;
use tokio::sync::Semaphore;

/// Checks that run at the same time, for all callers together.
const AT_ONCE: usize = 4;
/// How long one may take; the dashboard waits a little longer.
const TIME: Duration = Duration::from_secs(15);

/// What the hub looks outside with.
pub(crate) struct Exposure {
    reach: Reach,
    places: Semaphore,
}

/// Why an address can't be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknowable {
    /// A proxy stands between, or headers say so, so that the address may be the proxy's.
    Proxy,
    /// It isn't public: the caller is near the hub, or shares a network with it.
    Private,
    /// It is the hub's own.
    Own,
}

impl Exposure {
    /// Looks with `dial`. Must be made inside a tokio runtime.
    pub(crate) fn new(dial: Arc<dyn Dial>, clock: Arc<dyn Clock>) -> Self {
        Self { reach: Reach::new(dial, clock), places: Semaphore::new(AT_ONCE) }
    }

    /// Looks at an address that [`own_address`] returned. `None` when too many are at it.
    pub(crate) async fn look(&self, address: IpAddr) -> Option<Host> {
        let _place = self.places.try_acquire().ok()?;
        let ports = PRINTER_PORTS.to_vec();
        let subject = Subject { address, name: None, ports, place: Place::Internet };
        Some(examine_within(&self.reach, &subject, TIME).await)
    }

    /// Whether there is a place for one more.
    pub(crate) fn is_busy(&self) -> bool {
        self.places.available_permits() == 0
    }
}

/// The caller's own address, if it is public and the caller's for sure.
pub(crate) fn own_address(
    connection: &Connection,
    proxies: &TrustedProxies,
) -> Result<IpAddr, Unknowable> {
    let address = connection.client.to_canonical();
    if connection.untrusted_claim || proxies.contains(address) {
        return Err(Unknowable::Proxy);
    }
    if !is_public(address) {
        return Err(Unknowable::Private);
    }
    if connection.local.ip().to_canonical() == address {
        return Err(Unknowable::Own);
    }
    Ok(address)
}

/// Whether it is an address of the Internet, and of one household at that.
fn is_public(address: IpAddr) -> bool {
    let on_the_internet = Scope::Owned.place(address) == Ok(Place::Internet);
    on_the_internet
        && match address {
            // Shared by a provider's customers (RFC 6598), protocols' own, and for benchmarks.
            IpAddr::V4(v4) => {
                !matches!(v4.octets(), [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18..=19, ..])
            }
            // Global unicast is 2000::/3.
            IpAddr::V6(v6) => v6.segments()[0] & 0xe000 == 0x2000,
        }
}

#[cfg(test)]
mod tests {
    use std::{io, net::SocketAddr};

    use futures_util::future::{BoxFuture, join_all};
    use tokio::net::TcpStream;

    use super::*;

    fn asked_from(client: &str, untrusted_claim: bool) -> Result<IpAddr, Unknowable> {
        let client: IpAddr = client.parse().unwrap();
        let local = SocketAddr::from(([198, 51, 100, 1], 443));
        let peer = SocketAddr::new(client, 50_000);
        let (secure, unlisted_proxy) = (true, false);
        let connection =
            Connection { client, peer, local, secure, unlisted_proxy, untrusted_claim };
        own_address(&connection, &"192.0.2.10".parse().unwrap())
    }

    // covers: XA-2
    #[test]
    fn only_a_public_address_that_is_the_callers_is_looked_at() {
        assert_eq!(asked_from("203.0.113.7", false), Ok([203, 0, 113, 7].into()));
        assert_eq!(asked_from("::ffff:203.0.113.7", false), Ok([203, 0, 113, 7].into()));
        for near in [
            "127.0.0.1",
            "192.168.1.5",
            "::1",
            "fd00::1",
            "fe80::1",
            "100.64.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "224.0.0.1",
            "64:ff9b::1",
            "2002:7f00:1::",
            "fec0::1",
        ] {
            assert_eq!(asked_from(near, false), Err(Unknowable::Private), "{near}");
        }
        assert_eq!(asked_from("198.51.100.1", false), Err(Unknowable::Own));
    }

    /// Nobody is reached, and nobody says no.
    struct Nowhere;

    impl Dial for Nowhere {
        fn dial(&self, _to: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
            Box::pin(std::future::pending())
        }
    }

    // covers: XA-2
    #[tokio::test(start_paused = true)]
    async fn many_callers_make_the_hub_a_scanner() {
        let clock = Arc::new(printer::SystemClock::new());
        let exposure = Exposure::new(Arc::new(Nowhere), clock);
        assert!(!exposure.is_busy());
        let looks = (0..10).map(|last| exposure.look(IpAddr::from([203, 0, 113, last])));
        let begun = tokio::time::Instant::now();
        let looked = join_all(looks).await;
        assert_eq!(looked.iter().flatten().count(), AT_ONCE);
        assert!(begun.elapsed() <= TIME, "{:?}", begun.elapsed());
        assert!(!exposure.is_busy(), "places are given back");
    }

    // covers: XA-2
    #[test]
    fn proxy_is_looked_at_in_place_of_the_caller() {
        assert_eq!(asked_from("203.0.113.7", true), Err(Unknowable::Proxy));
        assert_eq!(asked_from("192.0.2.10", false), Err(Unknowable::Proxy));
    }
}
