//! How many connections there may be: in all, and from one address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{Limits, TrustedProxies};

/// Counts connections. Clones count together.
#[derive(Clone)]
pub(super) struct Caps(Arc<Inner>);

struct Inner {
    connections: usize,
    connections_per_address: usize,
    handshakes_per_address: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    addresses: HashMap<IpAddr, Count>,
}

#[derive(Default)]
struct Count {
    connections: usize,
    handshakes: usize,
}

/// The right to be connected, counted until dropped.
pub(super) struct Place {
    caps: Caps,
    /// `None` for trusted proxies, whose connections are many people's.
    address: Option<IpAddr>,
    handshaking: bool,
}

impl Caps {
    pub(super) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Inner {
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
            handshakes_per_address: limits.handshakes_per_address,
            counts: Mutex::default(),
        }))
    }

    /// A place for a new connection, if there is one.
    pub(super) fn enter(&self, peer: IpAddr, trusted: &TrustedProxies) -> Option<Place> {
        let address = (!trusted.contains(peer)).then(|| counted(peer));
        let mut counts = self.counts();
        if counts.all >= self.0.connections {
            return None;
        }
        if let Some(address) = address {
            let count = counts.addresses.entry(address).or_default();
            if count.connections >= self.0.connections_per_address
                || count.handshakes >= self.0.handshakes_per_address
            {
                return None;
            }
            count.connections += 1;
            count.handshakes += 1;
        }
        counts.all += 1;
        Some(Place { caps: self.clone(), address, handshaking: true })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// From now on it counts as a connection only.
    pub(super) fn handshake_done(&mut self) {
        let done = std::mem::take(&mut self.handshaking);
        if let (true, Some(address)) = (done, self.address)
            && let Some(count) = self.caps.counts().addresses.get_mut(&address)
        {
            count.handshakes = count.handshakes.saturating_sub(1);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.handshake_done();
        let mut counts = self.caps.counts();
        counts.all = counts.all.saturating_sub(1);
        let Some(address) = self.address else { return };
        if let Some(count) = counts.addresses.get_mut(&address) {
            count.connections = count.connections.saturating_sub(1);
            if count.connections == 0 {
                counts.addresses.remove(&address);
            }
        }
    }
}

/// What counts as one address: with IPv6 the /64, which one household has to itself.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(connections: usize, connections_per_address: usize) -> Caps {
        let handshakes_per_address = 2;
        let limits = Limits {
            connections,
            connections_per_address,
            handshakes_per_address,
            ..Limits::default()
        };
        Caps::new(&limits)
    }

    fn enter(caps: &Caps, peer: &str) -> Option<Place> {
        let mut place = caps.enter(peer.parse().unwrap(), &"10.0.0.9".parse().unwrap())?;
        place.handshake_done();
        Some(place)
    }

    #[test]
    fn one_address_does_not_take_all_places() {
        let caps = caps(10, 2);
        let first = (enter(&caps, "203.0.113.9"), enter(&caps, "::ffff:203.0.113.9"));
        assert!(first.0.is_some() && first.1.is_some());
        assert!(enter(&caps, "203.0.113.9").is_none());
        assert!(enter(&caps, "203.0.113.8").is_some());
        drop(first);
        assert!(enter(&caps, "203.0.113.9").is_some());
    }

    #[test]
    fn one_household_is_one_address() {
        let caps = caps(10, 1);
        let _first = enter(&caps, "2001:db8::1");
        assert!(enter(&caps, "2001:db8::ffff:2").is_none());
        assert!(enter(&caps, "2001:db8:0:1::1").is_some());
    }

    #[test]
    fn behind_a_trusted_proxy_are_many_people() {
        let caps = caps(3, 1);
        let places: Vec<_> = (0..4).map(|_| enter(&caps, "10.0.0.9")).collect();
        assert_eq!(places.iter().flatten().count(), 3, "only the cap on all connections counts");
    }

    #[test]
    fn half_open_handshakes_have_a_cap_of_their_own() {
        let caps = caps(10, 10);
        let nobody = TrustedProxies::default();
        let half_open = || caps.enter("203.0.113.9".parse().unwrap(), &nobody);
        let mut open = [half_open().unwrap(), half_open().unwrap()];
        assert!(half_open().is_none());
        open[0].handshake_done();
        assert!(half_open().is_some());
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left() {
        let caps = caps(10, 10);
        drop([enter(&caps, "203.0.113.9"), enter(&caps, "2001:db8::1")]);
        assert_eq!(caps.counts().all, 0);
        assert!(caps.counts().addresses.is_empty());
    }
}
