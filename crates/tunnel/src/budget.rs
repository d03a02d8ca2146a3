//! How many bytes wait in memory for readers who don't read. HTTP/2 bounds them for each stream, but
//! hundreds of streams to each of many agents may stall at once. So they are counted, for each agent
//! and for all together. From half of the budget on, the other side may send less ahead; when it is
//! spent, the answer that was left unread for the longest time is given up. Nobody pays for what is
//! held for others: the owner of agents for whom most is held gives first, of these agents the one
//! for which most is held, and of those who use its printers the person for whom most is held.

mod holder;

use std::sync::Arc;

use printer::{AccountId, AgentId};

use crate::basin::WeakBasin;
use holder::{Holder, Name};

/// What all agents' unread answers may take. Clones share it.
#[derive(Debug, Clone)]
pub struct Budget {
    each: usize,
    all: Arc<Holder>,
}

/// What one agent's unread answers may take, over all of its connections. Clones share it.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<Holder>);

/// Whose bytes they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reader {
    /// None: this program itself.
    pub(crate) person: Option<AccountId>,
    /// Its answers are given up after all others.
    pub(crate) urgent: bool,
}

/// An answer's place in the count. What was counted of it is taken off when this is dropped.
#[derive(Debug)]
pub(crate) struct Account {
    holder: Arc<Holder>,
    number: u64,
    held: usize,
}

impl Budget {
    /// Bytes for each agent, and for all together. A person, or an owner of agents, who takes less
    /// than a sixteenth of what an agent may isn't slowed down for others.
    pub fn new(each: usize, all: usize) -> Self {
        Self { each, all: Holder::new(all, each / 16) }
    }

    /// What this agent of this owner may take: the same as before, for as long as one of its
    /// connections, or an answer of one, is left.
    pub fn allowance(&self, owner: Option<AccountId>, agent: AgentId) -> Allowance {
        let owner = self.all.part(Name::Owner(owner), usize::MAX);
        Allowance(owner.part(Name::Agent(agent), self.each))
    }

    /// Bytes that wait for readers.
    pub fn held(&self) -> usize {
        self.all.held()
    }

    /// How many answers were given up so far because the budget was spent.
    pub fn given_up(&self) -> u64 {
        self.all.given_up()
    }
}

impl Allowance {
    /// So many bytes, which count nowhere else.
    pub fn new(most: usize) -> Self {
        Self(Holder::new(most, most / 16))
    }

    /// For connections on which nobody but this program itself asks.
    pub fn unbounded() -> Self {
        Self::new(usize::MAX)
    }

    /// How many bodies were given up so far because it was spent.
    pub fn given_up(&self) -> u64 {
        self.0.given_up()
    }

    /// Bytes that wait for readers.
    pub fn held(&self) -> usize {
        self.0.held()
    }

    /// Counts what waits in a basin from now on.
    pub(crate) fn open(&self, basin: WeakBasin, reader: Reader) -> Account {
        let holder = self.0.part(Name::Person(reader.person), usize::MAX);
        let number = holder.open(basin, reader.urgent);
        Account { holder, number, held: 0 }
    }
}

impl Account {
    /// So many bytes more wait.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.held += bytes;
        self.holder.add(bytes);
    }

    /// So many bytes were read.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.held -= bytes;
        self.holder.take(bytes);
    }

    /// Whether the other side shall send less ahead.
    pub(crate) fn is_tight(&self) -> bool {
        self.holder.is_tight()
    }

    /// What gives up answers, if a budget is spent. To be called without any lock.
    pub(crate) fn overspent(&self) -> Option<impl FnOnce() + use<>> {
        self.holder.is_overspent().then(|| {
            let holder = Arc::clone(&self.holder);
            move || holder.save()
        })
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.take(self.held);
        self.holder.close(self.number);
    }
}
