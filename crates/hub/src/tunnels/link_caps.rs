//! How many connections an unlinked key may open. Anyone can make a key, so strangers are counted
//! by address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The most connections from one address (one /64 of IPv6), and from everywhere.
const MAX: (usize, usize) = (4, 256);

/// The connections that want to be linked now. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct LinkCaps(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of these connections.
#[derive(Debug)]
pub(crate) struct LinkPlace {
    caps: LinkCaps,
    network: IpAddr,
}

impl LinkCaps {
    /// A place for one more connection from this address, if there is one.
    pub(crate) fn take(&self, address: IpAddr) -> Option<LinkPlace> {
        let network = network(address);
        let mut counts = self.lock();
        let (each, all) = MAX;
        if counts.values().sum::<usize>() >= all {
            return None;
        }
        let count = counts.entry(network).or_default();
        (*count < each).then(|| {
            *count += 1;
            LinkPlace { caps: self.clone(), network }
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LinkPlace {
    fn drop(&mut self) {
        let mut counts = self.caps.lock();
        let Some(count) = counts.get_mut(&self.network) else { return };
        *count -= 1;
        if *count == 0 {
            counts.remove(&self.network);
        }
    }
}

/// What counts as one address: one of IPv4, or a /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: LK-1
    #[test]
    fn one_address_opens_many_link_connections() {
        let caps = LinkCaps::default();
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::ffff".parse().unwrap();
        let held: Vec<_> = (0..MAX.0).map(|_| caps.take(address).unwrap()).collect();
        assert!(caps.take(neighbour).is_none());
        assert!(caps.take("192.0.2.1".parse().unwrap()).is_some());
        drop(held);
        assert!(caps.take(address).is_some());
        assert!(caps.lock().is_empty());
    }
}
