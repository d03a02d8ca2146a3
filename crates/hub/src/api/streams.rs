//! How many event streams may be open, in all and under one session.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use printer::SessionId;

/// The open event streams. Clones share the count.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<SessionId, usize>>>);

/// One open stream; not open any more when dropped.
pub(crate) struct Stream {
    session: SessionId,
    streams: Streams,
}

impl Streams {
    const MAX_ALL: usize = 4096;
    const MAX_EACH: usize = 16;

    /// Opens one more, unless there are too many.
    pub(crate) fn open(&self, session: SessionId) -> Option<Stream> {
        let mut open = self.lock();
        let all: usize = open.values().sum();
        let each = open.get(&session).copied().unwrap_or_default();
        if all >= Self::MAX_ALL || each >= Self::MAX_EACH {
            return None;
        }
        open.insert(session, each + 1);
        Some(Stream { session, streams: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        if let Some(each) = open.get_mut(&self.session) {
            *each -= 1;
            if *each == 0 {
                open.remove(&self.session);
            }
        }
    }
}
