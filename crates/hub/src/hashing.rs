//! Passwords are hashed on a bounded pool (AC-2): hashing is slow and hungry by design, and
//! nobody may make the hub do so much of it that nothing else gets done.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use credentials::{Password, PasswordHash, Policy, Verdict, Weakness};
use printer::Random;
use tokio::sync::Semaphore;

/// The pool. Clones share it.
#[derive(Clone)]
pub(crate) struct Hashing {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    computed: Arc<AtomicU64>,
}

/// So many are waiting already that one more would wait too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub(crate) struct Busy;

impl Hashing {
    /// How many may wait. At about 100 ms each, the last of them waits some seconds.
    const QUEUE: usize = 64;

    /// A pool that leaves half of the processors to everyone else.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let running = (processors / 2).clamp(1, 8);
        Self {
            running: Arc::new(Semaphore::new(running)),
            admitted: Arc::new(Semaphore::new(running + Self::QUEUE)),
            computed: Arc::default(),
        }
    }

    /// Makes the hash of a new password.
    pub(crate) async fn hash(
        &self,
        password: Password,
        random: Arc<dyn Random>,
    ) -> Result<PasswordHash, Busy> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        self.run(move || PasswordHash::new(&password, random.as_ref())).await
    }

    /// Compares a password with a hash, and gives it back with the verdict.
    pub(crate) async fn verify(
        &self,
        password: Password,
        hash: PasswordHash,
    ) -> Result<(Verdict, Password), Busy> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        self.run(move || (hash.verify(&password), password)).await
    }

    /// Judges a new password, and gives it back. Long ones take a while to judge.
    pub(crate) async fn judge(
        &self,
        password: Password,
        policy: Policy,
        about: Vec<String>,
    ) -> Result<(Result<(), Weakness>, Password), Busy> {
        self.run(move || {
            let about: Vec<_> = about.iter().map(String::as_str).collect();
            (policy.check(&password, &about), password)
        })
        .await
    }

    /// How many hashes were computed so far.
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Busy)?;
        // The permits go along: whoever hangs up leaves work behind that still counts.
        let done = tokio::task::spawn_blocking(move || {
            let _permits = (admitted, running);
            work()
        });
        done.await.map_err(|_| Busy)
    }
}
