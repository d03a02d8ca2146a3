//! How long to wait before trying to connect again.

use std::time::Duration;

use printer::Random;

/// Waiting times with full jitter: each is drawn evenly between nothing and a bound, which is as
/// long as all waits before it together, but at least [`Backoff::BASE`] and at most
/// [`Backoff::CAP`]. So nobody waits longer than the hub has been away: after a blip of two
/// seconds everyone is back within two seconds, whatever chance draws. And when a hub comes back
/// after an hour, its agents arrive spread out instead of all at once.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    waited: Duration,
}

impl Backoff {
    /// The longest first wait.
    pub const BASE: Duration = Duration::from_millis(250);

    /// The longest wait of all.
    pub const CAP: Duration = Duration::from_secs(30);

    /// A back-off before its first failure.
    pub const fn new() -> Self {
        Self { waited: Duration::ZERO }
    }

    /// Starts over, after a connection that worked.
    pub const fn reset(&mut self) {
        self.waited = Duration::ZERO;
    }

    /// The wait after one more failure.
    pub fn next_delay(&mut self, random: &dyn Random) -> Duration {
        let bound = self.waited.clamp(Self::BASE, Self::CAP);
        let delay = bound.mul_f64(fraction(random));
        self.waited = self.waited.saturating_add(delay);
        delay
    }
}

/// Evenly between 0 and 1.
fn fraction(random: &dyn Random) -> f64 {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl Random for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    // covers: RL-7
    #[test]
    fn the_bound_grows_with_the_time_away_up_to_the_cap_and_starts_over() {
        let mut backoff = Backoff::new();
        let longest = Always(0xff);
        let delays: Vec<_> = (0..9).map(|_| backoff.next_delay(&longest).as_secs_f32()).collect();
        assert_eq!(delays, [0.25, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0]);
        backoff.reset();
        assert_eq!(backoff.next_delay(&longest), Backoff::BASE);
    }

    // covers: RL-7
    #[test]
    fn chance_may_shorten_every_wait_to_nothing() {
        let mut backoff = Backoff::new();
        assert!((0..100).all(|_| backoff.next_delay(&Always(0)) == Duration::ZERO));
    }

    // covers: RL-7
    #[test]
    fn no_wait_is_longer_than_the_waits_before_it_together() {
        for _ in 0..200 {
            let (mut backoff, mut away) = (Backoff::new(), Duration::ZERO);
            while away < Duration::from_mins(5) {
                let delay = backoff.next_delay(&printer::OsRandom);
                assert!(
                    delay <= away.max(Backoff::BASE).min(Backoff::CAP),
                    "{delay:?} of {away:?}"
                );
                away += delay;
            }
        }
    }
}
