//! Whether a request that changes something was made just now (HZ-6). After an outage nothing that
//! was held up on the way may reach a printer, and nothing may reach it twice.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use printer::{AccountId, Clock};
use wire::{Nonce, Stamp, Tick};

/// The oldest request that passes.
const MAX_AGE: Duration = Duration::from_secs(10);

/// How far the hub's idea of this clock may be ahead of it. Without a limit, a wrong idea would
/// make every age look small.
const MAX_AHEAD: Duration = Duration::from_secs(1);

/// How long nonces are remembered. What is older than that is too old anyway.
const REMEMBERED: Duration = Duration::from_secs(20);

/// How often those that are older are forgotten.
const TIDIED_EVERY: Duration = Duration::from_secs(1);

/// How many are remembered: 800 requests a second, for 20 s. With more, nothing passes.
const MAX_NONCES: usize = 16 * 1024;

/// How many of one person: 100 requests a second. Nobody can keep the others from their printers,
/// nor from the emergency stop.
const MAX_OF_ONE: usize = MAX_NONCES / 8;

/// The agent's clock, and what it has seen lately.
pub(crate) struct Fresh {
    clock: Arc<dyn Clock>,
    run: u64,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// When each was seen, and whose it was.
    nonces: HashMap<Nonce, (Duration, AccountId)>,
    /// How many of them are each person's.
    of_each: HashMap<AccountId, usize>,
    /// When those that are too old were forgotten.
    tidied: Duration,
}

/// Why a request isn't taken for one that was made just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stale {
    #[error("the hub didn't say when this request was made")]
    NoStamp,
    #[error("this request was under way for more than 10 seconds, and was not carried out")]
    TooOld,
    #[error("it isn't known when this request was made, and it was not carried out")]
    Unjudged,
    #[error("this request was carried out already")]
    Replayed,
    #[error("too many requests in a short time")]
    Full,
}

impl Fresh {
    /// Nothing seen yet. `run` is this run of the program.
    pub(crate) fn new(clock: Arc<dyn Clock>, run: u64) -> Self {
        Self { clock, run, seen: Mutex::default() }
    }

    /// What the clock says, for the hub.
    pub(crate) fn tick(&self) -> Tick {
        let millis = u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX);
        Tick { run: self.run, millis }
    }

    /// Lets a request pass once, within 10 s of its making.
    pub(crate) fn check(&self, stamp: Option<Stamp>, by: AccountId) -> Result<(), Stale> {
        let stamp = stamp.ok_or(Stale::NoStamp)?;
        let now = self.clock.monotonic();
        let made = Duration::from_millis(stamp.tick.millis);
        if stamp.tick.run != self.run || made > now + MAX_AHEAD {
            return Err(Stale::Unjudged);
        }
        if now.saturating_sub(made) > MAX_AGE {
            return Err(Stale::TooOld);
        }
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).note(stamp.nonce, by, now)
    }
}

impl Seen {
    fn note(&mut self, nonce: Nonce, by: AccountId, now: Duration) -> Result<(), Stale> {
        if now.saturating_sub(self.tidied) > TIDIED_EVERY {
            self.tidy(now);
        }
        if self.nonces.contains_key(&nonce) {
            return Err(Stale::Replayed);
        }
        let own = self.of_each.get(&by).copied().unwrap_or_default();
        if self.nonces.len() >= MAX_NONCES || own >= MAX_OF_ONE {
            return Err(Stale::Full);
        }
        self.nonces.insert(nonce, (now, by));
        self.of_each.insert(by, own + 1);
        Ok(())
    }

    /// Forgets what is too old.
    fn tidy(&mut self, now: Duration) {
        self.nonces.retain(|_, (seen, _)| now.saturating_sub(*seen) <= REMEMBERED);
        self.of_each.clear();
        for (_, by) in self.nonces.values() {
            *self.of_each.entry(*by).or_default() += 1;
        }
        self.tidied = now;
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").field("run", &self.run).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
