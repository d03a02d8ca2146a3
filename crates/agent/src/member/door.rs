//! Whether one printer is open to visitors, and when to check again. A printer that asks for a
//! login is checked daily and whenever it comes back; one that is closed every minute, so that it
//! opens soon after its owner has set a login there.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use printer::{Clock, Lock};

use crate::{choices::Choice, lock::lock, login::Finding};

/// How often a printer is checked that asks for a login.
const DAILY: Duration = Duration::from_hours(24);

/// How often any other is.
const OFTEN: Duration = Duration::from_mins(1);

pub(crate) struct Door {
    clock: Arc<dyn Clock>,
    choice: Option<Choice>,
    checked: Mutex<Checked>,
}

#[derive(Debug, Default)]
struct Checked {
    finding: Option<Finding>,
    /// When to check again.
    due: Duration,
}

impl Door {
    pub(super) fn new(clock: Arc<dyn Clock>, choice: Option<Choice>) -> Self {
        Self { clock, choice, checked: Mutex::default() }
    }

    /// What the owner decided.
    pub(crate) const fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }

    /// What holds now.
    pub(crate) fn lock(&self) -> Lock {
        lock(self.choice(), self.checked().finding)
    }

    pub(super) fn is_due(&self) -> bool {
        self.clock.monotonic() >= self.checked().due
    }

    /// Forgets what was found: what stands there may be another printer.
    pub(super) fn forget(&self) {
        *self.checked() = Checked::default();
    }

    /// Notes what a check has found, if it has found anything, and returns whether the printer is
    /// closed to those who were let in before.
    pub(super) fn note(&self, finding: Option<Finding>) -> bool {
        let was_closed = self.lock().why_closed().is_some();
        let asks = {
            let mut checked = self.checked();
            checked.finding = finding.or(checked.finding);
            let asks = finding == Some(Finding::AsksForLogin);
            checked.due = self.clock.monotonic() + if asks { DAILY } else { OFTEN };
            asks
        };
        let closes = !asks && !was_closed && self.lock().why_closed().is_some();
        if closes {
            tracing::warn!("a printer no longer asks for a login, and is closed to visitors");
        }
        closes
    }

    fn checked(&self) -> MutexGuard<'_, Checked> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("choice", &self.choice).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use printer::Timestamp;

    use super::*;

    #[derive(Default)]
    struct Hours(AtomicU64);

    impl Clock for Hours {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_micros(0)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_hours(self.0.load(Ordering::Relaxed))
        }
    }

    // covers: RL-9
    #[test]
    fn a_printer_is_checked_when_added_and_daily() {
        let hours = Arc::new(Hours::default());
        let door = Door::new(hours.clone(), None);
        assert!(door.is_due());
        assert_eq!(door.lock(), Lock::Unknown, "not checked yet");
        assert!(!door.note(Some(Finding::AsksForLogin)));
        assert_eq!((door.lock(), door.is_due()), (Lock::OwnLogin, false));
        hours.0.store(23, Ordering::Relaxed);
        assert!(!door.is_due());
        hours.0.store(24, Ordering::Relaxed);
        assert!(door.is_due());
        assert!(door.note(Some(Finding::LetsEveryoneIn)), "whoever is in has to leave");
        assert_eq!(door.lock(), Lock::Open);
        hours.0.store(25, Ordering::Relaxed);
        assert!(door.is_due(), "its owner may have set a login");
    }

    // covers: RL-9
    #[test]
    fn a_check_that_fails_keeps_the_last_verdict() {
        let hours = Arc::new(Hours::default());
        let door = Door::new(hours.clone(), None);
        assert!(!door.note(None));
        assert_eq!(door.lock(), Lock::Unknown);
        for (finding, expected) in
            [(Finding::AsksForLogin, Lock::OwnLogin), (Finding::LetsEveryoneIn, Lock::Open)]
        {
            door.note(Some(finding));
            assert!(!door.note(None));
            assert_eq!(door.lock(), expected);
        }
    }

    // covers: RL-9
    #[test]
    fn an_accepted_risk_opens_what_is_open_and_what_is_unknown() {
        let door = Door::new(Arc::new(Hours::default()), Some(Choice::Accepted));
        assert_eq!(door.lock(), Lock::Accepted);
        assert!(!door.note(Some(Finding::LetsEveryoneIn)));
        assert_eq!(door.lock(), Lock::Accepted);
        door.note(Some(Finding::AsksForLogin));
        assert_eq!(door.lock(), Lock::OwnLogin);
    }
}
