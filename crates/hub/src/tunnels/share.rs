//! One person's share of a tunnel. A page may open a hundred streams, but not all of them: others
//! use the same tunnel, and the emergency stop has to get through.

mod cancels;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use printer::AccountId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};
use tunnel::{Ride, Rider};

use cancels::Cancels;

/// The most streams of one person in one tunnel.
const EACH: usize = 64;

/// The most emergency stops of one person at a time, beside these streams.
const STOPS_EACH: usize = 4;

/// The most emergency stops of everybody. They have the tunnel's reserved streams, of which some
/// are for the hub's own questions.
const STOPS: usize = 12;

/// How long a request waits for one of its person's streams to end, and for its turn after many
/// that were given up. Pages ask for more files at once than that, each for a moment.
const WAIT: Duration = Duration::from_secs(10);

/// Everyone's share of one tunnel.
#[derive(Debug)]
pub(crate) struct Share {
    people: Mutex<HashMap<AccountId, Arc<Person>>>,
    stops: Arc<Semaphore>,
    users: TaskTracker,
}

#[derive(Debug)]
struct Person {
    streams: Arc<Semaphore>,
    stops: Arc<Semaphore>,
    cancels: Cancels,
}

/// One stream of a person's share.
struct Stream {
    person: Arc<Person>,
    _permit: OwnedSemaphorePermit,
    _stop: Option<OwnedSemaphorePermit>,
}

/// What rides on a request: the stream, and that the tunnel is in use.
struct Riding {
    stream: Stream,
    _in_use: TaskTrackerToken,
}

/// All of a person's streams are in use, and none ended in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShareTaken;

impl Default for Share {
    fn default() -> Self {
        let stops = Arc::new(Semaphore::new(STOPS));
        Self { people: Mutex::default(), stops, users: TaskTracker::new() }
    }
}

impl Share {
    /// Takes one stream of a person's share; it is given back when the rider is dropped. The
    /// request has to carry the rider: a stream counts for as long as the tunnel has to keep it.
    pub(crate) async fn take(&self, account: AccountId) -> Result<Rider, ShareTaken> {
        let stream = timeout(WAIT, self.of(account).stream()).await;
        self.ride(account, stream.ok().flatten())
    }

    /// The same for an emergency stop (HZ-5), which waits for nothing else that the person does.
    pub(crate) async fn take_for_stop(&self, account: AccountId) -> Result<Rider, ShareTaken> {
        let person = self.of(account);
        let stream = timeout(WAIT, person.stop(Arc::clone(&self.stops))).await;
        self.ride(account, stream.ok().flatten())
    }

    /// The tunnel is in use for as long as this is kept.
    pub(super) fn in_use(&self) -> TaskTrackerToken {
        self.users.token()
    }

    /// Waits until the tunnel isn't in use.
    pub(super) async fn unused(&self) {
        self.users.close();
        self.users.wait().await;
    }

    fn ride(&self, account: AccountId, stream: Option<Stream>) -> Result<Rider, ShareTaken> {
        let riding = |stream| Rider::new(account, Riding { stream, _in_use: self.in_use() });
        stream.map(riding).ok_or(ShareTaken)
    }

    fn of(&self, account: AccountId) -> Arc<Person> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if !people.contains_key(&account) {
            people
                .retain(|_, person| Arc::strong_count(person) > 1 || !person.cancels.is_settled());
        }
        Arc::clone(people.entry(account).or_insert_with(|| Arc::new(Person::new())))
    }
}

impl Stream {
    fn given_up(&self) {
        self.person.cancels.note();
    }
}

impl Person {
    fn new() -> Self {
        Self {
            streams: Arc::new(Semaphore::new(EACH)),
            stops: Arc::new(Semaphore::new(STOPS_EACH)),
            cancels: Cancels::new(),
        }
    }

    /// Waits for a free stream, and for the person's turn. `None` never happens: a share lasts.
    async fn stream(self: Arc<Self>) -> Option<Stream> {
        let permit = Arc::clone(&self.streams).acquire_owned().await.ok()?;
        loop {
            let delay = self.cancels.delay();
            if delay.is_zero() {
                return Some(Stream { person: self, _permit: permit, _stop: None });
            }
            sleep(delay).await;
        }
    }

    async fn stop(self: Arc<Self>, stops: Arc<Semaphore>) -> Option<Stream> {
        let permit = Arc::clone(&self.stops).acquire_owned().await.ok()?;
        let stop = stops.acquire_owned().await.ok()?;
        Some(Stream { person: self, _permit: permit, _stop: Some(stop) })
    }
}

impl Ride for Riding {
    fn given_up(&self) {
        self.stream.given_up();
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};
    use tokio::time::Instant;

    use super::*;

    fn account() -> AccountId {
        AccountId::new(&SystemClock::new(), &OsRandom)
    }

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn one_viewer_takes_all_streams() {
        let share = Share::default();
        let (greedy, other) = (account(), account());
        let mut held = Vec::new();
        for _ in 0..64 {
            held.push(share.take(greedy).await.unwrap());
        }
        assert_eq!(share.take(greedy).await.unwrap_err(), ShareTaken);
        assert!(share.take(other).await.is_ok());
        held.pop();
        assert!(share.take(greedy).await.is_ok());
    }

    // covers: HZ-5, RL-7
    #[tokio::test(start_paused = true)]
    async fn one_viewer_floods_emergency_stops() {
        let share = Share::default();
        let (greedy, other) = (account(), account());
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(share.take_for_stop(greedy).await.unwrap());
        }
        assert_eq!(share.take_for_stop(greedy).await.unwrap_err(), ShareTaken);
        assert!(share.take_for_stop(other).await.is_ok());
        while held.len() < 12 {
            held.push(share.take_for_stop(account()).await.unwrap());
        }
        assert_eq!(share.take_for_stop(other).await.unwrap_err(), ShareTaken, "the hub's own");
        held.remove(0);
        assert!(share.take_for_stop(other).await.is_ok());
    }

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn one_viewer_who_only_cancels_is_slowed_down_alone() {
        let share = Share::default();
        let (greedy, other) = (account(), account());
        let started = Instant::now();
        let mut cancelled = 0;
        while started.elapsed() < Duration::from_mins(1) && cancelled < 10_000 {
            share.of(greedy).stream().await.unwrap().given_up();
            cancelled += 1;
        }
        assert!(cancelled <= 250 + 60 * 25 + 1, "{cancelled}");
        let waiting = Instant::now();
        drop(share.take(other).await.unwrap());
        assert!(waiting.elapsed().is_zero(), "nobody else waits");
        assert_eq!(share.people.lock().unwrap().len(), 2, "what is owed isn't forgotten");
    }

    #[tokio::test]
    async fn shares_that_nobody_uses_are_forgotten() {
        let share = Share::default();
        for _ in 0..10 {
            drop(share.take(account()).await);
        }
        assert_eq!(share.people.lock().unwrap().len(), 1);
    }
}
