//! How often a PIN may be guessed: by one person, by all of them together, and in a day. A hub can
//! invent persons, so the limits for all are those that count: at 50 a day, six digits last for
//! decades.

use std::{collections::HashMap, time::Duration};

use printer::{AccountId, PrinterId};

/// The time in which these many wrong PINs are allowed.
const WINDOW: Duration = Duration::from_mins(15);
const BY_ONE: usize = 5;
const BY_ALL: usize = 10;

const DAY: Duration = Duration::from_hours(24);
const A_DAY: usize = 50;

/// The wrong PINs of the last day, for each printer: at most 50.
#[derive(Debug, Default)]
pub(super) struct Tries(HashMap<PrinterId, Vec<Try>>);

/// A try that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Try {
    account: AccountId,
    at: Duration,
}

/// No PIN is looked at for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany {
    /// For how long.
    pub(super) wait: Duration,
}

impl Tries {
    /// Counts a try as a wrong one.
    pub(super) fn count(
        &mut self,
        printer: PrinterId,
        account: AccountId,
        now: Duration,
    ) -> Result<Try, TooMany> {
        let tries = self.0.entry(printer).or_default();
        tries.retain(|old| old.at + DAY > now);
        let own = |old: &&Try| old.account == account;
        let waits = [
            wait(tries.iter().filter(own), (BY_ONE, WINDOW), now),
            wait(tries.iter(), (BY_ALL, WINDOW), now),
            wait(tries.iter(), (A_DAY, DAY), now),
        ];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(TooMany { wait });
        }
        let counted = Try { account, at: now };
        tries.push(counted);
        Ok(counted)
    }

    /// Takes a try back that was no wrong one.
    pub(super) fn forgive(&mut self, printer: PrinterId, counted: Try) {
        let Some(tries) = self.0.get_mut(&printer) else { return };
        if let Some(at) = tries.iter().position(|old| *old == counted) {
            tries.remove(at);
        }
    }
}

/// How long until fewer than `most` tries lie within the window before then.
fn wait<'a>(
    tries: impl DoubleEndedIterator<Item = &'a Try>,
    (most, window): (usize, Duration),
    now: Duration,
) -> Option<Duration> {
    // The newest are last.
    let oldest = tries.rev().filter(|old| old.at + window > now).nth(most - 1)?;
    Some((oldest.at + window).saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;

    fn account() -> AccountId {
        AccountId::new(&SystemClock::new(), &OsRandom)
    }

    fn printer() -> PrinterId {
        PrinterId::new(&SystemClock::new(), &OsRandom)
    }

    // covers: RL-9
    #[test]
    fn pin_guessed_by_one_person() {
        let (mut tries, printer, guesser) = (Tries::default(), printer(), account());
        let at = Duration::from_secs;
        for second in 0..5 {
            tries.count(printer, guesser, at(second)).unwrap();
        }
        let refused = tries.count(printer, guesser, at(10)).unwrap_err();
        assert_eq!(refused.wait, at(15 * 60 - 10));
        tries.count(printer, account(), at(10)).unwrap();
        tries.count(super::tests::printer(), guesser, at(10)).unwrap();
        assert!(tries.count(printer, guesser, WINDOW).is_ok(), "the first is forgotten");
        assert!(tries.count(printer, guesser, WINDOW).is_err());
    }

    // covers: RL-9
    #[test]
    fn pin_guessed_by_invented_persons() {
        let (mut tries, printer) = (Tries::default(), printer());
        let guesses = (0..24 * 60 * 60).step_by(10);
        let passed = guesses
            .filter(|second| tries.count(printer, account(), Duration::from_secs(*second)).is_ok());
        assert_eq!(passed.count(), A_DAY);
        assert!(tries.0[&printer].len() <= A_DAY);
    }

    // covers: RL-9
    #[test]
    fn who_knows_the_pin_is_not_counted() {
        let (mut tries, printer, person) = (Tries::default(), printer(), account());
        for second in 0..100 {
            let counted = tries.count(printer, person, Duration::from_secs(second)).unwrap();
            tries.forgive(printer, counted);
        }
    }
}
