//! How many of the second connection's streams one person may have, and all of them together. Who
//! finds none takes the first connection, so nobody waits for a stream here.

use std::sync::Arc;

use backplane::{Counted, Tally};
use printer::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most streams of one person.
const EACH: usize = 16;

/// The most streams of everybody: as many as the connection has.
const ALL: usize = 64;

/// The streams of one agent's second connection.
pub(super) struct Places {
    people: Tally<AccountId>,
    all: Arc<Semaphore>,
}

/// One of them.
pub(super) struct Place {
    _of: Counted<AccountId>,
    _permit: OwnedSemaphorePermit,
}

impl Default for Places {
    fn default() -> Self {
        Self { people: Tally::default(), all: Arc::new(Semaphore::new(ALL)) }
    }
}

impl Places {
    /// A free one, if this person may have one more.
    pub(super) fn take(&self, account: AccountId) -> Option<Place> {
        let of = self.people.take(account, EACH)?;
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Place { _of: of, _permit: permit })
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;

    // covers: RL-7
    #[test]
    fn one_person_uploads_on_all_streams() {
        let places = Places::default();
        let account = || AccountId::new(&SystemClock::new(), &OsRandom);
        let greedy = account();
        let mut held: Vec<_> = (0..EACH).map(|_| places.take(greedy).unwrap()).collect();
        assert!(places.take(greedy).is_none());
        held.extend((EACH..ALL).map(|_| places.take(account()).unwrap()));
        assert!(places.take(account()).is_none(), "more than the connection has");
        held.remove(0);
        assert!(places.take(greedy).is_some());
    }
}
