//! What is remembered of passwords that were checked: that some digest was right, and until when.
//! The digest is keyed with what this process drew at its start, and says nothing about a password
//! to whoever reads the memory later without that key. An answer counts only for the network that
//! asked, so that it's no way to guess faster.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use backplane::Network;
use credentials::Password;
use hmac::{Hmac, KeyInit, Mac};
use printer::{Clock, Random};
use sha2::Sha256;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::basic::Pair;

/// How long an answer counts.
const LASTS: Duration = Duration::from_mins(5);
/// How many answers are remembered. Further ones are computed each time.
const MOST: usize = 4_096;

/// A key that only this process knows, and only while it runs.
pub(super) struct Secret(Zeroizing<[u8; 32]>);

type Digest = [u8; 32];

/// An answer, or the wish for one: whoever asks the same at the same time waits for it.
pub(super) type Answer = Arc<OnceCell<bool>>;

/// The answers of the last minutes. Clones share them.
#[derive(Clone)]
pub(super) struct Remembered(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    secret: Secret,
    answers: Mutex<HashMap<Digest, (Duration, Answer)>>,
}

impl Secret {
    pub(super) fn new(random: &dyn Random) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut());
        Self(key)
    }

    /// A keyed digest of all parts, each with its length.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    pub(super) fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_ref()).expect("any key");
        for part in parts {
            mac.update(&part.len().to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Remembered {
    pub(super) fn new(clock: Arc<dyn Clock>, random: &dyn Random) -> Self {
        let secret = Secret::new(random);
        Self(Arc::new(Shared { clock, secret, answers: Mutex::default() }))
    }

    /// The answer for a pair in a list, from a network; to be filled in if it's new.
    pub(super) fn answer(&self, asked: (IpAddr, &str), pair: &Pair) -> Answer {
        let (digest, now) = (self.digest(asked, pair), self.0.clock.monotonic());
        let mut answers = self.lock();
        if let Some((since, answer)) = answers.get(&digest)
            && now.saturating_sub(*since) < LASTS
        {
            return Arc::clone(answer);
        }
        answers.retain(|_, (since, _)| now.saturating_sub(*since) < LASTS);
        let answer = Answer::default();
        if answers.len() < MOST {
            answers.insert(digest, (now, Arc::clone(&answer)));
        }
        answer
    }

    /// Forgets an answer.
    pub(super) fn forget(&self, asked: (IpAddr, &str), pair: &Pair) {
        let digest = self.digest(asked, pair);
        self.lock().remove(&digest);
    }

    fn digest(&self, (client, list): (IpAddr, &str), pair: &Pair) -> Digest {
        let network = format!("{:?}", Network::of(client));
        let password = Password::bytes(&pair.password);
        let parts = [network.as_bytes(), list.as_bytes(), pair.user.as_bytes(), password];
        self.0.secret.digest(&parts)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, (Duration, Answer)>> {
        self.0.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
