//! Places in a queue for costly work, such as hashing a password, and whose turn it is. Each network
//! has a few, and whoever is familiar waits in a queue of their own, which strangers can't fill.

mod workers;

use std::{net::IpAddr, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Counted, Neighbourhood, Network, Tally};
use workers::Workers;

/// How many may wait. At about 100 ms each, the last of them waits some seconds.
const QUEUE: usize = 64;

/// How many of those who are familiar may wait, and how many of them for one account.
const FAMILIAR: (usize, usize) = (32, 2);

/// The most places of one network, and of one neighbourhood.
const NETWORK: usize = 2;
const NEIGHBOURHOOD: usize = 8;

/// All places. Clones share them.
#[derive(Clone)]
pub struct Places {
    strangers: Queue,
    familiar: Queue,
    accounts: Tally<String>,
    networks: Tally<Network>,
    neighbourhoods: Tally<Neighbourhood>,
}

/// On whose behalf something costly is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    network: Network,
    /// Who, if it is known to be more than a claim: from this network they signed in before.
    familiar: Option<String>,
}

/// So many are waiting already that one more would wait too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many are waiting already")]
pub struct Busy;

#[derive(Clone)]
struct Queue {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    workers: Workers,
}

/// A place in the queue.
pub struct Place {
    held: Held,
    running: Arc<Semaphore>,
    workers: Workers,
}

/// A place whose turn it is.
struct Turn {
    _held: Held,
    _running: OwnedSemaphorePermit,
}

struct Held {
    _admitted: OwnedSemaphorePermit,
    _account: Option<Counted<String>>,
    _network: Option<Counted<Network>>,
    _neighbourhood: Option<Counted<Neighbourhood>>,
}

impl Asker {
    /// Somebody who may be anybody.
    pub fn stranger(address: IpAddr) -> Self {
        Self { network: Network::of(address), familiar: None }
    }

    /// Somebody who has signed in from there before, or has proven themselves in another way.
    pub fn familiar(address: IpAddr, who: impl Into<String>) -> Self {
        Self { network: Network::of(address), familiar: Some(who.into()) }
    }
}

impl Places {
    /// So many strangers' hashes may be computed at the same time, and besides them one of those
    /// who are familiar.
    pub fn new(running: usize) -> Self {
        let queue = |running, waiting| Queue {
            admitted: Arc::new(Semaphore::new(running + waiting)),
            running: Arc::new(Semaphore::new(running)),
            workers: Workers::default(),
        };
        Self {
            strangers: queue(running, QUEUE),
            familiar: queue(1, FAMILIAR.0),
            accounts: Tally::default(),
            networks: Tally::default(),
            neighbourhoods: Tally::default(),
        }
    }

    /// A place at the end of the queue.
    ///
    /// # Errors
    /// The asker, their network, or all together have as many as they may.
    pub fn take(&self, asker: &Asker) -> Result<Place, Busy> {
        let place = match &asker.familiar {
            Some(who) => self.take_as_familiar(who),
            None => self.take_as_stranger(asker.network),
        };
        place.ok_or(Busy)
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
        let (running, workers) = (Arc::clone(&self.running), self.workers.clone());
        Some(Place { held: held(admitted), running, workers })
    }
}

impl Place {
    /// Does blocking work when it is this place's turn. Dropping the future before gives the place
    /// up; after, the work still counts until it is done.
    ///
    /// # Errors
    /// The work panicked, or there was no thread for it.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let workers = self.workers.clone();
        let turn = self.turn().await.ok_or(Busy)?;
        workers.run(turn, work).await.ok_or(Busy)
    }

    async fn turn(self) -> Option<Turn> {
        let running = self.running.acquire_owned().await.ok()?;
        Some(Turn { _held: self.held, _running: running })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, future::poll_fn, sync::mpsc, task::Poll, thread};

    use super::*;

    fn stranger(n: u8, m: u8) -> Asker {
        Asker::stranger(IpAddr::from([203, n, m, 1]))
    }

    // covers: SV-5
    #[test]
    fn strangers_from_everywhere_leave_places_to_the_familiar() {
        let places = Places::new(1);
        let flood: Vec<_> = (0..160).map_while(|n| places.take(&stranger(n, 0)).ok()).collect();
        assert_eq!(flood.len(), 1 + QUEUE);
        let home = Asker::familiar(IpAddr::from([192, 0, 2, 1]), "ada");
        let first = places.take(&home).unwrap();
        assert!(places.take(&home).is_ok());
        assert!(places.take(&stranger(1, 1)).is_err());
        drop(first);
    }

    // covers: SV-5
    #[test]
    fn one_network_or_its_neighbours_cannot_fill_the_queue() {
        let places = Places::new(1);
        let one: Vec<_> = (0..10).map_while(|_| places.take(&stranger(0, 1)).ok()).collect();
        assert_eq!(one.len(), NETWORK);
        let beside = |n| Asker::stranger(IpAddr::from([203, 0, 1, n]));
        let around: Vec<_> = (2..100).map_while(|n| places.take(&beside(n)).ok()).collect();
        assert_eq!(one.len() + around.len(), NEIGHBOURHOOD);
        assert!(places.take(&stranger(0, 2)).is_ok());
        drop((one, around));
        assert!(places.take(&stranger(0, 1)).is_ok());
    }

    // covers: SV-5
    #[tokio::test]
    async fn hashes_are_computed_on_the_same_few_threads() {
        let (places, mut threads) = (Places::new(1), HashSet::new());
        // What the runtime has of threads for blocking work is taken, one after the other.
        let mut taken = Vec::new();
        for n in 0..10 {
            let place = places.take(&stranger(n, 0)).unwrap();
            threads.insert(place.run(|| thread::current().id()).await.unwrap());
            let (end, wait) = mpsc::channel::<()>();
            taken.push(end);
            tokio::task::spawn_blocking(move || wait.recv());
        }
        assert_eq!(threads.len(), 1);
        let ada = Asker::familiar(IpAddr::from([192, 0, 2, 1]), "ada");
        threads.insert(places.take(&ada).unwrap().run(|| thread::current().id()).await.unwrap());
        assert_eq!(threads.len(), 2, "those who are familiar have another one");
    }

    #[tokio::test]
    async fn work_that_panics_ends_nobody_elses() {
        let places = Places::new(1);
        let take = || places.take(&stranger(0, 0)).unwrap();
        assert_eq!(take().run(|| panic!("a bug")).await, Err::<(), _>(Busy));
        assert_eq!(take().run(|| 1).await, Ok(1));
    }

    // covers: SV-5
    #[tokio::test]
    async fn work_that_nobody_waits_for_counts_until_it_is_done() {
        let places = Places::new(1);
        let (go, wait) = mpsc::channel::<()>();
        let mut first = Box::pin(places.take(&stranger(0, 0)).unwrap().run(move || wait.recv()));
        let began = poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await;
        assert!(began);
        drop(first);
        assert_eq!(places.strangers.running.available_permits(), 0);
        go.send(()).unwrap();
        places.take(&stranger(1, 0)).unwrap().run(|| ()).await.unwrap();
    }

    // covers: SV-5
    #[test]
    fn one_account_cannot_fill_the_familiar_queue() {
        let places = Places::new(1);
        let from = |n| Asker::familiar(IpAddr::from([203, 0, 113, n]), "mallory");
        let held: Vec<_> = (0..100).map_while(|n| places.take(&from(n)).ok()).collect();
        assert_eq!(held.len(), FAMILIAR.1);
        assert!(places.take(&Asker::familiar(IpAddr::from([192, 0, 2, 1]), "ada")).is_ok());
    }
}
