//! Connections that wait for the next request. Only requests that change nothing use them: a
//! printer may close an idle connection at the very moment when it is used again, and then nobody
//! knows what became of the request.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::connection::Connection;

/// The most connections that wait. They were all in use at the same time a moment ago.
const MAX_IDLE: usize = 64;

/// How many go on waiting while a new one is made: small printers have few to give.
const FEW: usize = 3;

/// How long one waits: less than common servers allow (5 s and more).
const IDLE: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Idle>);

#[derive(Debug, Default)]
struct Idle {
    /// The one that has waited longest first.
    connections: VecDeque<(Connection, Instant)>,
    /// Whether somebody closes those that have waited too long.
    is_swept: bool,
}

impl Pool {
    /// One that can be used at once.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut idle = self.lock();
        idle.connections.retain(|(connection, since)| is_fresh(*since) && connection.is_open());
        let ready = idle.connections.iter().rposition(|(connection, _)| connection.is_ready())?;
        idle.connections.remove(ready).map(|(connection, _)| connection)
    }

    pub(super) fn clear(&self) {
        self.lock().connections.clear();
    }

    /// Makes room for a connection that is new to the printer.
    pub(super) fn make_room(&self) {
        let mut idle = self.lock();
        while idle.connections.len() > FEW {
            idle.connections.pop_front();
        }
    }

    /// Takes a connection back. It is used again when it is free, and closed when it has waited too
    /// long.
    pub(super) fn take_back(self: &Arc<Self>, connection: Connection) {
        let mut idle = self.lock();
        idle.connections.push_back((connection, Instant::now()));
        while idle.connections.len() > MAX_IDLE {
            idle.connections.pop_front();
        }
        if !std::mem::replace(&mut idle.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        !self.lock().connections.iter().any(|(connection, _)| connection.is_ready())
    }

    /// Closes those that have waited too long. `false` when none is left.
    fn drop_expired(&self) -> bool {
        let mut idle = self.lock();
        idle.connections.retain(|(_, since)| is_fresh(*since));
        idle.is_swept = !idle.connections.is_empty();
        idle.is_swept
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(since: Instant) -> bool {
    since.elapsed() < IDLE
}

/// Lasts as long as connections wait.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(IDLE).await;
        let goes_on = pool.upgrade().is_some_and(|pool| pool.drop_expired());
        if !goes_on {
            return;
        }
    }
}
