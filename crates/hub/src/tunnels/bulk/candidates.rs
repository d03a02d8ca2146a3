//! Connections that are about to show the token of an agent's second connection. Whoever has a copy of
//! the agent's key can come, too, and say nothing; so there are several places, and the oldest gives
//! way.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Error, PATIENCE};

/// How many there may be at a time.
const MOST: usize = 16;

/// The connections of one agent that haven't shown the token yet, the oldest first.
#[derive(Default)]
pub(super) struct Candidates(Mutex<VecDeque<Place>>);

struct Place {
    came: u64,
    lost: CancellationToken,
}

/// One of them, until it has shown the token.
pub(super) struct Candidate<'a> {
    of: &'a Candidates,
    came: u64,
    lost: CancellationToken,
    until: Instant,
}

impl Candidates {
    /// Takes one in. Where there are too many, the oldest is hung up on.
    pub(super) fn take(&self) -> Candidate<'_> {
        let mut places = self.lock();
        let came = places.back().map_or(0, |last| last.came + 1);
        let lost = CancellationToken::new();
        places.push_back(Place { came, lost: lost.clone() });
        if places.len() > MOST
            && let Some(oldest) = places.pop_front()
        {
            oldest.lost.cancel();
        }
        Candidate { of: self, came, lost, until: Instant::now() + PATIENCE }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Candidate<'_> {
    /// Waits for something that it has to do before it is let in.
    ///
    /// # Errors
    /// It took too long, its place was taken, or it did something else.
    pub(super) async fn does<T>(
        &self,
        what: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            done = timeout_at(self.until, what) => done.map_err(|_| Error::Slow)?,
            () = self.lost.cancelled() => Err(Error::Unasked),
        }
    }
}

impl Drop for Candidate<'_> {
    fn drop(&mut self) {
        self.of.lock().retain(|place| place.came != self.came);
    }
}
