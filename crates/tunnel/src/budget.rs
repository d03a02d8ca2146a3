//! How many bytes wait in memory for readers who don't read. HTTP/2 bounds them for each stream, but
//! hundreds of streams to each of many agents may stall at once. So they are counted, for each agent
//! and for all together. From half of the budget on, the other side may send less ahead; when it is
//! spent, the answer that was left unread for the longest time is given up. No other agent pays for
//! what one agent's visitors leave unread: of all agents, the one for which most is held gives first.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::basin::{Basin, WeakBasin};

/// What all agents' unread answers may take. Clones share it.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Common>);

#[derive(Debug)]
struct Common {
    each: usize,
    total: Total,
    given_up: AtomicU64,
    members: Mutex<Vec<Weak<Member>>>,
    /// One at a time, so that no more is given up than has to be.
    saving: Mutex<()>,
}

/// What one agent's unread answers may take, over all of its connections. Clones share it.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<Member>);

#[derive(Debug)]
struct Member {
    common: Arc<Common>,
    total: Total,
    answers: Mutex<Answers>,
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

/// Bytes that are held, and may be.
#[derive(Debug)]
struct Total {
    held: AtomicUsize,
    most: usize,
}

/// An answer's place in the count. What was counted of it is taken off when this is dropped.
#[derive(Debug)]
pub(crate) struct Account {
    member: Arc<Member>,
    number: u64,
    held: usize,
}

impl Budget {
    /// Bytes for each agent, and for all together.
    pub fn new(each: usize, all: usize) -> Self {
        let (total, given_up) = (Total::new(all), AtomicU64::new(0));
        let (members, saving) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Common { each, total, given_up, members, saving }))
    }

    /// One more agent.
    pub fn allowance(&self) -> Allowance {
        let (common, total) = (Arc::clone(&self.0), Total::new(self.0.each));
        let member = Arc::new(Member { common, total, answers: Mutex::default() });
        let mut members = lock(&self.0.members);
        members.retain(|member| member.strong_count() > 0);
        members.push(Arc::downgrade(&member));
        Allowance(member)
    }

    /// Bytes that wait for readers.
    pub fn held(&self) -> usize {
        self.0.total.held()
    }

    /// How many answers were given up so far because the budget was spent.
    pub fn given_up(&self) -> u64 {
        self.0.given_up.load(Ordering::Relaxed)
    }
}

impl Allowance {
    /// For connections on which nobody but this program itself asks.
    pub(crate) fn unbounded() -> Self {
        Budget::new(usize::MAX, usize::MAX).allowance()
    }

    /// Bytes that wait for readers.
    pub fn held(&self) -> usize {
        self.0.total.held()
    }

    /// Counts what waits in a basin from now on.
    pub(crate) fn open(&self, basin: WeakBasin, urgent: bool) -> Account {
        let mut answers = lock(&self.0.answers);
        let number = answers.next;
        answers.next += 1;
        answers.waiting.insert(number, Answer { basin, urgent });
        Account { member: Arc::clone(&self.0), number, held: 0 }
    }
}

impl Account {
    /// So many bytes more wait.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.held += bytes;
        self.member.total.add(bytes);
        self.member.common.total.add(bytes);
    }

    /// So many bytes were read.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.held -= bytes;
        self.member.total.take(bytes);
        self.member.common.total.take(bytes);
    }

    /// Whether the other side shall send less ahead.
    pub(crate) fn is_tight(&self) -> bool {
        let Member { total, common, .. } = &*self.member;
        total.is_half_spent() || (common.total.is_half_spent() && !total.is_modest())
    }

    /// What gives up answers, if a budget is spent. To be called without any lock.
    pub(crate) fn overspent(&self) -> Option<impl FnOnce() + use<>> {
        let spent = self.member.total.is_spent() || self.member.common.total.is_spent();
        spent.then(|| {
            let member = Arc::clone(&self.member);
            move || member.save()
        })
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.take(self.held);
        lock(&self.member.answers).waiting.remove(&self.number);
    }
}

impl Member {
    fn save(&self) {
        let _turn = lock(&self.common.saving);
        while self.total.is_spent() && self.give_one_up() {}
        while self.common.total.is_spent()
            && self.common.largest().is_some_and(|it| it.give_one_up())
        {}
    }

    /// Gives up the answer that was left unread for the longest time, if any is.
    fn give_one_up(&self) -> bool {
        let waiting: Vec<_> = lock(&self.answers)
            .waiting
            .values()
            .filter_map(|answer| Some((answer.urgent, answer.basin.upgrade()?)))
            .collect();
        let unread = waiting
            .iter()
            .filter_map(|(urgent, basin)| Some((urgent, basin.unread_since()?, basin)));
        let longest = unread.min_by_key(|(urgent, since, _)| (**urgent, *since));
        let Some((_, _, basin)) = longest else { return false };
        if basin.give_up() {
            self.common.given_up.fetch_add(1, Ordering::Relaxed);
            tracing::info!("an answer that nobody reads was given up: memory is needed for others");
        }
        true
    }
}

impl Common {
    /// The agent for which most is held.
    fn largest(&self) -> Option<Arc<Member>> {
        let members: Vec<_> = lock(&self.members).iter().filter_map(Weak::upgrade).collect();
        members.into_iter().max_by_key(|member| member.total.held())
    }
}

impl Total {
    const fn new(most: usize) -> Self {
        Self { held: AtomicUsize::new(0), most }
    }

    fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn is_spent(&self) -> bool {
        self.held() > self.most
    }

    /// Whether so little of it is spent that others' thirst is none of its concern.
    fn is_modest(&self) -> bool {
        self.held() < self.most / 8
    }

    fn is_half_spent(&self) -> bool {
        self.held() > self.most / 2
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
