//! Links that break, with and without a word, and how soon the agent is back. All of it under
//! tokio's paused clock: what counts is what happens, not how fast this machine is.

use testkit::cable::Direction;
use tokio::time::Instant;

use super::*;

/// A link that is dead has to be noticed by then (RL-7).
const NOTICED: Duration = Duration::from_secs(20);

/// After a blip the agent has to be back by then (RL-7).
const BACK: Duration = Duration::from_secs(3);

impl Rig {
    async fn connected(&mut self) -> Tunnel {
        let tunnel = self.accept().await;
        let _ = greet(&tunnel, None).await;
        self.reaches(|status| *status == Status::Connected).await;
        tunnel
    }

    /// Waits until the agent has noticed that its connection is lost; says how it will go on.
    async fn noticed(&mut self) -> Duration {
        let mut retry = None;
        self.reaches(|status| {
            if let Status::Waiting { retry: wait, .. } = status {
                retry = Some(*wait);
            }
            *status != Status::Connected
        })
        .await;
        retry.unwrap_or_default()
    }
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn a_link_that_dies_without_a_word_is_noticed_and_made_again() {
    use Direction::{Down, Up};
    let mut rig = start(None);
    for dead in [[Up, Down].as_slice(), &[Down], &[Up]] {
        let tunnel = rig.connected().await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        let dies = Instant::now();
        for direction in dead {
            rig.cable.lose(*direction);
        }
        let noticed = rig.noticed().await;
        assert!(dies.elapsed() <= NOTICED, "{dead:?}: {:?}", dies.elapsed());
        assert!(noticed <= tunnel::Backoff::BASE, "{noticed:?}");
        let mended = Instant::now();
        rig.cable.mend();
        let _tunnel = rig.connected().await;
        assert!(mended.elapsed() <= BACK, "{dead:?}: {:?}", mended.elapsed());
        drop(tunnel);
        rig.cable.cut();
        rig.noticed().await;
    }
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn after_a_blip_the_agent_is_back_within_3_seconds() {
    for blip in [0, 1_000, 2_000].map(Duration::from_millis) {
        let mut rig = start(None);
        let _tunnel = rig.connected().await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        let ends = Instant::now() + blip;
        rig.cable.cut();
        // While it lasts, every connection breaks off in its handshake.
        while let Ok(broken) = tokio::time::timeout_at(ends, rig.dialled.recv()).await {
            drop(broken);
        }
        let _tunnel = rig.connected().await;
        assert!(ends.elapsed() <= BACK, "{blip:?}: {:?}", ends.elapsed());
    }
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn agent_that_dials_in_the_dark_is_back_within_3_seconds_of_light() {
    for dark in [300, 1_900, 3_500, 9_000].map(Duration::from_millis) {
        let mut rig = start(None);
        let tunnel = rig.connected().await;
        for direction in [Direction::Up, Direction::Down] {
            rig.cable.lose(direction);
        }
        rig.noticed().await;
        let mends = Instant::now() + dark;
        // Nobody ever answers what was dialled while nothing got through.
        let mut unanswered = Vec::new();
        while let Ok(dialled) = tokio::time::timeout_at(mends, rig.dialled.recv()).await {
            unanswered.push(dialled.unwrap());
        }
        assert!(!unanswered.is_empty(), "{dark:?}");
        rig.cable.mend();
        let _tunnel = rig.connected().await;
        assert!(mends.elapsed() <= BACK, "{dark:?}: {:?}", mends.elapsed());
        for mut io in unanswered {
            let mut heard = tokio::io::sink();
            let given_up = tokio::io::copy(&mut io, &mut heard);
            timeout(DEADLINE, given_up).await.expect("it is still held").unwrap();
        }
        drop(tunnel);
    }
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn slow_line_is_waited_for() {
    let mut rig = start(None);
    for direction in [Direction::Up, Direction::Down] {
        let delay = Duration::from_millis(2_500);
        rig.cable.set(direction, testkit::cable::Weather { delay, ..Default::default() });
    }
    let dials = Instant::now();
    let _tunnel = rig.connected().await;
    assert!(dials.elapsed() > Duration::from_secs(5), "{:?}", dials.elapsed());
    let first = rig.cable.connections();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(*rig.status.borrow(), Status::Connected);
    assert_eq!(rig.cable.connections(), first, "nothing is dialled any more");
}

/// Every byte is the one after the last.
struct Counting(std::sync::atomic::AtomicU8);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let step = std::sync::atomic::Ordering::SeqCst;
        for byte in bytes {
            *byte = self.0.fetch_add(29, step);
        }
    }
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn agents_that_lose_their_hub_come_back_spread_out() {
    let mut rig = start_with(None, Arc::new(Counting(0.into())));
    let mut waits = Vec::new();
    for _ in 0..16 {
        let _tunnel = rig.connected().await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        rig.cable.cut();
        waits.push(rig.noticed().await);
    }
    let (soonest, latest) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(*latest <= tunnel::Backoff::BASE, "{waits:?}");
    assert!(*soonest < tunnel::Backoff::BASE / 4, "full jitter starts at nothing: {waits:?}");
    assert!(*latest > tunnel::Backoff::BASE * 3 / 4, "and ends at the bound: {waits:?}");
}
