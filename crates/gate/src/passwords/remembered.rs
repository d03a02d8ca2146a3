//! What is remembered of passwords that were checked: in which lists some digest was right, in which
//! it wasn't, and until when.
//! The digest is keyed with what this process drew at its start, and says nothing about a password
//! to whoever reads the memory later without that key. An answer counts only for the network that
//! asked, so that it's no way to guess faster.

use std::{
    collections::{BTreeSet, HashMap},
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

/// The lists in which it was right, or the wish for one: whoever asks the same at the same time waits for it.
type Answer = Arc<OnceCell<Arc<BTreeSet<String>>>>;

/// Who holds an answer for which nobody else waits: whoever asks, and the list.
const HOLDERS: usize = 2;

/// Somebody who asks. Whoever goes away before there is an answer leaves nothing behind.
pub(super) struct Asking {
    remembered: Remembered,
    digest: Digest,
    pub(super) answer: Answer,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.remembered.let_go(&self.digest, std::mem::take(&mut self.answer));
    }
}

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

    /// The answer for a pair under an edition of the rules, from a network; to be filled in if it's
    /// new.
    pub(super) fn answer(&self, asked: (IpAddr, u64), pair: &Pair) -> Asking {
        let digest = self.digest(asked, pair);
        Asking { remembered: self.clone(), digest, answer: self.place(digest) }
    }

    fn place(&self, digest: Digest) -> Answer {
        let now = self.0.clock.monotonic();
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

    /// Gives the place back if it was right nowhere, unless others still wait for it.
    fn let_go(&self, digest: &Digest, answer: Answer) {
        let mut answers = self.lock();
        let is_this = answers.get(digest).is_some_and(|(_, kept)| Arc::ptr_eq(kept, &answer));
        let is_wanted = match answer.get() {
            Some(lists) => !lists.is_empty(),
            None => Arc::strong_count(&answer) > HOLDERS,
        };
        if is_this && !is_wanted {
            answers.remove(digest);
        }
        // Before the next one counts who is waiting.
        drop(answer);
        drop(answers);
    }

    fn digest(&self, (client, edition): (IpAddr, u64), pair: &Pair) -> Digest {
        let network = format!("{:?}", Network::of(client));
        let password = Password::bytes(&pair.password);
        let edition = edition.to_be_bytes();
        let parts = [network.as_bytes(), &edition, pair.user.as_bytes(), password];
        self.0.secret.digest(&parts)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, (Duration, Answer)>> {
        self.0.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;

    fn remembered() -> Remembered {
        Remembered::new(Arc::new(SystemClock::new()), &OsRandom)
    }

    fn pair(password: &str) -> Pair {
        Pair { user: "ada".to_owned(), password: password.parse().unwrap() }
    }

    const AWAY: (IpAddr, u64) = (IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)), 0);

    fn in_a_list() -> Arc<BTreeSet<String>> {
        Arc::new(BTreeSet::from(["users".to_owned()]))
    }

    // covers: GT-5
    #[test]
    fn guesses_broken_off_fill_what_is_remembered() {
        let remembered = remembered();
        for guess in 0..10 {
            drop(remembered.answer(AWAY, &pair(&guess.to_string())));
        }
        assert_eq!(remembered.lock().len(), 0);
        let (first, second) =
            (remembered.answer(AWAY, &pair("x")), remembered.answer(AWAY, &pair("x")));
        drop(first);
        second.answer.set(in_a_list()).unwrap();
        drop(second);
        assert_eq!(remembered.answer(AWAY, &pair("x")).answer.get(), Some(&in_a_list()));
        assert_eq!(remembered.answer(AWAY, &pair("y")).answer.get(), None);
    }

    // covers: GT-5
    #[test]
    fn what_is_remembered_has_a_bound() {
        let remembered = remembered();
        for number in 0..=MOST {
            remembered.answer(AWAY, &pair(&number.to_string())).answer.set(in_a_list()).unwrap();
        }
        assert_eq!(remembered.lock().len(), MOST);
    }
}
