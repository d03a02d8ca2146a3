//! Short news for everyone who listens. An event says what may have changed, never how: who hears
//! it reads the state again, so that a lost event costs time and never a right.

use printer::{AccountId, AgentId, SessionId};
use tokio::sync::broadcast;

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The printers of this agent, or whether they are online.
    PrintersChanged(AgentId),
    /// This agent: connected, gone, linked or unlinked.
    AgentChanged(AgentId),
    /// This session is over.
    SessionEnded(SessionId),
    /// What this account may do.
    GrantsChanged(AccountId),
    /// The link offer with this public id.
    LinkChanged(String),
}

impl Event {
    /// How many events a listener may be behind before it misses some.
    pub const BUFFERED: usize = 1024;
}

#[derive(Clone)]
pub(crate) struct Events(broadcast::Sender<Event>);

impl Events {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(Event::BUFFERED))
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }

    pub(crate) fn publish(&self, event: Event) {
        // An error means that nobody listens.
        let _ = self.0.send(event);
    }
}
