//! Tickets carry a sign-in from the dashboard's origin to a printer's: made for one session, one
//! printer, one origin and one browser, good once and for seconds. Only digests are kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use printer::{Clock, PrinterId, SessionId};

/// SHA-256 of a ticket.
pub type TicketDigest = [u8; 32];

/// What a ticket is good for. All of it has to match where the ticket is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketEntry {
    /// The session that it stands for.
    pub session: SessionId,
    /// The printer that it opens.
    pub printer: PrinterId,
    /// SHA-256 of the cookie that the printer's origin set before it sent the browser here.
    pub pre_cookie: [u8; 32],
    /// The printer's origin (`https://name.localhost:3443`).
    pub origin: String,
}

/// Tickets that nobody has handed in yet. Clones share them.
#[derive(Clone)]
pub struct Tickets {
    clock: Arc<dyn Clock>,
    waiting: Arc<Mutex<HashMap<TicketDigest, Waiting>>>,
}

struct Waiting {
    entry: TicketEntry,
    until: Duration,
}

/// Too many tickets are waiting to be handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tickets are waiting")]
pub struct Full;

impl Tickets {
    /// The most tickets that may wait for all sessions together, and for one session.
    pub const MAX: (usize, usize) = (10_000, 64);

    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, waiting: Arc::default() }
    }

    /// Keeps a ticket for `lifetime` of monotonic time.
    pub fn put(
        &self,
        entry: TicketEntry,
        digest: TicketDigest,
        lifetime: Duration,
    ) -> Result<(), Full> {
        let now = self.clock.monotonic();
        let mut waiting = self.lock();
        waiting.retain(|_, ticket| ticket.until > now);
        let (all, each) = Self::MAX;
        let same = waiting.values().filter(|other| other.entry.session == entry.session).count();
        if waiting.len() >= all || same >= each {
            return Err(Full);
        }
        waiting.insert(digest, Waiting { entry, until: now.saturating_add(lifetime) });
        Ok(())
    }

    /// Hands a ticket in. It is gone afterwards, whoever asked and whatever comes of it.
    pub fn take(&self, digest: &TicketDigest) -> Option<TicketEntry> {
        let ticket = self.lock().remove(digest)?;
        (ticket.until > self.clock.monotonic()).then_some(ticket.entry)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TicketDigest, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;
    use crate::failures::tests::TestClock;

    const LIFETIME: Duration = Duration::from_secs(30);

    fn entry() -> TicketEntry {
        let clock = SystemClock::new();
        TicketEntry {
            session: SessionId::new(&clock, &OsRandom),
            printer: PrinterId::new(&clock, &OsRandom),
            pre_cookie: [7; 32],
            origin: "https://a.localhost:3443".to_owned(),
        }
    }

    // covers: RL-2
    #[test]
    fn a_ticket_is_good_once() {
        let tickets = Tickets::new(Arc::new(TestClock::default()));
        tickets.put(entry(), [1; 32], LIFETIME).unwrap();
        assert!(tickets.take(&[1; 32]).is_some());
        assert_eq!(tickets.take(&[1; 32]), None);
    }

    #[test]
    fn a_ticket_expires() {
        let clock = Arc::new(TestClock::default());
        let tickets = Tickets::new(Arc::<TestClock>::clone(&clock));
        tickets.put(entry(), [1; 32], LIFETIME).unwrap();
        clock.pass(LIFETIME);
        assert_eq!(tickets.take(&[1; 32]), None);
    }

    #[test]
    fn one_session_cannot_fill_the_table() {
        let clock = Arc::new(TestClock::default());
        let tickets = Tickets::new(Arc::<TestClock>::clone(&clock));
        let greedy = entry();
        for n in 0..64 {
            tickets.put(greedy.clone(), [n; 32], LIFETIME).unwrap();
        }
        assert_eq!(tickets.put(greedy.clone(), [99; 32], LIFETIME), Err(Full));
        tickets.put(entry(), [100; 32], LIFETIME).unwrap();
        clock.pass(LIFETIME);
        tickets.put(greedy, [99; 32], LIFETIME).unwrap();
    }
}
