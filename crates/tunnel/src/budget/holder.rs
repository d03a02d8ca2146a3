//! For whom bytes are held: for all together, for the owners of agents among them, for the agents
//! of an owner, for the people who use an agent's printers. What is held for one of them is held for
//! those above, too.

use std::{
    cmp::Reverse,
    collections::HashMap,
    iter::successors,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use printer::{AccountId, AgentId};
use tokio::time::Instant;

use crate::basin::{Basin, WeakBasin};

/// A part of those for whom bytes are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Name {
    /// Whose agents they are.
    Owner(Option<AccountId>),
    Agent(AgentId),
    /// Who uses its printers; nobody where the hub itself does.
    Person(Option<AccountId>),
}

/// Some for whom bytes are held.
#[derive(Debug)]
pub(super) struct Holder {
    above: Option<Arc<Holder>>,
    common: Arc<Common>,
    held: AtomicUsize,
    most: usize,
    /// Those that still are. Each new one has the others looked through, so that no more are kept
    /// than there were at a time.
    parts: Mutex<HashMap<Name, Weak<Holder>>>,
    answers: Mutex<Answers>,
}

#[derive(Debug)]
struct Common {
    /// Who has less than that isn't slowed down for others, in bytes.
    modest: usize,
    given_up: AtomicU64,
    /// One at a time, so that no more is given up than has to be.
    saving: Mutex<()>,
}

#[derive(Debug, Default)]
struct Answers {
    next: u64,
    waiting: HashMap<u64, Answer>,
}

#[derive(Debug)]
struct Answer {
    basin: WeakBasin,
    /// Given up after all others.
    urgent: bool,
}

/// An answer of which something waits.
struct Unread {
    since: Instant,
    basin: Basin,
}

impl Holder {
    /// All together: for whom how many bytes may be held at most, and with how few somebody is not
    /// slowed down for others.
    pub(super) fn new(most: usize, modest: usize) -> Arc<Self> {
        let (given_up, saving) = (AtomicU64::new(0), Mutex::default());
        Self::under(None, Arc::new(Common { modest, given_up, saving }), most)
    }

    fn under(above: Option<Arc<Self>>, common: Arc<Common>, most: usize) -> Arc<Self> {
        let (held, parts, answers) = (AtomicUsize::new(0), Mutex::default(), Mutex::default());
        Arc::new(Self { above, common, held, most, parts, answers })
    }

    /// The part with this name: the one that is, or a new one for which so many bytes may be held.
    pub(super) fn part(self: &Arc<Self>, name: Name, most: usize) -> Arc<Self> {
        let mut parts = lock(&self.parts);
        if let Some(part) = parts.get(&name).and_then(Weak::upgrade) {
            return part;
        }
        let part = Self::under(Some(Arc::clone(self)), Arc::clone(&self.common), most);
        parts.retain(|_, part| part.strong_count() > 0);
        parts.insert(name, Arc::downgrade(&part));
        part
    }

    /// Notes an answer, which has this number from now on.
    pub(super) fn open(&self, basin: WeakBasin, urgent: bool) -> u64 {
        let mut answers = lock(&self.answers);
        let number = answers.next;
        answers.next += 1;
        answers.waiting.insert(number, Answer { basin, urgent });
        number
    }

    /// Forgets an answer.
    pub(super) fn close(&self, number: u64) {
        lock(&self.answers).waiting.remove(&number);
    }

    /// So many bytes more are held.
    pub(super) fn add(&self, bytes: usize) {
        for holder in self.upwards() {
            holder.held.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// So many bytes less are held.
    pub(super) fn take(&self, bytes: usize) {
        for holder in self.upwards() {
            holder.held.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// How many answers were given up so far.
    pub(super) fn given_up(&self) -> u64 {
        self.common.given_up.load(Ordering::Relaxed)
    }

    /// Whether half of what this one, or one above, may take is spent. Nobody who takes little is
    /// slowed down for others.
    pub(super) fn is_tight(&self) -> bool {
        let mut part = self;
        self.upwards().any(|holder| {
            let is_its_concern = std::ptr::eq(holder, self) || part.held() >= self.common.modest;
            part = holder;
            is_its_concern && holder.held() > holder.most / 2
        })
    }

    pub(super) fn is_overspent(&self) -> bool {
        self.upwards().any(Self::is_spent)
    }

    /// Gives up answers until nothing is overspent any more.
    pub(super) fn save(&self) {
        let _turn = lock(&self.common.saving);
        for holder in self.upwards() {
            while holder.is_spent() && (holder.give_up(false) || holder.give_up(true)) {}
        }
    }

    fn is_spent(&self) -> bool {
        self.held() > self.most
    }

    /// This one, and those above.
    fn upwards(&self) -> impl Iterator<Item = &Self> {
        successors(Some(self), |holder| holder.above.as_deref())
    }

    /// Gives up one of the answers that are, or aren't, urgent, if any is unread.
    fn give_up(&self, urgent: bool) -> bool {
        let Some(unread) = self.unread(urgent) else { return false };
        if unread.basin.give_up() {
            self.common.given_up.fetch_add(1, Ordering::Relaxed);
            tracing::info!("a body that nobody reads was given up: memory is needed for others");
        }
        true
    }

    /// Of those for whom most is held, or hardly less, what was left unread for the longest time.
    fn unread(&self, urgent: bool) -> Option<Unread> {
        let parts: Vec<_> = lock(&self.parts).values().filter_map(Weak::upgrade).collect();
        let mut parts: Vec<_> = parts.iter().map(|part| (part.held(), part)).collect();
        parts.sort_unstable_by_key(|(held, _)| Reverse(*held));
        let most = parts.first().map_or(0, |(held, _)| *held);
        let count = parts.partition_point(|(held, _)| *held >= most - most / 4);
        let mut unread = parts.iter().map(|(_, part)| part.unread(urgent));
        let of_most = unread.by_ref().take(count).flatten().min_by_key(|unread| unread.since);
        self.longest(urgent).or(of_most).or_else(|| unread.flatten().next())
    }

    /// Which of its own answers was left unread for the longest time.
    fn longest(&self, urgent: bool) -> Option<Unread> {
        let waiting: Vec<_> = lock(&self.answers)
            .waiting
            .values()
            .filter(|answer| answer.urgent == urgent)
            .filter_map(|answer| answer.basin.upgrade())
            .collect();
        let unread = |basin: Basin| Some(Unread { since: basin.unread_since()?, basin });
        waiting.into_iter().filter_map(unread).min_by_key(|unread| unread.since)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WeakBasin {
    fn upgrade(&self) -> Option<Basin> {
        Basin::of(self)
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;

    fn name() -> Name {
        Name::Agent(AgentId::new(&SystemClock::new(), &OsRandom))
    }

    #[test]
    fn parts_that_are_gone_are_forgotten() {
        let all = Holder::new(1, 1);
        let lasting = name();
        let kept = all.part(lasting, 1);
        for _ in 0..10 {
            drop(all.part(name(), 1));
        }
        assert!(Arc::ptr_eq(&kept, &all.part(lasting, 1)));
        assert_eq!(lock(&all.parts).len(), 2);
    }
}
