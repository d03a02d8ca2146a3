//! Time as a parameter. Wall-clock time is for what people read and what is stored; windows and
//! expiries whose safety hangs on it use monotonic time, because a Raspberry Pi boots without a
//! clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment in wall-clock time: microseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Wraps a stored number of microseconds since the Unix epoch.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_unix_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the Unix epoch; 0 for moments before it.
    pub const fn as_unix_millis(self) -> u64 {
        if self.0 < 0 { 0 } else { (self.0 / 1_000).cast_unsigned() }
    }

    /// The moment `duration` later, or the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// The moment `duration` earlier, or the beginning of time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The wall-clock time. May jump.
    fn now(&self) -> Timestamp;

    /// Time since some fixed start. Never goes back.
    fn monotonic(&self) -> Duration;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place where monotonic time enters")]
    #[expect(clippy::new_without_default, reason = "reading the clock is no default")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where wall-clock time enters")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(micros(since_epoch))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_instead_of_wrapping() {
        let end = Timestamp::from_unix_micros(i64::MAX);
        assert_eq!(end.plus(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::from_unix_micros(-5).as_unix_millis(), 0);
    }

    #[test]
    fn plus_and_minus_undo_each_other() {
        let moment = Timestamp::from_unix_micros(1_700_000_000_000_000);
        let hour = Duration::from_hours(1);
        assert_eq!(moment.plus(hour).minus(hour), moment);
    }
}
