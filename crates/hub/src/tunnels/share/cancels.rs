//! How many requests one person gives up. A tunnel can forget only so many in a short time and
//! then takes no new ones, so nobody may come anywhere near that number alone.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// What each request that was given up costs of a person's time: 25 a second, for as long as one
/// likes.
const EACH: Duration = Duration::from_millis(40);

/// How much of it may be owed: 250 requests at once. A tunnel bears more than 8,000.
const CREDIT: Duration = Duration::from_secs(10);

/// What one person owes for the requests that were given up.
#[derive(Debug)]
pub(super) struct Cancels {
    settled: Mutex<Instant>,
}

impl Cancels {
    /// Nothing is owed.
    pub(super) fn new() -> Self {
        Self { settled: Mutex::new(Instant::now()) }
    }

    /// Counts a request that was given up.
    pub(super) fn note(&self) {
        let mut settled = self.lock();
        *settled = settled.max(Instant::now()) + EACH;
    }

    /// How long the next request has to wait.
    pub(super) fn delay(&self) -> Duration {
        self.owed().saturating_sub(CREDIT)
    }

    /// Whether nothing is owed.
    pub(super) fn is_settled(&self) -> bool {
        self.owed().is_zero()
    }

    fn owed(&self) -> Duration {
        self.lock().saturating_duration_since(Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Instant> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
