//! How often someone failed to sign in lately (SV-5): per address and account, and per address.
//! An attempt counts as a failure from its start until it proves otherwise, so that a hundred
//! guesses at once are no way around the limit.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use printer::Clock;

/// Failed sign-ins of the last [`Failures::WINDOW`]. Clones share them.
#[derive(Clone)]
pub struct Failures(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    pairs: Windows<(IpAddr, String)>,
    addresses: Windows<IpAddr>,
}

/// Too many failures: nothing may be tried until `retry_after` has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failed attempts")]
pub struct TooMany {
    /// How long to wait, rounded up to whole seconds, at least one.
    pub retry_after: Duration,
}

/// One attempt to sign in. It stays counted as a failure unless it is told otherwise.
#[must_use = "an attempt that is only dropped counts as a failure"]
pub struct Attempt {
    failures: Failures,
    pair: (IpAddr, String),
    at: Duration,
}

impl Failures {
    /// The time in which failures count.
    pub const WINDOW: Duration = Duration::from_mins(15);
    /// Failures from one address at one account.
    pub const PER_ACCOUNT: usize = 5;
    /// Failures from one address.
    pub const PER_ADDRESS: usize = 50;

    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared { clock, counts: Mutex::default() }))
    }

    /// Begins an attempt. An IPv6 address stands for its /64, for that is what one household or
    /// one rented machine has.
    pub fn attempt(&self, address: IpAddr, account: &str) -> Result<Attempt, TooMany> {
        let at = self.0.clock.monotonic();
        let pair = (network(address), account.to_owned());
        let mut counts = self.lock();
        counts.pairs.check(&pair, at, Self::PER_ACCOUNT)?;
        counts.addresses.check(&pair.0, at, Self::PER_ADDRESS)?;
        counts.pairs.add(pair.clone(), at);
        counts.addresses.add(pair.0, at);
        drop(counts);
        Ok(Attempt { failures: self.clone(), pair, at })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// It was the right person: earlier failures of this address at this account are forgiven.
    pub fn succeeded(self) {
        let mut counts = self.failures.lock();
        counts.pairs.0.remove(&self.pair);
        counts.addresses.remove_one(&self.pair.0, self.at);
    }

    /// Nothing was tried after all (the hub was too busy).
    pub fn withdrawn(self) {
        let mut counts = self.failures.lock();
        counts.pairs.remove_one(&self.pair, self.at);
        counts.addresses.remove_one(&self.pair.0, self.at);
    }
}

/// Moments of failures per key, oldest first. Bounded: the key that failed longest ago gives way.
struct Windows<K>(HashMap<K, VecDeque<Duration>>);

impl<K> Default for Windows<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> Windows<K> {
    const MAX: usize = 100_000;

    fn check(&mut self, key: &K, now: Duration, limit: usize) -> Result<(), TooMany> {
        let Some(moments) = self.0.get_mut(key) else { return Ok(()) };
        forget_old(moments, now);
        match moments.front() {
            Some(oldest) if moments.len() >= limit => {
                let left = Failures::WINDOW.saturating_sub(now.saturating_sub(*oldest));
                Err(TooMany { retry_after: whole_seconds(left) })
            }
            _ => Ok(()),
        }
    }

    fn add(&mut self, key: K, now: Duration) {
        if self.0.len() >= Self::MAX && !self.0.contains_key(&key) {
            self.make_room(now);
        }
        self.0.entry(key).or_default().push_back(now);
    }

    fn make_room(&mut self, now: Duration) {
        self.0.retain(|_, moments| {
            forget_old(moments, now);
            !moments.is_empty()
        });
        if self.0.len() < Self::MAX {
            return;
        }
        let oldest = self.0.iter().min_by_key(|(_, moments)| moments.back().copied());
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.0.remove(&key);
        }
    }

    fn remove_one(&mut self, key: &K, at: Duration) {
        let Some(moments) = self.0.get_mut(key) else { return };
        if let Some(place) = moments.iter().position(|moment| *moment == at) {
            moments.remove(place);
        }
        if moments.is_empty() {
            self.0.remove(key);
        }
    }
}

fn forget_old(moments: &mut VecDeque<Duration>, now: Duration) {
    while moments.front().is_some_and(|oldest| now.saturating_sub(*oldest) >= Failures::WINDOW) {
        moments.pop_front();
    }
}

/// Rounded up, and at least one.
fn whole_seconds(time: Duration) -> Duration {
    let begun = u64::from(time.subsec_nanos() > 0);
    Duration::from_secs((time.as_secs() + begun).max(1))
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use printer::Timestamp;

    use super::*;

    #[derive(Default)]
    pub(crate) struct TestClock(AtomicU64);

    impl TestClock {
        pub(crate) fn pass(&self, time: Duration) {
            self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
        }
    }

    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_micros(1_700_000_000_000_000).plus(self.monotonic())
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    fn failures() -> (Arc<TestClock>, Failures) {
        let clock = Arc::new(TestClock::default());
        (Arc::clone(&clock), Failures::new(clock))
    }

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

    fn fail(failures: &Failures, address: IpAddr, account: &str, times: usize) {
        for _ in 0..times {
            drop(failures.attempt(address, account).unwrap());
        }
    }

    // covers: SV-5
    #[test]
    fn the_sixth_failure_has_to_wait_for_the_first_to_age() {
        let (clock, failures) = failures();
        fail(&failures, HOME, "ada", 1);
        clock.pass(Duration::from_mins(5));
        fail(&failures, HOME, "ada", 4);
        let wait = failures.attempt(HOME, "ada").err().unwrap().retry_after;
        assert_eq!(wait, Duration::from_mins(10));
        clock.pass(Duration::from_mins(10));
        assert!(failures.attempt(HOME, "ada").is_ok());
    }

    #[test]
    fn others_are_not_locked_out() {
        let (_, failures) = failures();
        fail(&failures, HOME, "ada", 5);
        assert!(failures.attempt(HOME, "ben").is_ok());
        assert!(failures.attempt(IpAddr::from([203, 0, 113, 8]), "ada").is_ok());
    }

    // covers: SV-5
    #[test]
    fn many_accounts_from_one_address_are_limited() {
        let (_, failures) = failures();
        for n in 0..50 {
            fail(&failures, HOME, &n.to_string(), 1);
        }
        assert!(failures.attempt(HOME, "another").is_err());
    }

    #[test]
    fn guesses_made_at_once_count_before_they_are_judged() {
        let (_, failures) = failures();
        let open: Vec<_> = (0..6).map(|_| failures.attempt(HOME, "ada")).collect();
        assert!(open.last().unwrap().is_err());
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let (_, failures) = failures();
        for n in 0..5 {
            fail(&failures, format!("2001:db8::{n}").parse().unwrap(), "ada", 1);
        }
        assert!(failures.attempt("2001:db8::ffff".parse().unwrap(), "ada").is_err());
        assert!(failures.attempt("2001:db8:0:1::1".parse().unwrap(), "ada").is_ok());
    }

    #[test]
    fn success_forgives_and_a_withdrawn_attempt_never_was() {
        let (_, failures) = failures();
        fail(&failures, HOME, "ada", 4);
        failures.attempt(HOME, "ada").unwrap().succeeded();
        fail(&failures, HOME, "ada", 4);
        failures.attempt(HOME, "ada").unwrap().withdrawn();
        fail(&failures, HOME, "ada", 1);
        assert!(failures.attempt(HOME, "ada").is_err());
    }
}
