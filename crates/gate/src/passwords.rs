//! Whether a user name and a password are right. Hashes are slow by design, so the answer is
//! remembered for a while, without the password; nobody can make the gate compute many at once,
//! and whoever guesses is soon refused. Whoever is inside never comes here.

mod remembered;

use std::{net::IpAddr, sync::Arc};

use backplane::{Asker, Busy, Failures, Places, TooMany};
use credentials::{Password, Verifier};
use printer::{Clock, Random};

use crate::{basic::Pair, users::UserList};
use remembered::{Remembered, Secret};

/// Checks passwords. Clones share what they remember.
#[derive(Clone)]
pub(crate) struct Passwords {
    failures: Failures,
    places: Places,
    remembered: Remembered,
    /// Chooses the decoy, so that it's always the same for a name and nobody can tell which.
    secret: Arc<Secret>,
}

/// Why nobody has looked at a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotChecked {
    /// Too many wrong ones came from there.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Too many are waiting.
    #[error(transparent)]
    Busy(#[from] Busy),
}

impl Passwords {
    pub(crate) fn new(clock: Arc<dyn Clock>, random: &dyn Random) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            failures: Failures::new(Arc::clone(&clock)),
            places: Places::new((processors / 2).clamp(1, 4)),
            remembered: Remembered::new(clock, random),
            secret: Arc::new(Secret::new(random)),
        }
    }

    /// Whether a pair is right for somebody of a list. `list` names the list and the rules that it
    /// is from: what was right under other rules doesn't count.
    pub(crate) async fn are_right(
        &self,
        client: IpAddr,
        pair: &Pair,
        (list, users): (&str, &UserList),
    ) -> Result<bool, NotChecked> {
        let asking = self.remembered.answer((client, list), pair);
        asking.answer.get_or_try_init(|| self.check(client, pair, users)).await.copied()
    }

    async fn check(
        &self,
        client: IpAddr,
        pair: &Pair,
        users: &UserList,
    ) -> Result<bool, NotChecked> {
        let attempt = self.failures.attempt(client, &pair.user)?;
        let asker = if attempt.is_familiar() {
            Asker::familiar(client, pair.user.as_str())
        } else {
            Asker::stranger(client)
        };
        let known = users.0.get(&pair.user).map(|user| user.password.clone());
        let is_known = known.is_some();
        let Some(verifier) = known.or_else(|| self.decoy(&pair.user, users)) else {
            return Ok(false);
        };
        let compared = self.compare(&asker, verifier, pair.password.clone()).await;
        let Ok(opens) = compared else {
            attempt.withdrawn();
            return Err(Busy.into());
        };
        if opens && is_known {
            attempt.succeeded();
        }
        Ok(opens && is_known)
    }

    /// Compares a password with somebody's, in the queue, and counts no attempt.
    pub(crate) async fn compare(
        &self,
        asker: &Asker,
        verifier: Verifier,
        password: Password,
    ) -> Result<bool, Busy> {
        self.places.take(asker)?.run(move || verifier.opens_for(&password)).await
    }

    /// Somebody else's hash, so that an unknown name takes as long as a known one.
    fn decoy(&self, user: &str, users: &UserList) -> Option<Verifier> {
        let number = self.secret.digest(&[user.as_bytes()]);
        let number = number.first_chunk().copied().map_or(0, u64::from_be_bytes);
        let at = usize::try_from(number).unwrap_or_default().checked_rem(users.0.len())?;
        users.0.values().nth(at).map(|user| user.password.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use printer::{OsRandom, SystemClock};

    use super::*;
    use crate::users::User;

    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
    /// `rattling teapot`
    const HASH: &str = "$5$e2egate$DyEgrBk12.FdX1CfmFgQc0fb40JCyfEdwzYY7fsG7H1";

    fn people() -> UserList {
        let ada = User { password: Verifier::parse(HASH).unwrap(), groups: BTreeSet::new() };
        UserList(BTreeMap::from([("ada".to_owned(), ada)]))
    }

    fn pair(user: &str, password: &str) -> Pair {
        Pair { user: user.to_owned(), password: password.parse().unwrap() }
    }

    // covers: GT-5
    #[tokio::test]
    async fn flood_of_guesses_and_names_that_do_not_exist() {
        let passwords = Passwords::new(Arc::new(SystemClock::new()), &OsRandom);
        let people = people();
        let taken: Vec<_> =
            (0..2).map(|_| passwords.places.take(&Asker::stranger(AWAY)).unwrap()).collect();
        // Someone who doesn't exist waits for a hash as long as someone who does.
        for user in ["ada", "mallory"] {
            let asked = passwords.are_right(AWAY, &pair(user, "x"), ("0 users", &people)).await;
            assert_eq!(asked, Err(NotChecked::Busy(Busy)), "{user}");
        }
        drop(taken);
        let open = |user, password| {
            let (passwords, people) = (passwords.clone(), people.clone());
            async move { passwords.are_right(AWAY, &pair(user, password), ("0 users", &people)).await }
        };
        assert_eq!(open("ada", "rattling teapot").await, Ok(true));
        assert_eq!(open("mallory", "rattling teapot").await, Ok(false), "a decoy opens for nobody");
        for _ in 0..5 {
            let _ = open("ada", "y").await;
        }
        assert!(matches!(open("ada", "z").await, Err(NotChecked::TooMany(_))));
    }
}
