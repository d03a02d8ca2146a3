//! Something of the caller's that lasts as long as a request's stream. A stream stays taken for a
//! while after its request was cancelled, and whoever counts who holds how many must count it
//! for just as long.

use std::{any::Any, fmt, sync::Arc};

use printer::AccountId;

/// Rides along with a request: put it among the request's extensions. It stays on this side of
/// the tunnel, and is let go in the same moment as the request's stream.
#[derive(Clone)]
pub struct Rider {
    person: AccountId,
    rides: Arc<dyn Ride>,
    /// What is let go together with it.
    _more: Option<Arc<dyn Any + Send + Sync>>,
}

/// What can ride along with a request.
pub trait Ride: Send + Sync + 'static {
    /// The request was given up before its answer was read to the end. The stream is still taken.
    fn given_up(&self);
}

impl Rider {
    /// Lets something ride along with a request of this person, for whom what is left unread of its
    /// answer counts.
    pub fn new(person: AccountId, what: impl Ride) -> Self {
        Self { person, rides: Arc::new(what), _more: None }
    }

    /// The same, and something that is let go with this request's stream.
    #[must_use]
    pub fn and(&self, more: impl Send + Sync + 'static) -> Self {
        Self { person: self.person, rides: Arc::clone(&self.rides), _more: Some(Arc::new(more)) }
    }

    pub(crate) const fn person(&self) -> AccountId {
        self.person
    }

    pub(crate) fn given_up(&self) {
        self.rides.given_up();
    }
}

impl fmt::Debug for Rider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rider")
    }
}
