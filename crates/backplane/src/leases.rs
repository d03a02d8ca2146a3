//! A lease ties everything long-lived (a stream, a WebSocket, a relayed request) to the session
//! under which it was opened. Take the lease first and check the session second: whichever way a
//! sign-out falls between the two, one of them notices.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use printer::SessionId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The leases of all sessions. Clones share them.
#[derive(Clone, Default)]
pub struct Leases(Arc<Shared>);

#[derive(Default)]
struct Shared {
    held: Mutex<HashMap<SessionId, Held>>,
    closed: watch::Sender<bool>,
}

struct Held {
    ended: CancellationToken,
    holders: usize,
}

/// A hold on a session. Whoever has one stops when it ends.
pub struct Lease {
    session: SessionId,
    ended: CancellationToken,
    leases: Leases,
}

impl Leases {
    /// Takes a hold on a session. It says nothing about whether the session is valid: check that
    /// in the store afterwards. While leases are [closed](Self::close) it has ended already.
    pub fn hold(&self, session: SessionId) -> Lease {
        let mut map = self.lock();
        if self.are_closed() {
            let ended = CancellationToken::new();
            ended.cancel();
            return Lease { session, ended, leases: self.clone() };
        }
        let held = map
            .entry(session)
            .or_insert_with(|| Held { ended: CancellationToken::new(), holders: 0 });
        held.holders += 1;
        Lease { session, ended: held.ended.clone(), leases: self.clone() }
    }

    /// Ends every hold on a session that exists now.
    pub fn end(&self, session: SessionId) {
        if let Some(held) = self.lock().remove(&session) {
            held.ended.cancel();
        }
    }

    /// Ends every hold that exists, and every one that is taken until [`Self::open`]: nobody can
    /// say any more who may do what.
    pub fn close(&self) {
        // First this: a hold that is taken meanwhile either sees it or is on the map by then.
        self.0.closed.send_replace(true);
        for (_, held) in self.lock().drain() {
            held.ended.cancel();
        }
    }

    /// Lets holds last again.
    pub fn open(&self) {
        self.0.closed.send_replace(false);
    }

    /// Whether no hold lasts at the moment.
    pub fn are_closed(&self) -> bool {
        *self.0.closed.borrow()
    }

    /// Waits until no hold lasts.
    pub async fn closed(&self) {
        // An error would mean that the sender is gone, which is here.
        let _ = self.0.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// The sessions on which there are holds.
    pub fn sessions(&self) -> Vec<SessionId> {
        self.lock().keys().copied().collect()
    }

    /// How many holds there are on a session.
    pub fn holders(&self, session: SessionId) -> usize {
        self.lock().get(&session).map_or(0, |held| held.holders)
    }

    fn release(&self, lease: &Lease) {
        let mut map = self.lock();
        // An ended lease was taken off the map; a later hold on the same session isn't ours. Leases
        // end under the lock, so that this can't change in between.
        if lease.is_ended() {
            return;
        }
        if let Some(held) = map.get_mut(&lease.session) {
            held.holders -= 1;
            if held.holders == 0 {
                map.remove(&lease.session);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Held>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// The session that this is a hold on.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Waits until the session has ended.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Whether the session has ended.
    pub fn is_ended(&self) -> bool {
        self.ended.is_cancelled()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.release(self);
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;

    fn session() -> SessionId {
        SessionId::new(&SystemClock::new(), &OsRandom)
    }

    // covers: AC-11
    #[tokio::test]
    async fn every_hold_on_a_session_ends_with_it() {
        let leases = Leases::default();
        let (one, other) = (session(), session());
        let (first, second, foreign) = (leases.hold(one), leases.hold(one), leases.hold(other));
        leases.end(one);
        first.ended().await;
        second.ended().await;
        assert!(!foreign.is_ended());
    }

    // covers: AC-11
    #[tokio::test]
    async fn no_hold_lasts_while_leases_are_closed() {
        let leases = Leases::default();
        let (id, other) = (session(), session());
        let before = leases.hold(id);
        leases.close();
        before.ended().await;
        leases.closed().await;
        assert!(leases.hold(id).is_ended() && leases.hold(other).is_ended());
        assert!(leases.lock().is_empty());
        leases.open();
        let after = leases.hold(id);
        assert!(!after.is_ended() && !leases.are_closed());
        drop(before);
        leases.end(id);
        assert!(after.is_ended());
    }

    #[test]
    fn holds_that_were_let_go_leave_nothing_behind() {
        let leases = Leases::default();
        let id = session();
        let (first, second) = (leases.hold(id), leases.hold(id));
        assert_eq!(leases.holders(id), 2);
        drop(first);
        drop(second);
        assert!(leases.lock().is_empty());
    }

    #[test]
    fn an_ended_hold_does_not_let_go_of_a_later_one() {
        let leases = Leases::default();
        let id = session();
        let ended = leases.hold(id);
        leases.end(id);
        let later = leases.hold(id);
        drop(ended);
        leases.end(id);
        assert!(later.is_ended());
    }
}
