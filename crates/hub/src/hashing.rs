//! Passwords are hashed on a bounded pool (AC-2): hashing is slow and hungry by design, and
//! nobody may make the hub do so much of it that nothing else gets done. Nor may a flood of
//! guesses keep people from signing in: each network has a few places, and whoever signed in from
//! theirs before waits in a queue of their own, which strangers can't fill.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use backplane::Places;
pub(crate) use backplane::{Asker, Busy};
use credentials::{Password, PasswordHash, Policy, Verdict, Weakness};
use printer::Random;

/// The pool. Clones share it.
#[derive(Clone)]
pub(crate) struct Hashing {
    places: Places,
    computed: Arc<AtomicU64>,
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
        let place = self.places.take(asker)?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        place.run(move || PasswordHash::new(&password, random.as_ref())).await
    }

    /// Compares a password with a hash, and gives it back with the verdict.
    pub(crate) async fn verify(
        &self,
        asker: &Asker,
        password: Password,
        hash: PasswordHash,
    ) -> Result<(Verdict, Password), Busy> {
        let place = self.places.take(asker)?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        place.run(move || (hash.verify(&password), password)).await
    }

    /// Judges a new password, and gives it back. Long ones take a while to judge.
    pub(crate) async fn judge(
        &self,
        asker: &Asker,
        password: Password,
        policy: Policy,
        about: Vec<String>,
    ) -> Result<(Result<(), Weakness>, Password), Busy> {
        let place = self.places.take(asker)?;
        place
            .run(move || {
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
