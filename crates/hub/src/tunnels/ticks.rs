//! What an agent's clock says, as far as the hub can know: it counts on from the ticks that the
//! agent tells. A message takes time, so the hub is always a little behind, and a request looks a
//! little older to the agent than it is; never younger.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use printer::{Clock, Random};
use wire::{Nonce, Stamp, Tick};

/// How long the best message counts. Two clocks run apart by up to 60 ms in that time.
const FORGOTTEN: Duration = Duration::from_mins(5);

/// One agent's clock.
pub(crate) struct Ticks {
    clock: Arc<dyn Clock>,
    best: Mutex<Heard>,
}

/// A tick, and when it was heard.
#[derive(Debug, Clone, Copy)]
struct Heard {
    tick: Tick,
    at: Duration,
}

impl Heard {
    /// What the agent's clock says at another moment of ours.
    fn at(self, moment: Duration) -> Tick {
        let told = Duration::from_millis(self.tick.millis);
        let then = (told + moment).saturating_sub(self.at);
        Tick { millis: u64::try_from(then.as_millis()).unwrap_or(u64::MAX), ..self.tick }
    }
}

impl Ticks {
    /// The agent has just told its first tick.
    pub(crate) fn new(clock: Arc<dyn Clock>, tick: Tick) -> Self {
        let at = clock.monotonic();
        Self { clock, best: Mutex::new(Heard { tick, at }) }
    }

    /// Which run of the agent's program told the first tick.
    pub(crate) fn run(&self) -> u64 {
        self.best.lock().unwrap_or_else(PoisonError::into_inner).tick.run
    }

    /// The agent has just told another one. Of all that were heard lately, the one that was under
    /// way for the shortest time counts.
    pub(crate) fn hear(&self, tick: Tick) {
        let heard = Heard { tick, at: self.clock.monotonic() };
        let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = best.at(heard.at);
        let old = heard.at.saturating_sub(best.at) > FORGOTTEN;
        if old || tick.run != expected.run || tick.millis >= expected.millis {
            *best = heard;
        }
    }

    /// The stamp of a request that came at a moment of our monotonic clock.
    pub(crate) fn stamp(&self, came: Duration, random: &dyn Random) -> Stamp {
        let best = *self.best.lock().unwrap_or_else(PoisonError::into_inner);
        Stamp { tick: best.at(came), nonce: Nonce::new(random) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use printer::{OsRandom, Timestamp};

    use super::*;

    #[derive(Default)]
    struct Still(AtomicU64);

    impl Still {
        fn pass(&self, millis: u64) {
            self.0.fetch_add(millis, Ordering::SeqCst);
        }
    }

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_micros(0)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    fn tick(millis: u64) -> Tick {
        Tick { run: 7, millis }
    }

    fn now(ticks: &Ticks) -> u64 {
        ticks.stamp(ticks.clock.monotonic(), &OsRandom).tick.millis
    }

    fn ticks() -> (Arc<Still>, Ticks) {
        let clock = Arc::new(Still::default());
        clock.pass(500);
        (clock.clone(), Ticks::new(clock, tick(10_000)))
    }

    // covers: HZ-6
    #[test]
    fn a_stamp_says_when_the_request_came() {
        let (clock, ticks) = ticks();
        clock.pass(3000);
        assert_eq!(now(&ticks), 13_000);
        let came = clock.monotonic();
        clock.pass(4000);
        let stamps = [ticks.stamp(came, &OsRandom), ticks.stamp(came, &OsRandom)];
        assert_eq!(stamps[0].tick, tick(13_000));
        assert_ne!(stamps[0].nonce, stamps[1].nonce);
    }

    // covers: HZ-6
    #[test]
    fn a_tick_that_was_held_up_makes_nothing_younger() {
        let (clock, ticks) = ticks();
        clock.pass(1000);
        ticks.hear(tick(10_100));
        assert_eq!(now(&ticks), 11_000);
        ticks.hear(tick(11_200));
        assert_eq!(now(&ticks), 11_200);
    }

    // covers: HZ-6
    #[test]
    fn clocks_that_run_apart_are_put_right() {
        let (clock, ticks) = ticks();
        clock.pass(301_000);
        ticks.hear(tick(310_900));
        assert_eq!(now(&ticks), 310_900);
        ticks.hear(Tick { run: 8, millis: 5 });
        assert_eq!(ticks.stamp(clock.monotonic(), &OsRandom).tick, Tick { run: 8, millis: 5 });
    }
}
