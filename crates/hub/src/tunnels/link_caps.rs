//! How many connections keys may open that aren't linked. Anyone can make a key, so strangers are
//! counted by network. Those who have shown no right code give way when all places are taken.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use backplane::Network;
use tokio_util::sync::CancellationToken;

use backplane::{Counted, Tally};

/// The most connections that want to be linked from one network, and from everywhere.
const MAX: (usize, usize) = (4, 256);

/// The most connections of one network whose keys open no tunnel, while they are told so.
const TURNED_AWAY: usize = 2;

/// The connections of keys that aren't linked. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct LinkCaps {
    places: Arc<Mutex<Places>>,
    turned_away: Tally<Network>,
}

#[derive(Debug, Default)]
struct Places {
    next: u64,
    /// By number, so that the first is the oldest.
    taken: BTreeMap<u64, Taken>,
}

#[derive(Debug)]
struct Taken {
    network: Network,
    has_code: bool,
    lost: CancellationToken,
}

/// One of the connections that want to be linked.
#[derive(Debug)]
pub(crate) struct LinkPlace {
    caps: LinkCaps,
    number: u64,
    lost: CancellationToken,
}

impl LinkCaps {
    /// A place for one more connection that wants to be linked, if there is one. Where all are
    /// taken, the oldest connection without a code loses its own.
    pub(crate) fn take(&self, address: IpAddr) -> Option<LinkPlace> {
        let network = Network::of(address);
        let (each, all) = MAX;
        let mut places = self.lock();
        if places.taken.values().filter(|taken| taken.network == network).count() >= each {
            return None;
        }
        if places.taken.len() >= all {
            places.remove_codeless()?;
        }
        let (number, lost) = (places.next, CancellationToken::new());
        places.next += 1;
        places.taken.insert(number, Taken { network, has_code: false, lost: lost.clone() });
        Some(LinkPlace { caps: self.clone(), number, lost })
    }

    /// A place for a connection that is about to be told that its key opens nothing.
    pub(crate) fn turn_away(&self, address: IpAddr) -> Option<Counted<Network>> {
        self.turned_away.take(Network::of(address), TURNED_AWAY)
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn remove_codeless(&mut self) -> Option<()> {
        let oldest = self.taken.iter().find(|(_, taken)| !taken.has_code);
        let number = oldest.map(|(number, _)| *number)?;
        self.taken.remove(&number).map(|taken| taken.lost.cancel())
    }
}

impl LinkPlace {
    /// A right code was shown: this connection keeps its place.
    pub(crate) fn has_code(&self) {
        if let Some(taken) = self.caps.lock().taken.get_mut(&self.number) {
            taken.has_code = true;
        }
    }

    /// Waits until the place is somebody else's.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for LinkPlace {
    fn drop(&mut self) {
        self.caps.lock().taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: usize) -> IpAddr {
        let n = u8::try_from(n / 4).unwrap();
        IpAddr::from([203, 0, 113, n])
    }

    // covers: LK-1
    #[test]
    fn one_address_opens_many_link_connections() {
        let caps = LinkCaps::default();
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::ffff".parse().unwrap();
        let held: Vec<_> = (0..4).map(|_| caps.take(address).unwrap()).collect();
        assert!(caps.take(neighbour).is_none());
        assert!(caps.take("192.0.2.1".parse().unwrap()).is_some());
        drop(held);
        assert!(caps.take(address).is_some());
        assert!(caps.lock().taken.is_empty());
    }

    // covers: RL-6
    #[test]
    fn stranger_makes_key_after_key() {
        let caps = LinkCaps::default();
        let held: Vec<_> = (0..10).map_while(|_| caps.turn_away(address(0))).collect();
        assert_eq!(held.len(), 2);
        assert!(caps.turn_away(address(4)).is_some());
        drop(held);
        assert!(caps.turn_away(address(0)).is_some());
    }

    // covers: LK-1
    #[test]
    fn idle_connections_give_way_to_one_that_comes_with_a_code() {
        let caps = LinkCaps::default();
        let held: Vec<_> = (0..256).map(|n| caps.take(address(n)).unwrap()).collect();
        held[0].has_code();
        let home = "192.0.2.1".parse().unwrap();
        let _late = caps.take(home).unwrap();
        assert!(held[1].lost.is_cancelled());
        assert_eq!(held.iter().filter(|place| place.lost.is_cancelled()).count(), 1);
        held.iter().for_each(LinkPlace::has_code);
        assert!(caps.take(home).is_some(), "the late one has shown no code yet");
        assert_eq!(caps.lock().taken.len(), 255);
    }
}
