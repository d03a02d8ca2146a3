//! The places in the queue for hashing, and whose turn it is.

use std::sync::Arc;

use backplane::{Neighbourhood, Network};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Asker;
use crate::tally::{Counted, Tally};

/// How many may wait. At about 100 ms each, the last of them waits some seconds.
const QUEUE: usize = 64;

/// How many of those who are familiar may wait, and how many of them for one account.
const FAMILIAR: (usize, usize) = (32, 2);

/// The most places of one network, and of one neighbourhood.
const NETWORK: usize = 2;
const NEIGHBOURHOOD: usize = 8;

/// All places. Clones share them.
#[derive(Clone)]
pub(super) struct Places {
    strangers: Queue,
    familiar: Queue,
    accounts: Tally<String>,
    networks: Tally<Network>,
    neighbourhoods: Tally<Neighbourhood>,
}

#[derive(Clone)]
struct Queue {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// A place in the queue.
pub(super) struct Place {
    held: Held,
    running: Arc<Semaphore>,
}

/// A place whose turn it is.
pub(super) struct Turn {
    _held: Held,
    _running: OwnedSemaphorePermit,
}

struct Held {
    _admitted: OwnedSemaphorePermit,
    _account: Option<Counted<String>>,
    _network: Option<Counted<Network>>,
    _neighbourhood: Option<Counted<Neighbourhood>>,
}

impl Places {
    /// So many strangers' hashes may be computed at the same time, and besides them one of those
    /// who are familiar.
    pub(super) fn new(running: usize) -> Self {
        let queue = |running, waiting| Queue {
            admitted: Arc::new(Semaphore::new(running + waiting)),
            running: Arc::new(Semaphore::new(running)),
        };
        Self {
            strangers: queue(running, QUEUE),
            familiar: queue(1, FAMILIAR.0),
            accounts: Tally::default(),
            networks: Tally::default(),
            neighbourhoods: Tally::default(),
        }
    }

    /// A place at the end of the queue, if the asker may have one more.
    pub(super) fn take(&self, asker: &Asker) -> Option<Place> {
        match &asker.familiar {
            Some(who) => self.take_as_familiar(who),
            None => self.take_as_stranger(asker.network),
        }
    }

    fn take_as_familiar(&self, who: &str) -> Option<Place> {
        let account = self.accounts.take(who.to_owned(), FAMILIAR.1)?;
        self.familiar.take(|admitted| Held {
            _admitted: admitted,
            _account: Some(account),
            _network: None,
            _neighbourhood: None,
        })
    }

    fn take_as_stranger(&self, network: Network) -> Option<Place> {
        let around = self.neighbourhoods.take(network.neighbourhood(), NEIGHBOURHOOD)?;
        let network = self.networks.take(network, NETWORK)?;
        self.strangers.take(|admitted| Held {
            _admitted: admitted,
            _account: None,
            _network: Some(network),
            _neighbourhood: Some(around),
        })
    }
}

impl Queue {
    fn take(&self, held: impl FnOnce(OwnedSemaphorePermit) -> Held) -> Option<Place> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().ok()?;
        Some(Place { held: held(admitted), running: Arc::clone(&self.running) })
    }
}

impl Place {
    /// Waits until it is this place's turn. Dropping the future gives the place up.
    pub(super) async fn turn(self) -> Option<Turn> {
        let running = self.running.acquire_owned().await.ok()?;
        Some(Turn { _held: self.held, _running: running })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn stranger(n: u8, m: u8) -> Asker {
        Asker::stranger(IpAddr::from([203, n, m, 1]))
    }

    // covers: SV-5
    #[test]
    fn strangers_from_everywhere_leave_places_to_the_familiar() {
        let places = Places::new(1);
        let flood: Vec<_> = (0..160).map_while(|n| places.take(&stranger(n, 0))).collect();
        assert_eq!(flood.len(), 1 + QUEUE);
        let home = Asker::familiar(IpAddr::from([192, 0, 2, 1]), "ada");
        let first = places.take(&home).unwrap();
        assert!(places.take(&home).is_some());
        assert!(places.take(&stranger(1, 1)).is_none());
        drop(first);
    }

    // covers: SV-5
    #[test]
    fn one_network_or_its_neighbours_cannot_fill_the_queue() {
        let places = Places::new(1);
        let one: Vec<_> = (0..10).map_while(|_| places.take(&stranger(0, 1))).collect();
        assert_eq!(one.len(), NETWORK);
        let beside = |n| Asker::stranger(IpAddr::from([203, 0, 1, n]));
        let around: Vec<_> = (2..100).map_while(|n| places.take(&beside(n))).collect();
        assert_eq!(one.len() + around.len(), NEIGHBOURHOOD);
        assert!(places.take(&stranger(0, 2)).is_some());
        drop((one, around));
        assert!(places.take(&stranger(0, 1)).is_some());
    }

    // covers: SV-5
    #[test]
    fn one_account_cannot_fill_the_familiar_queue() {
        let places = Places::new(1);
        let from = |n| Asker::familiar(IpAddr::from([203, 0, 113, n]), "mallory");
        let held: Vec<_> = (0..100).map_while(|n| places.take(&from(n))).collect();
        assert_eq!(held.len(), FAMILIAR.1);
        assert!(places.take(&Asker::familiar(IpAddr::from([192, 0, 2, 1]), "ada")).is_some());
    }
}
