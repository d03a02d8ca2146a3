//! A few connections that wait for the next request. Only requests that change nothing use
//! them: a printer may close an idle connection at the very moment when it is used again, and
//! then nobody knows what became of the request.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::connection::Connection;

/// The most connections that wait. Small printers have few to give.
const MAX_IDLE: usize = 4;

/// How long one waits: less than common servers allow (5 s and more).
const IDLE: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<VecDeque<(Connection, Instant)>>);

impl Pool {
    pub(super) fn take(&self) -> Option<Connection> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((connection, since)) = idle.pop_back() {
            if since.elapsed() < IDLE && connection.is_usable() {
                return Some(connection);
            }
        }
        None
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Takes a connection back as soon as it is free, and closes it when it has waited too long.
    pub(super) fn take_back(self: &Arc<Self>, mut connection: Connection) {
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            if !connection.is_free().await {
                return;
            }
            if let Some(pool) = pool.upgrade() {
                pool.put(connection);
            }
            sleep(IDLE).await;
            if let Some(pool) = pool.upgrade() {
                pool.drop_expired();
            }
        });
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }

    fn put(&self, connection: Connection) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push_back((connection, Instant::now()));
        while idle.len() > MAX_IDLE {
            idle.pop_front();
        }
    }

    fn drop_expired(&self) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE);
    }
}
