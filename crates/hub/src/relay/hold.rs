//! What a relayed request hangs on, and ends with: the session's lease, the session's absolute
//! end, and the person's right to use the printer (AC-11). Listen first, check second, hold third,
//! and look once more before something is sent: whenever a revocation falls, one of the four sees
//! it.

mod rights;

use std::{sync::Arc, time::Duration};

use backplane::{Event, Lease};
use printer::{AccountId, Level, PrinterId, SessionId, Timestamp};
use store::{Account, Session};
use tokio::{sync::broadcast::Receiver, time::sleep};

use self::rights::Rights;
use crate::state::Shared;

/// Listening for the end of a session and of rights that are to be checked now.
pub(super) struct Listening {
    lease: Lease,
    events: Receiver<Event>,
}

/// A hold on everything that lets a request be relayed.
pub(super) struct Hold {
    state: Shared,
    lease: Lease,
    /// When the session ends, however much it is used.
    expires: Timestamp,
    rights: Rights,
}

impl Listening {
    /// Listens from now on: check the session and the rights after this.
    pub(super) fn begin(state: &Shared, session: SessionId) -> Self {
        let lease = state.backplane.leases().hold(session);
        Self { lease, events: state.backplane.events() }
    }

    /// They were checked: this person has this session, and this level on a printer.
    pub(super) fn hold(
        self,
        state: &Shared,
        (session, account): (Session, Account),
        (printer, level): (PrinterId, Level),
    ) -> Hold {
        let Self { lease, events } = self;
        let (store, clock) = (state.store.clone(), Arc::clone(&state.clock));
        let rights = Rights { store, clock, events, in_doubt: false, account, printer, level };
        Hold { state: state.clone(), lease, expires: session.expires, rights }
    }
}

impl Hold {
    /// The hub.
    pub(super) const fn state(&self) -> &Shared {
        &self.state
    }

    /// Whose it is.
    pub(super) const fn account(&self) -> AccountId {
        self.rights.account.id
    }

    /// The session under which it is.
    pub(super) const fn session(&self) -> SessionId {
        self.lease.session()
    }

    /// Waits until the request may go on no longer. To be given up and called again as one likes.
    pub(super) async fn ended(&mut self) {
        let left = until(self.state.clock.now(), self.expires);
        let Self { lease, rights, .. } = self;
        tokio::select! {
            biased;
            () = lease.ended() => {}
            () = sleep(left) => {}
            () = rights.lost() => {}
        }
    }

    /// Whether the request may go on, after something that took its time.
    pub(super) async fn lasts(&mut self) -> bool {
        let over = self.expires <= self.state.clock.now();
        let Self { lease, rights, .. } = self;
        let there = tokio::select! {
            biased;
            () = lease.ended() => false,
            there = rights.last() => there,
        };
        !over && there && !self.lease.is_ended()
    }
}

fn until(now: Timestamp, then: Timestamp) -> Duration {
    let micros = then.as_unix_micros().saturating_sub(now.as_unix_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}
