//! How long to wait before trying to connect again.

use std::time::Duration;

use printer::Random;

/// Waiting times with full jitter: each is drawn evenly between nothing and a bound that starts
/// at [`Backoff::BASE`], doubles with every failure and stops at [`Backoff::CAP`]. When a hub
/// comes back, its agents arrive spread out instead of all at once.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The longest first wait.
    pub const BASE: Duration = Duration::from_millis(250);

    /// The longest wait of all.
    pub const CAP: Duration = Duration::from_secs(30);

    /// A back-off before its first failure.
    pub const fn new() -> Self {
        Self { failures: 0 }
    }

    /// Starts over, after a connection that worked.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure.
    pub fn next_delay(&mut self, random: &dyn Random) -> Duration {
        let bound = Self::BASE.saturating_mul(2_u32.saturating_pow(self.failures)).min(Self::CAP);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(fraction(random))
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
    fn the_bound_doubles_up_to_the_cap_and_starts_over() {
        let mut backoff = Backoff::new();
        let longest = Always(0xff);
        let delays: Vec<_> = (0..9).map(|_| backoff.next_delay(&longest).as_secs_f32()).collect();
        assert_eq!(delays, [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        backoff.reset();
        assert_eq!(backoff.next_delay(&longest), Backoff::BASE);
    }

    // covers: RL-7
    #[test]
    fn chance_may_shorten_every_wait_to_nothing() {
        let mut backoff = Backoff::new();
        assert!((0..100).all(|_| backoff.next_delay(&Always(0)) == Duration::ZERO));
    }
}
