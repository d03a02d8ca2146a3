//! Places for those who come as WebSockets and haven't proven a key yet. Anyone can take one and
//! keep it for seconds, so one network has a few, and the rest are there for the others' agents.

use std::{net::IpAddr, sync::Arc};

use backplane::{Counted, Neighbourhood, Network, Tally};
use edge::{Connection, TrustedProxies, names::is_private};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most places in all.
const ALL: usize = 128;
/// The most of one network, and of one neighbourhood.
const NETWORK: usize = 8;
const NEIGHBOURHOOD: usize = 32;
/// The most of those who can't be told apart, because a proxy doesn't say for whom it stands.
const UNKNOWN: usize = 64;

/// Who has how many places.
#[derive(Debug)]
pub(super) struct Unproven {
    all: Arc<Semaphore>,
    unknown: Arc<Semaphore>,
    networks: Tally<Network>,
    neighbourhoods: Tally<Neighbourhood>,
}

/// One of the places; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    _own: Own,
}

/// What else it is one of.
type Own = (Option<(Counted<Network>, Counted<Neighbourhood>)>, Option<OwnedSemaphorePermit>);

impl Default for Unproven {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            unknown: Arc::new(Semaphore::new(UNKNOWN)),
            networks: Tally::default(),
            neighbourhoods: Tally::default(),
        }
    }
}

impl Unproven {
    /// A place for whoever came by this connection, if there is one.
    pub(super) fn take(&self, connection: &Connection, trusted: &TrustedProxies) -> Option<Place> {
        let own = match known(connection, trusted) {
            Some(address) => (Some(self.known(Network::of(address))?), None),
            None => (None, Some(Arc::clone(&self.unknown).try_acquire_owned().ok()?)),
        };
        let of_all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Place { _of_all: of_all, _own: own })
    }

    fn known(&self, network: Network) -> Option<(Counted<Network>, Counted<Neighbourhood>)> {
        let around = self.neighbourhoods.take(network.neighbourhood(), NEIGHBOURHOOD)?;
        Some((self.networks.take(network, NETWORK)?, around))
    }
}

/// The client's address, if it is one client's. A private one with which nobody vouches for another
/// may be a proxy's that the operator didn't list, and everyone's then.
fn known(connection: &Connection, trusted: &TrustedProxies) -> Option<IpAddr> {
    let client = connection.client;
    let may_be_proxy = is_private(client) && client == connection.peer.ip().to_canonical();
    (!may_be_proxy && !trusted.contains(client)).then_some(client)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    const PROXY: [u8; 4] = [10, 0, 0, 1];

    fn connection(client: IpAddr, peer: IpAddr) -> Connection {
        let (peer, local) = (SocketAddr::new(peer, 50_000), SocketAddr::from((PROXY, 443)));
        Connection {
            client,
            peer,
            local,
            secure: true,
            unlisted_proxy: false,
            untrusted_claim: false,
        }
    }

    /// Takes as many as there are, by turns from these addresses behind a proxy.
    fn all(unproven: &Unproven, from: &[&str]) -> Vec<Place> {
        let trusted = "10.0.0.1".parse().unwrap();
        let from = from.iter().map(|address| connection(address.parse().unwrap(), PROXY.into()));
        let from: Vec<_> = from.collect();
        from.iter().cycle().map_while(|from| unproven.take(from, &trusted)).collect()
    }

    // covers: RL-6
    #[test]
    fn stranger_takes_the_places_of_a_network() {
        let unproven = Unproven::default();
        let held = all(&unproven, &["2001:db8::1", "2001:db8::2"]);
        assert_eq!(held.len(), 8);
        assert_eq!(all(&unproven, &["203.0.113.7"]).len(), 8);
        drop(held);
        assert_eq!(all(&unproven, &["2001:db8::3"]).len(), 8);
    }

    // covers: RL-6
    #[test]
    fn stranger_takes_the_places_of_many_networks() {
        let unproven = Unproven::default();
        let rented: Vec<_> = (0..9).map(|n| format!("2001:db8:0:{n}::1")).collect();
        let rented: Vec<_> = rented.iter().map(String::as_str).collect();
        let held = all(&unproven, &rented);
        assert_eq!(held.len(), 32);
        assert_eq!(all(&unproven, &["2001:db8:1::1"]).len(), 8);
    }

    // covers: RL-6
    #[test]
    fn those_behind_a_silent_proxy_leave_places_to_others() {
        let (unproven, nobody) = (Unproven::default(), TrustedProxies::default());
        let silent = connection(PROXY.into(), PROXY.into());
        let held: Vec<_> = (0..200).map_while(|_| unproven.take(&silent, &nobody)).collect();
        assert_eq!(held.len(), 64);
        let listed = "10.0.0.1".parse().unwrap();
        assert!(unproven.take(&silent, &listed).is_none(), "a listed one that says nothing, too");
        assert_eq!(all(&unproven, &["203.0.113.7"]).len(), 8);
    }
}
