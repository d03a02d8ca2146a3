use std::sync::atomic::{AtomicU64, Ordering};

use printer::{OsRandom, Timestamp};

use super::*;

/// A clock that stands still unless it is told otherwise.
#[derive(Default)]
struct Still(AtomicU64);

impl Still {
    fn pass(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
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

fn fresh() -> (Arc<Still>, Fresh) {
    let clock = Arc::new(Still::default());
    clock.pass(Duration::from_hours(1));
    let fresh = Fresh::new(clock.clone(), 7);
    (clock, fresh)
}

fn stamp(tick: Tick) -> Stamp {
    Stamp { tick, nonce: Nonce::new(&OsRandom) }
}

fn somebody() -> AccountId {
    AccountId::new(&Still::default(), &OsRandom)
}

fn check(fresh: &Fresh, stamp: Stamp) -> Result<(), Stale> {
    fresh.check(Some(stamp), somebody())
}

// covers: HZ-6
#[test]
fn start_held_up_by_an_outage() {
    let (clock, fresh) = fresh();
    let (made, late) = (stamp(fresh.tick()), stamp(fresh.tick()));
    clock.pass(MAX_AGE);
    assert_eq!(check(&fresh, made), Ok(()));
    clock.pass(Duration::from_millis(1));
    assert_eq!(check(&fresh, late), Err(Stale::TooOld));
}

// covers: HZ-6
#[test]
fn start_sent_twice() {
    let (clock, fresh) = fresh();
    let once = stamp(fresh.tick());
    assert_eq!(check(&fresh, once), Ok(()));
    for _ in 0..4 {
        clock.pass(MAX_AGE / 5);
        // Others in between, so that forgetting has its chances.
        assert_eq!(check(&fresh, stamp(fresh.tick())), Ok(()));
        assert_eq!(check(&fresh, once), Err(Stale::Replayed));
    }
    clock.pass(MAX_AGE);
    assert_eq!(check(&fresh, once), Err(Stale::TooOld));
}

// covers: HZ-6
#[test]
fn start_without_a_stamp() {
    let (_, fresh) = fresh();
    assert_eq!(fresh.check(None, somebody()), Err(Stale::NoStamp));
}

// covers: HZ-6
#[test]
fn start_stamped_for_another_run_or_the_future() {
    let (clock, fresh) = fresh();
    let now = fresh.tick();
    let other = Tick { run: now.run ^ 1, ..now };
    assert_eq!(check(&fresh, stamp(other)), Err(Stale::Unjudged));
    let soon = Tick { millis: now.millis + 1001, ..now };
    assert_eq!(check(&fresh, stamp(soon)), Err(Stale::Unjudged));
    assert_eq!(check(&fresh, stamp(Tick { millis: u64::MAX, ..now })), Err(Stale::Unjudged));
    clock.pass(Duration::from_millis(1));
    assert_eq!(check(&fresh, stamp(soon)), Ok(()));
}

// covers: HZ-6
#[test]
fn flood_of_nonces_is_bounded_and_forgotten() {
    let (clock, fresh) = fresh();
    for _ in 0..MAX_NONCES {
        assert_eq!(check(&fresh, stamp(fresh.tick())), Ok(()));
    }
    assert_eq!(check(&fresh, stamp(fresh.tick())), Err(Stale::Full));
    clock.pass(REMEMBERED + Duration::from_millis(1));
    assert_eq!(check(&fresh, stamp(fresh.tick())), Ok(()));
    assert_eq!(fresh.seen.lock().unwrap().nonces.len(), 1);
}

// covers: HZ-5, HZ-6
#[test]
fn one_viewer_uses_up_all_nonces_then_estop() {
    let (clock, fresh) = fresh();
    let (viewer, other) = (somebody(), somebody());
    let ask = |by| fresh.check(Some(stamp(fresh.tick())), by);
    let passed = (0..MAX_NONCES).filter(|_| ask(viewer).is_ok()).count();
    assert_eq!(passed, MAX_OF_ONE);
    assert_eq!(ask(other), Ok(()), "nobody else gets through");
    clock.pass(REMEMBERED + Duration::from_millis(1));
    assert_eq!(ask(viewer), Ok(()));
    assert_eq!(fresh.seen.lock().unwrap().of_each.len(), 1);
}
