//! A guard against an agent that makes the hub remember more and more streams.

use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use h2::client::SendRequest;

use crate::Limits;

/// Watches how many streams a connection holds in memory. With [`Limits::mistakes`] at `None`
/// the library doesn't count the other side's mistakes, but each of them may bring a stream back
/// that was forgotten long ago.
#[derive(Clone)]
pub(crate) struct Crowd {
    most: usize,
    sender: Arc<OnceLock<Weak<SendRequest<Bytes>>>>,
}

impl Crowd {
    /// All streams in use, and twice the remembered ones.
    pub(crate) fn new(limits: Limits) -> Self {
        let streams = usize::try_from(limits.streams).unwrap_or(usize::MAX);
        let most = streams.saturating_add(limits.remembered_resets.saturating_mul(2));
        Self { most, sender: Arc::default() }
    }

    /// Weakly: a connection that nobody can use any more ends by itself.
    pub(crate) fn watch(&self, sender: &Arc<SendRequest<Bytes>>) {
        let _ = self.sender.set(Arc::downgrade(sender));
    }

    pub(crate) fn is_too_large(&self) -> bool {
        let sender = self.sender.get().and_then(Weak::upgrade);
        sender.is_some_and(|sender| sender.num_wired_streams() > self.most)
    }
}
