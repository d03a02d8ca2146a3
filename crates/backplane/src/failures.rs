//! What someone tried lately, and how often it went wrong (SV-5): sign-ins, per address and account
//! and per address; link codes and setup links, per address. An attempt counts as a failure from
//! its start until it proves otherwise, so that a hundred guesses at once are no way around the
//! limit.

pub(crate) mod windows;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use printer::Clock;

use crate::Network;
use windows::Windows;

/// What happened in the last [`Failures::WINDOW`]. Clones share it.
#[derive(Clone)]
pub struct Failures(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    pairs: Windows<Pair>,
    networks: Windows<Network>,
    successes: Windows<String>,
    withdrawn: Windows<Network>,
    secrets: Windows<(Secret, Network)>,
    /// Where people have signed in, and when last.
    familiar: Windows<Pair>,
}

/// Who tries to sign in, and from where.
type Pair = (Network, String);

/// Too many failures: nothing may be tried until `retry_after` has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failed attempts")]
pub struct TooMany {
    /// How long to wait, rounded up to whole seconds, at least one.
    pub retry_after: Duration,
}

/// A secret that isn't a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Secret {
    /// The code with which an agent is linked.
    LinkCode,
    /// The token in the link that makes the first account.
    SetupToken,
}

/// One attempt to sign in. It stays counted as a failure unless it is told otherwise.
#[must_use = "an attempt that is only dropped counts as a failure"]
pub struct Attempt {
    failures: Failures,
    pair: Pair,
    at: Duration,
    familiar: bool,
}

/// One attempt to show a secret. It stays counted as a failure unless it is told otherwise.
#[must_use = "an attempt that is only dropped counts as a failure"]
pub struct Showing {
    failures: Failures,
    key: (Secret, Network),
    at: Duration,
}

impl Failures {
    /// The time in which failures count.
    pub const WINDOW: Duration = Duration::from_mins(15);
    /// Failures from one address at one account.
    pub const PER_ACCOUNT: usize = 5;
    /// Failures from one address.
    pub const PER_ADDRESS: usize = 50;
    /// Sign-ins to one account, from anywhere: only those who know its password get there.
    pub const SUCCESSES: usize = 60;
    /// Attempts of one address that may be [withdrawn][`Attempt::withdrawn`].
    pub const WITHDRAWN: usize = 10;
    /// Wrong secrets of one kind from one address.
    pub const WRONG_SECRETS: usize = 10;
    /// How long it is remembered that somebody signed in from somewhere.
    pub const FAMILIAR: Duration = Duration::from_hours(30 * 24);

    /// Nobody has failed yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared { clock, counts: Mutex::default() }))
    }

    /// Begins an attempt to sign in. An address stands for its [`Network`].
    ///
    /// # Errors
    /// [`TooMany`] failures of this address, or successes at this account.
    pub fn attempt(&self, address: IpAddr, account: &str) -> Result<Attempt, TooMany> {
        let at = self.0.clock.monotonic();
        let pair = (Network::of(address), account.to_owned());
        let mut counts = self.lock();
        counts.pairs.check(&pair, at, Self::WINDOW, Self::PER_ACCOUNT)?;
        counts.networks.check(&pair.0, at, Self::WINDOW, Self::PER_ADDRESS)?;
        counts.successes.check(&pair.1, at, Self::WINDOW, Self::SUCCESSES)?;
        counts.pairs.add(pair.clone(), at, Self::WINDOW);
        counts.networks.add(pair.0, at, Self::WINDOW);
        let familiar = counts.familiar.has(&pair, at, Self::FAMILIAR);
        drop(counts);
        Ok(Attempt { failures: self.clone(), pair, at, familiar })
    }

    /// Begins an attempt to show a secret.
    ///
    /// # Errors
    /// [`TooMany`] wrong ones of this kind from this address.
    pub fn show(&self, secret: Secret, address: IpAddr) -> Result<Showing, TooMany> {
        let at = self.0.clock.monotonic();
        let key = (secret, Network::of(address));
        let mut counts = self.lock();
        counts.secrets.check(&key, at, Self::WINDOW, Self::WRONG_SECRETS)?;
        counts.secrets.add(key, at, Self::WINDOW);
        drop(counts);
        Ok(Showing { failures: self.clone(), key, at })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// Whether this account was signed in to from this address lately. Whoever floods the hub
    /// with guesses hasn't, so such attempts can be kept apart.
    pub const fn is_familiar(&self) -> bool {
        self.familiar
    }

    /// It was the right person: earlier failures of this address at this account are forgiven.
    pub fn succeeded(self) {
        let mut counts = self.failures.lock();
        counts.pairs.remove(&self.pair);
        counts.networks.remove_one(&self.pair.0, self.at);
        counts.familiar.remove(&self.pair);
        counts.familiar.add(self.pair.clone(), self.at, Failures::FAMILIAR);
        counts.successes.add(self.pair.1, self.at, Failures::WINDOW);
    }

    /// Nothing was tried after all (the hub was too busy). After some of these from one address
    /// they count as failures: being refused must not be free.
    pub fn withdrawn(self) {
        let network = self.pair.0;
        let mut counts = self.failures.lock();
        let limit = Failures::WITHDRAWN;
        if counts.withdrawn.check(&network, self.at, Failures::WINDOW, limit).is_err() {
            return;
        }
        counts.withdrawn.add(network, self.at, Failures::WINDOW);
        counts.pairs.remove_one(&self.pair, self.at);
        counts.networks.remove_one(&network, self.at);
    }
}

impl Showing {
    /// It was the right one. Earlier wrong ones stay counted.
    pub fn right(self) {
        self.failures.lock().secrets.remove_one(&self.key, self.at);
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

    // covers: SV-5
    #[test]
    fn stranger_is_refused_for_nothing_again_and_again() {
        let (_, failures) = failures();
        for n in 0..Failures::WITHDRAWN + Failures::PER_ADDRESS {
            failures.attempt(HOME, &n.to_string()).unwrap().withdrawn();
        }
        assert!(failures.attempt(HOME, "another").is_err());
    }

    // covers: SV-5
    #[test]
    fn one_account_is_signed_in_to_without_end() {
        let (clock, failures) = failures();
        for n in 0..60 {
            let address = IpAddr::from([203, 0, 113, n]);
            failures.attempt(address, "ada").unwrap().succeeded();
        }
        assert!(failures.attempt(HOME, "ada").is_err());
        assert!(failures.attempt(HOME, "ben").is_ok());
        clock.pass(Failures::WINDOW);
        assert!(failures.attempt(HOME, "ada").is_ok());
    }

    #[test]
    fn an_address_is_familiar_with_the_accounts_that_signed_in_there() {
        let (clock, failures) = failures();
        let familiar = |account| failures.attempt(HOME, account).unwrap().is_familiar();
        assert!(!familiar("ada"));
        failures.attempt(HOME, "ada").unwrap().succeeded();
        assert!(familiar("ada"));
        assert!(!familiar("ben"));
        clock.pass(Failures::FAMILIAR);
        assert!(!familiar("ada"));
    }

    // covers: LK-1
    #[test]
    fn right_secrets_do_not_make_up_for_wrong_ones() {
        let (_, failures) = failures();
        let show = |secret| failures.show(secret, HOME);
        for _ in 0..Failures::WRONG_SECRETS {
            show(Secret::LinkCode).unwrap().right();
            drop(show(Secret::LinkCode).unwrap());
        }
        assert!(show(Secret::LinkCode).is_err());
        assert!(show(Secret::SetupToken).is_ok());
    }
}
