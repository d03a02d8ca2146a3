//! A stream's place among those that a connection can carry at once. Every WebSocket and camera
//! holds one for as long as it is open, so the wait for one is bounded, and some are kept for
//! what must always get through.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{Error, Limits, Rider};

/// Which streams a request may use. Put it among the request's extensions; it stays on this side
/// of the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Priority {
    /// Any stream but the reserved ones.
    #[default]
    Visitor,
    /// The hub's own questions and emergency stops: the reserved streams too.
    Control,
}

/// A stream in use; free again, and its rider gone, when the last clone is gone.
#[derive(Debug, Clone)]
pub(crate) struct Slot(Arc<Taken>);

#[derive(Debug)]
struct Taken {
    rider: Option<Rider>,
    _permit: OwnedSemaphorePermit,
}

impl Slot {
    /// The request was given up before its answer was read to the end.
    pub(crate) fn given_up(&self) {
        if let Some(rider) = &self.0.rider {
            rider.given_up();
        }
    }
}

#[derive(Debug)]
pub(crate) struct Slots {
    common: Arc<Semaphore>,
    reserved: Arc<Semaphore>,
    /// The most streams in use at a time, without the reserved ones.
    most: usize,
    limits: Limits,
}

impl Slots {
    /// As many as the limits say, or as the other side allows if that is fewer.
    pub(crate) fn new(limits: Limits, allowed: usize) -> Self {
        let streams = usize::try_from(limits.streams).unwrap_or(usize::MAX).min(allowed);
        let reserved = usize::try_from(limits.reserved).unwrap_or_default().min(streams / 2);
        Self {
            common: Arc::new(Semaphore::new(streams - reserved)),
            reserved: Arc::new(Semaphore::new(reserved)),
            most: streams - reserved,
            limits,
        }
    }

    /// Whether no stream is in use.
    pub(crate) fn are_free(&self) -> bool {
        self.common.available_permits() == self.most
    }

    /// Waits for a free stream, for at most the time that the limits allow.
    pub(crate) async fn acquire(
        &self,
        priority: Priority,
        rider: Option<Rider>,
    ) -> Result<Slot, Error> {
        let waiting = timeout(self.limits.slot_wait, self.any(priority));
        let permit = waiting.await.map_err(|_| Error::Busy)?.ok_or(Error::Closed)?;
        Ok(Slot(Arc::new(Taken { rider, _permit: permit })))
    }

    async fn any(&self, priority: Priority) -> Option<OwnedSemaphorePermit> {
        let common = self.common.clone().acquire_owned();
        match priority {
            Priority::Visitor => common.await.ok(),
            Priority::Control => tokio::select! {
                biased;
                permit = common => permit.ok(),
                permit = self.reserved.clone().acquire_owned() => permit.ok(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn visitors_with_all_streams_leave_the_reserved_ones() {
        let slots = Slots::new(Limits::TUNNEL, 256);
        let mut held = Vec::new();
        for _ in 0..240 {
            held.push(slots.acquire(Priority::Visitor, None).await.unwrap());
        }
        assert!(matches!(slots.acquire(Priority::Visitor, None).await, Err(Error::Busy)));
        for _ in 0..16 {
            held.push(slots.acquire(Priority::Control, None).await.unwrap());
        }
        assert!(matches!(slots.acquire(Priority::Control, None).await, Err(Error::Busy)));
        held.remove(0);
        assert!(slots.acquire(Priority::Visitor, None).await.is_ok());
    }

    #[tokio::test]
    async fn the_other_sides_limit_counts_if_it_is_lower() {
        let slots = Slots::new(Limits::TUNNEL, 3);
        assert_eq!(slots.common.available_permits(), 2);
        assert_eq!(slots.reserved.available_permits(), 1);
    }
}
