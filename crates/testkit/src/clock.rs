//! A clock that stands still until a test moves it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use printer::{Clock, Timestamp};

/// 2026-01-01 00:00 UTC, where every such clock begins.
const BEGINNING: Timestamp = Timestamp::from_unix_micros(1_767_225_600_000_000);

/// A clock under control. Clones show the same time.
#[derive(Debug, Clone)]
pub struct HeldClock(Arc<Mutex<Times>>);

#[derive(Debug)]
struct Times {
    wall: Timestamp,
    monotonic: Duration,
}

impl HeldClock {
    /// A clock that shows the beginning of 2026 and zero.
    #[expect(clippy::new_without_default, reason = "a clock is never just a default value")]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Times { wall: BEGINNING, monotonic: Duration::ZERO })))
    }

    /// Lets `duration` pass.
    pub fn advance(&self, duration: Duration) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.wall = times.wall.plus(duration);
        times.monotonic = times.monotonic.saturating_add(duration);
    }

    /// Sets the wall clock, as a person or a time server does; monotonic time goes on unmoved.
    pub fn set(&self, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wall = now;
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wall
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_when_it_is_told_to() {
        let clock = HeldClock::new();
        let before = clock.now();
        assert_eq!(clock.now(), before);

        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), before.plus(Duration::from_secs(5)));
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
    }

    #[test]
    fn a_jump_of_the_wall_clock_leaves_monotonic_time_alone() {
        let clock = HeldClock::new();
        clock.set(Timestamp::from_unix_micros(0));
        assert_eq!(clock.now(), Timestamp::from_unix_micros(0));
        assert_eq!(clock.monotonic(), Duration::ZERO);
    }
}
