//! The hub keys that an agent accepts (RL-6): the one that it pinned when it was linked, and the
//! one that this key has named as its successor. Once the hub has proven the successor, the former
//! key is worth nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tunnel::{Fingerprint, InvalidSuccession, Succession};

use crate::{Error, Home};

/// The accepted keys of a running agent. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct HubKeys {
    known: Arc<Mutex<Known>>,
    home: Home,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    key: Fingerprint,
    next: Option<Fingerprint>,
}

/// Why a successor isn't accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The pinned key didn't sign it.
    #[error(transparent)]
    Invalid(#[from] InvalidSuccession),
    /// It can't be written down, so the next start would not know it.
    #[error(transparent)]
    NotKept(#[from] Error),
}

impl HubKeys {
    /// The pinned key, and its successor if one is written down.
    pub(crate) fn new(home: Home, key: Fingerprint) -> Result<Self, Error> {
        let next = home.hub()?.filter(|hub| hub.key == key).and_then(|hub| hub.next_key);
        Ok(Self { known: Arc::new(Mutex::new(Known { key, next })), home })
    }

    /// The keys that the hub may prove.
    pub(crate) fn accepted(&self) -> Vec<Fingerprint> {
        let known = *self.lock();
        [Some(known.key), known.next].into_iter().flatten().collect()
    }

    /// The hub names its next key. The last one that it names counts.
    pub(crate) fn announce(&self, statement: &str) -> Result<(), Refused> {
        let mut known = self.lock();
        let next = statement.trim().parse::<Succession>()?.follows(known.key)?.fingerprint();
        if known.next != Some(next) {
            self.home.remember_keys(known.key, known.key, Some(next))?;
            known.next = Some(next);
            tracing::info!(key = %next, "the hub has named its next key");
        }
        Ok(())
    }

    /// The hub has proven this key. The successor takes the place of the one before.
    pub(crate) fn proven(&self, key: Fingerprint) -> Result<(), Error> {
        let mut known = self.lock();
        if known.next == Some(key) {
            self.home.remember_keys(known.key, key, None)?;
            *known = Known { key, next: None };
            tracing::info!(%key, "the hub has changed to its next key");
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tunnel::Identity;

    use super::*;
    use crate::Hub;

    fn linked(key: Fingerprint) -> (tempfile::TempDir, Home) {
        let data = tempfile::tempdir().unwrap();
        let home = Home::open(data.path()).unwrap();
        let (url, name) = ("https://hub".parse().unwrap(), "pi".parse().unwrap());
        let transport = crate::Transport::Auto;
        home.remember_hub(&Hub { url, key, name, transport, closed: None, next_key: None })
            .unwrap();
        (data, home)
    }

    fn print(identity: &Identity) -> Fingerprint {
        identity.public_key().fingerprint()
    }

    // covers: RL-6
    #[test]
    fn a_successor_is_kept_beside_the_key_until_the_hub_proves_it() {
        let (old, new) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let (_data, home) = linked(print(&old));
        let keys = HubKeys::new(home.clone(), print(&old)).unwrap();
        keys.announce(&Succession::sign(&old, &new).unwrap().to_string()).unwrap();
        let started_again = HubKeys::new(home.clone(), print(&old)).unwrap();
        assert_eq!(started_again.accepted(), [print(&old), print(&new)]);
        started_again.proven(print(&old)).unwrap();
        assert_eq!(started_again.accepted().len(), 2, "the hub has not changed yet");
        started_again.proven(print(&new)).unwrap();
        assert_eq!(started_again.accepted(), [print(&new)], "the former key still opens");
        assert_eq!(home.hub().unwrap().unwrap().key, print(&new));
    }

    // covers: RL-6
    #[test]
    fn successor_signed_by_stranger() {
        let [old, new, stranger] = [0; 3].map(|_| Identity::generate().unwrap());
        let (_data, home) = linked(print(&old));
        let keys = HubKeys::new(home, print(&old)).unwrap();
        for from in [&stranger, &new] {
            let statement = Succession::sign(from, &new).unwrap().to_string();
            assert!(keys.announce(&statement).is_err());
        }
        assert!(keys.announce("").is_err());
        assert_eq!(keys.accepted(), [print(&old)]);
    }

    // covers: RL-6
    #[test]
    fn successor_of_an_older_key_replayed() {
        let [first, second, third] = [0; 3].map(|_| Identity::generate().unwrap());
        let (_data, home) = linked(print(&first));
        let keys = HubKeys::new(home, print(&first)).unwrap();
        let stale = Succession::sign(&first, &third).unwrap().to_string();
        keys.announce(&Succession::sign(&first, &second).unwrap().to_string()).unwrap();
        keys.proven(print(&second)).unwrap();
        assert!(keys.announce(&stale).is_err());
        assert_eq!(keys.accepted(), [print(&second)]);
    }
}
