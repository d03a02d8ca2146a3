//! One person's share of a tunnel. A page may open a hundred streams, but not all of them: others
//! use the same tunnel, and the emergency stop has to get through.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use printer::AccountId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The most streams of one person in one tunnel.
const EACH: usize = 64;

/// How long a request waits for one of its person's streams to end. Pages ask for more files at
/// once than that, each for a moment.
const WAIT: Duration = Duration::from_secs(10);

/// Everyone's share of one tunnel.
#[derive(Debug, Default)]
pub(crate) struct Share(Mutex<HashMap<AccountId, Weak<Semaphore>>>);

/// All of a person's streams are in use, and none ended in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShareTaken;

impl Share {
    /// Takes one stream of a person's share; it is given back when the permit is dropped.
    pub(crate) async fn take(
        &self,
        account: AccountId,
    ) -> Result<OwnedSemaphorePermit, ShareTaken> {
        let permit = timeout(WAIT, self.of(account).acquire_owned());
        permit.await.ok().and_then(Result::ok).ok_or(ShareTaken)
    }

    fn of(&self, account: AccountId) -> Arc<Semaphore> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&account).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(EACH));
        shares.insert(account, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn one_viewer_takes_all_streams() {
        let share = Share::default();
        let account = || AccountId::new(&SystemClock::new(), &OsRandom);
        let (greedy, other) = (account(), account());
        let mut held = Vec::new();
        for _ in 0..EACH {
            held.push(share.take(greedy).await.unwrap());
        }
        assert_eq!(share.take(greedy).await.unwrap_err(), ShareTaken);
        assert!(share.take(other).await.is_ok());
        held.pop();
        assert!(share.take(greedy).await.is_ok());
    }

    #[tokio::test]
    async fn shares_that_nobody_uses_are_forgotten() {
        let share = Share::default();
        for _ in 0..10 {
            drop(share.take(AccountId::new(&SystemClock::new(), &OsRandom)).await);
        }
        assert_eq!(share.0.lock().unwrap().len(), 1);
    }
}
