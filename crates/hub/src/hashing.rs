//! Passwords are hashed on a bounded pool (AC-2): hashing is slow and hungry by design, and
//! nobody may make the hub do so much of it that nothing else gets done. Nor may a flood of
//! guesses keep people from signing in: each network has a few places, and whoever signed in from
//! theirs before waits in a queue of their own, which strangers can't fill.

mod places;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use backplane::Network;
use credentials::{Password, PasswordHash, Policy, Verdict, Weakness};
use printer::Random;

use places::{Place, Places};

/// The pool. Clones share it.
#[derive(Clone)]
pub(crate) struct Hashing {
    places: Places,
    computed: Arc<AtomicU64>,
}

/// On whose behalf a password is hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asker {
    network: Network,
    /// Who, if it is known to be more than a claim: from this network they signed in before.
    familiar: Option<String>,
}

/// So many are waiting already that one more would wait too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub(crate) struct Busy;

impl Asker {
    /// Somebody who may be anybody.
    pub(crate) fn stranger(address: IpAddr) -> Self {
        Self { network: Network::of(address), familiar: None }
    }

    /// Somebody who has signed in from there before, or has proven themselves in another way.
    pub(crate) fn familiar(address: IpAddr, who: impl Into<String>) -> Self {
        Self { network: Network::of(address), familiar: Some(who.into()) }
    }
}

impl Hashing {
    /// A pool that leaves half of the processors to everyone else.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let places = Places::new((processors / 2).clamp(1, 8));
        Self { places, computed: Arc::default() }
    }

    /// Makes the hash of a new password.
    pub(crate) async fn hash(
        &self,
        asker: &Asker,
        password: Password,
        random: Arc<dyn Random>,
    ) -> Result<PasswordHash, Busy> {
        let place = self.places.take(asker).ok_or(Busy)?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        run(place, move || PasswordHash::new(&password, random.as_ref())).await
    }

    /// Compares a password with a hash, and gives it back with the verdict.
    pub(crate) async fn verify(
        &self,
        asker: &Asker,
        password: Password,
        hash: PasswordHash,
    ) -> Result<(Verdict, Password), Busy> {
        let place = self.places.take(asker).ok_or(Busy)?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        run(place, move || (hash.verify(&password), password)).await
    }

    /// Judges a new password, and gives it back. Long ones take a while to judge.
    pub(crate) async fn judge(
        &self,
        asker: &Asker,
        password: Password,
        policy: Policy,
        about: Vec<String>,
    ) -> Result<(Result<(), Weakness>, Password), Busy> {
        let place = self.places.take(asker).ok_or(Busy)?;
        run(place, move || {
            let about: Vec<_> = about.iter().map(String::as_str).collect();
            (policy.check(&password, &about), password)
        })
        .await
    }

    /// How many hashes were computed so far.
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }
}

async fn run<T: Send + 'static>(
    place: Place,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Busy> {
    let turn = place.turn().await.ok_or(Busy)?;
    // The turn goes along: whoever hangs up leaves work behind that still counts.
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await.map_err(|_| Busy)
}
