//! Tickets carry a sign-in from the dashboard's origin to a printer's: made for one session, one
//! printer, one origin and one browser, good once and for seconds. Only digests are kept.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use printer::{AccountId, Clock, PrinterId, SessionId};

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
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    tickets: HashMap<TicketDigest, Ticket>,
    /// The tickets of each account, oldest first; some may have been handed in meanwhile.
    accounts: HashMap<AccountId, VecDeque<TicketDigest>>,
}

struct Ticket {
    entry: TicketEntry,
    until: Duration,
}

/// Too many tickets are waiting to be handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tickets are waiting")]
pub struct Full;

impl Tickets {
    /// The most tickets that may wait for all accounts together, and for one account.
    pub const MAX: (usize, usize) = (10_000, 64);

    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, waiting: Arc::default() }
    }

    /// Keeps a ticket of an account for `lifetime` of monotonic time. An account that has too many
    /// loses its oldest.
    ///
    /// # Errors
    /// [`Full`] where all accounts together have too many.
    pub fn put(
        &self,
        account: AccountId,
        entry: TicketEntry,
        digest: TicketDigest,
        lifetime: Duration,
    ) -> Result<(), Full> {
        let now = self.clock.monotonic();
        let mut waiting = self.lock();
        waiting.make_room(account, now)?;
        waiting.accounts.entry(account).or_default().push_back(digest);
        waiting.tickets.insert(digest, Ticket { entry, until: now.saturating_add(lifetime) });
        Ok(())
    }

    /// Hands a ticket in. It is gone afterwards, whoever asked and whatever comes of it.
    pub fn take(&self, digest: &TicketDigest) -> Option<TicketEntry> {
        let ticket = self.lock().tickets.remove(digest)?;
        (ticket.until > self.clock.monotonic()).then_some(ticket.entry)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Makes room for one more ticket of an account. Looks at everyone's tickets only when there
    /// are too many.
    fn make_room(&mut self, account: AccountId, now: Duration) -> Result<(), Full> {
        let (all, each) = Tickets::MAX;
        if let Some(own) = self.accounts.get_mut(&account) {
            own.retain(|digest| self.tickets.get(digest).is_some_and(|ticket| ticket.until > now));
            while own.len() >= each {
                own.pop_front().and_then(|oldest| self.tickets.remove(&oldest));
            }
        }
        if self.tickets.len() >= all {
            self.tickets.retain(|_, ticket| ticket.until > now);
            let Self { tickets, accounts } = self;
            accounts.retain(|_, own| own.iter().any(|digest| tickets.contains_key(digest)));
        }
        if self.tickets.len() >= all { Err(Full) } else { Ok(()) }
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

    fn account() -> AccountId {
        AccountId::new(&SystemClock::new(), &OsRandom)
    }

    // covers: RL-2
    #[test]
    fn a_ticket_is_good_once() {
        let tickets = Tickets::new(Arc::new(TestClock::default()));
        tickets.put(account(), entry(), [1; 32], LIFETIME).unwrap();
        assert!(tickets.take(&[1; 32]).is_some());
        assert_eq!(tickets.take(&[1; 32]), None);
    }

    #[test]
    fn a_ticket_expires() {
        let clock = Arc::new(TestClock::default());
        let tickets = Tickets::new(Arc::<TestClock>::clone(&clock));
        tickets.put(account(), entry(), [1; 32], LIFETIME).unwrap();
        clock.pass(LIFETIME);
        assert_eq!(tickets.take(&[1; 32]), None);
    }

    #[test]
    fn one_account_cannot_fill_the_table() {
        let clock = Arc::new(TestClock::default());
        let tickets = Tickets::new(Arc::<TestClock>::clone(&clock));
        let (greedy, other) = (account(), account());
        tickets.put(other, entry(), [100; 32], LIFETIME).unwrap();
        for n in 0..=64 {
            tickets.put(greedy, entry(), [n; 32], LIFETIME).unwrap();
        }
        assert_eq!(tickets.lock().tickets.len(), 65);
        assert_eq!(tickets.take(&[0; 32]), None, "the oldest gave way");
        assert!(tickets.take(&[1; 32]).is_some());
        assert!(tickets.take(&[100; 32]).is_some());
    }

    #[test]
    fn expired_tickets_leave_room() {
        let clock = Arc::new(TestClock::default());
        let tickets = Tickets::new(Arc::<TestClock>::clone(&clock));
        let number = |n: u16| {
            let mut digest = [0; 32];
            digest[..2].copy_from_slice(&n.to_be_bytes());
            digest
        };
        for n in 0..10_000 {
            tickets.put(account(), entry(), number(n), LIFETIME).unwrap();
        }
        assert_eq!(tickets.put(account(), entry(), [255; 32], LIFETIME), Err(Full));
        clock.pass(LIFETIME);
        tickets.put(account(), entry(), [255; 32], LIFETIME).unwrap();
        assert_eq!(tickets.lock().accounts.len(), 1);
    }
}
