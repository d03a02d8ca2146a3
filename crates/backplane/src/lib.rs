//! What hub nodes share while they run: who is there, what just changed, which sessions have
//! ended, and how often someone failed to sign in. Kept in memory; nothing here has to survive a
//! restart. Every method says what it means rather than how it is kept, so that several nodes can
//! later share it through Redis.

mod allowances;
mod events;
mod failures;
mod leases;
mod network;
mod places;
mod presence;
mod tally;
mod tickets;

use std::sync::Arc;

use printer::{Clock, SessionId};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

pub use allowances::Allowances;
pub use events::Event;
pub use failures::{Attempt, Failures, Secret, Showing, TooMany};
pub use leases::{Lease, Leases};
pub use network::{Neighbourhood, Network};
pub use places::{Asker, Busy, Place, Places};
pub use presence::{Arrival, Presence, Present};
pub use tally::{Counted, Tally};
pub use tickets::{Full, TicketDigest, TicketEntry, Tickets};

/// The shared state of a running hub. Clones share it.
#[derive(Clone)]
pub struct Backplane(Arc<Shared>);

struct Shared {
    events: events::Events,
    leases: Leases,
    tickets: Tickets,
    presence: Presence,
    failures: Failures,
    allowances: Allowances,
    stopping: CancellationToken,
}

impl Backplane {
    /// An empty backplane for one node.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let events = events::Events::new();
        Self(Arc::new(Shared {
            leases: Leases::default(),
            tickets: Tickets::new(Arc::clone(&clock)),
            presence: Presence::new(events.clone()),
            failures: Failures::new(Arc::clone(&clock)),
            allowances: Allowances::new(clock),
            stopping: CancellationToken::new(),
            events,
        }))
    }

    /// Everything that is published from now on. A receiver that falls more than
    /// [`Event::BUFFERED`] events behind is told so (`Lagged`) and must then assume that anything
    /// may have changed.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Tells everyone who listens. Nobody listening is no error.
    pub fn publish(&self, event: Event) {
        self.0.events.publish(event);
    }

    /// What long-lived streams hang on.
    pub fn leases(&self) -> &Leases {
        &self.0.leases
    }

    /// Ends everything that runs under a session, and says so.
    pub fn end_session(&self, session: SessionId) {
        self.0.leases.end(session);
        self.publish(Event::SessionEnded(session));
    }

    /// Says that this node stops: what would go on for ever is to end now, so that nobody waits
    /// for it.
    pub fn stop(&self) {
        self.0.stopping.cancel();
    }

    /// Cancelled once this node stops.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// The single-use tickets with which a browser enters a printer's origin.
    pub fn tickets(&self) -> &Tickets {
        &self.0.tickets
    }

    /// Which agents are connected.
    pub fn presence(&self) -> &Presence {
        &self.0.presence
    }

    /// What may be asked for only so often.
    pub fn allowances(&self) -> &Allowances {
        &self.0.allowances
    }

    /// Failed attempts to sign in.
    pub fn failures(&self) -> &Failures {
        &self.0.failures
    }
}
