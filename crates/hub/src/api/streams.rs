//! How many event streams may be open: in all, of one person and under one session.

use std::sync::Arc;

use printer::{AccountId, SessionId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use backplane::{Counted, Tally};

const ALL: usize = 4096;
const PER_ACCOUNT: usize = 32;
const PER_SESSION: usize = 16;

/// The open event streams. Clones share the count.
#[derive(Clone)]
pub(crate) struct Streams {
    all: Arc<Semaphore>,
    accounts: Tally<AccountId>,
    sessions: Tally<SessionId>,
}

/// One open stream; not open any more when dropped.
pub(crate) struct Stream {
    _all: OwnedSemaphorePermit,
    _account: Counted<AccountId>,
    _session: Counted<SessionId>,
}

impl Streams {
    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        ALL.saturating_sub(self.all.available_permits())
    }

    /// Opens one more, unless there are too many.
    pub(crate) fn open(&self, account: AccountId, session: SessionId) -> Option<Stream> {
        Some(Stream {
            _account: self.accounts.take(account, PER_ACCOUNT)?,
            _session: self.sessions.take(session, PER_SESSION)?,
            _all: Arc::clone(&self.all).try_acquire_owned().ok()?,
        })
    }
}

impl Default for Streams {
    fn default() -> Self {
        let (accounts, sessions) = (Tally::default(), Tally::default());
        Self { all: Arc::new(Semaphore::new(ALL)), accounts, sessions }
    }
}
