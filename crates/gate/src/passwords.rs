//! Whether a user name and a password are right. Hashes are slow by design, so the answer is
//! remembered for a while, without the password; nobody can make the gate compute many at once,
//! and whoever guesses is soon refused. Whoever is inside never comes here.

mod remembered;

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

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

    /// In which of the lists a pair is right. All are looked at together, so that somebody of one
    /// list is no guesser because another doesn't know them. `edition` says which rules the lists
    /// are from: what was right under other rules doesn't count.
    pub(crate) async fn lists_of(
        &self,
        client: IpAddr,
        pair: &Pair,
        (edition, lists): (u64, &[(&str, &UserList)]),
    ) -> Result<Arc<BTreeSet<String>>, NotChecked> {
        let asking = self.remembered.answer((client, edition), pair);
        asking.answer.get_or_try_init(|| self.check(client, pair, lists)).await.cloned()
    }

    async fn check(
        &self,
        client: IpAddr,
        pair: &Pair,
        lists: &[(&str, &UserList)],
    ) -> Result<Arc<BTreeSet<String>>, NotChecked> {
        let attempt = self.failures.attempt(client, &pair.user)?;
        let asker = if attempt.is_familiar() {
            Asker::familiar(client, pair.user.as_str())
        } else {
            Asker::stranger(client)
        };
        let looks = lists.iter().filter_map(|(name, users)| self.look(name, &pair.user, users));
        let (looks, password) = (looks.collect::<Vec<_>>(), pair.password.clone());
        let look = move || looks.into_iter().filter_map(|look| look.opens_for(&password)).collect();
        let Ok(right) = self.in_turn(&asker, look).await else {
            attempt.withdrawn();
            return Err(Busy.into());
        };
        let right: BTreeSet<String> = right;
        if !right.is_empty() {
            attempt.succeeded();
        }
        Ok(Arc::new(right))
    }

    /// What a password is compared with for one list. `None` where nobody is in it.
    fn look(&self, list: &str, user: &str, users: &UserList) -> Option<Look> {
        let known = users.0.get(user).map(|user| user.password.clone());
        let is_known = known.is_some();
        let verifier = known.or_else(|| self.decoy(user, users))?;
        Some(Look { list: list.to_owned(), verifier, is_known })
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        asker: &Asker,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        self.places.take(asker)?.run(work).await
    }

    /// Compares a password with somebody's, in the queue, and counts no attempt.
    pub(crate) async fn compare(
        &self,
        asker: &Asker,
        verifier: Verifier,
        password: Password,
    ) -> Result<bool, Busy> {
        self.in_turn(asker, move || verifier.opens_for(&password)).await
    }

    /// Somebody else's hash, so that an unknown name takes as long as a known one.
    fn decoy(&self, user: &str, users: &UserList) -> Option<Verifier> {
        let number = self.secret.digest(&[user.as_bytes()]);
        let number = number.first_chunk().copied().map_or(0, u64::from_be_bytes);
        let at = usize::try_from(number).unwrap_or_default().checked_rem(users.0.len())?;
        users.0.values().nth(at).map(|user| user.password.clone())
    }
}

/// One comparison: in which list, with what, and whether that is the person's own hash.
struct Look {
    list: String,
    verifier: Verifier,
    is_known: bool,
}

impl Look {
    /// The list, if the password is right there. Takes as long for unknown people as for known.
    fn opens_for(self, password: &Password) -> Option<String> {
        let opens = self.verifier.opens_for(password);
        (opens && self.is_known).then_some(self.list)
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;
    use crate::users::User;

    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
    /// `rattling teapot`
    const HASH: &str = "$5$e2egate$DyEgrBk12.FdX1CfmFgQc0fb40JCyfEdwzYY7fsG7H1";

    fn person(name: &str) -> (String, User) {
        let user = User { password: Verifier::parse(HASH).unwrap(), groups: BTreeSet::new() };
        (name.to_owned(), user)
    }

    fn people<const N: usize>(names: [&str; N]) -> UserList {
        UserList(names.map(person).into())
    }

    fn all_places(passwords: &Passwords) -> Vec<backplane::Place> {
        (0..2).map(|_| passwords.places.take(&Asker::stranger(AWAY)).unwrap()).collect()
    }

    fn pair(user: &str, password: &str) -> Pair {
        Pair { user: user.to_owned(), password: password.parse().unwrap() }
    }

    /// In how many lists of two a pair is right; Ada is in the second only.
    async fn right_in(
        passwords: &Passwords,
        user: &str,
        password: &str,
    ) -> Result<usize, NotChecked> {
        let (first, second) = (people(["bob"]), people(["ada"]));
        let lists = [("first", &first), ("second", &second)];
        let asked = passwords.lists_of(AWAY, &pair(user, password), (0, &lists)).await;
        asked.map(|lists| lists.len())
    }

    // covers: GT-5
    #[tokio::test]
    async fn flood_of_guesses_and_names_that_do_not_exist() {
        let passwords = Passwords::new(Arc::new(SystemClock::new()), &OsRandom);
        let taken = all_places(&passwords);
        // Someone who doesn't exist waits for a hash as long as someone who does.
        for user in ["ada", "mallory"] {
            let asked = right_in(&passwords, user, "x").await;
            assert_eq!(asked, Err(NotChecked::Busy(Busy)), "{user}");
        }
        drop(taken);
        assert_eq!(right_in(&passwords, "ada", "rattling teapot").await, Ok(1));
        let mallory = right_in(&passwords, "mallory", "rattling teapot").await;
        assert_eq!(mallory, Ok(0), "a decoy opens for nobody");
        for _ in 0..5 {
            let _ = right_in(&passwords, "ada", "y").await;
        }
        let asked = right_in(&passwords, "ada", "z").await;
        assert!(matches!(asked, Err(NotChecked::TooMany(_))));
    }

    // covers: GT-5
    #[tokio::test]
    async fn people_of_the_second_list_cost_one_look_and_are_no_guessers() {
        let passwords = Passwords::new(Arc::new(SystemClock::new()), &OsRandom);
        assert_eq!(right_in(&passwords, "ada", "rattling teapot").await, Ok(1));
        let _taken = all_places(&passwords);
        for _ in 0..10 {
            assert_eq!(right_in(&passwords, "ada", "rattling teapot").await, Ok(1), "remembered");
        }
    }
}
