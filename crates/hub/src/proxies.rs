//! A proxy that the operator forgot to list (SV-4). All who come through it have its address, so
//! they share the limits on guessing, and nobody can be told from a neighbour. The hub can't mend
//! that; it can say so to those who can.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use edge::Connection;
use printer::Clock;

/// How long after the last such request it is still warned of.
const REMEMBERED: Duration = Duration::from_hours(1);

/// The unlisted proxy that was seen last, if one was.
#[derive(Debug, Default)]
pub(crate) struct Proxies(Mutex<Option<(IpAddr, Duration)>>);

impl Proxies {
    /// Looks at where a request came from. Only a private address is ever taken for a proxy: what
    /// a stranger on the Internet writes into a header says nothing about this network.
    pub(crate) fn look(&self, connection: &Connection, clock: &dyn Clock) {
        if connection.unlisted_proxy {
            let seen = (connection.peer.ip().to_canonical(), clock.monotonic());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        }
    }

    /// The address of a proxy that nobody listed.
    pub(crate) fn unlisted(&self, clock: &dyn Clock) -> Option<IpAddr> {
        let (address, seen) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        (clock.monotonic().saturating_sub(seen) < REMEMBERED).then_some(address)
    }

    /// Whether two people with one address may be taken for people at one place. With an unlisted
    /// proxy they may not (LK-2).
    pub(crate) fn addresses_are_true(&self, clock: &dyn Clock) -> bool {
        self.unlisted(clock).is_none()
    }
}
