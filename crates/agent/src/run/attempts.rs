//! Attempts to connect, side by side. One that began while the line was dead waits for TCP to try
//! again, which it does ever more seldom: after 1, 3, 7 and 15 seconds. So that the agent is back
//! soon after the line is, another attempt starts beside those every other second, and the first
//! that gets through counts. None is given up for that: on a slow line it is the oldest that does.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How long all attempts may take together, with their TLS handshakes.
const TOGETHER: Duration = Duration::from_secs(15);

/// The time between the beginnings of two attempts. The agent has to be back within 3 s (RL-7).
const BETWEEN: Duration = Duration::from_secs(2);

/// The first success, or the last failure when no attempt is left; none after 15 s. Those that are
/// still under way then are given up.
pub(super) async fn first<T, E, F>(attempt: impl Fn() -> F) -> Option<Result<T, E>>
where
    F: Future<Output = Result<T, E>>,
{
    let mut beginnings = interval(BETWEEN);
    beginnings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut under_way = FuturesUnordered::new();
    let trying = async {
        loop {
            tokio::select! {
                _ = beginnings.tick() => under_way.push(attempt()),
                Some(ended) = under_way.next() => {
                    if ended.is_ok() || under_way.is_empty() {
                        return ended;
                    }
                }
            }
        }
    };
    timeout(TOGETHER, trying).await.ok()
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, future::pending};

    use tokio::time::{Instant, sleep};

    use super::*;

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn no_more_than_eight_attempts_go_on_side_by_side() {
        let (begun, start) = (Cell::new(0), Instant::now());
        let none: Option<Result<(), ()>> = first(|| {
            begun.set(begun.get() + 1);
            pending()
        })
        .await;
        assert!(none.is_none());
        assert_eq!((begun.get(), start.elapsed()), (8, TOGETHER));
    }

    /// The first takes 5 s; the others fail at once.
    async fn slow_or_refused(number: u32) -> Result<u32, u32> {
        if number > 0 {
            return Err(number);
        }
        sleep(Duration::from_secs(5)).await;
        Ok(number)
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_counts_once_nothing_else_is_under_way() {
        let begun = Cell::new(0);
        let attempt = || slow_or_refused(begun.replace(begun.get() + 1));
        assert_eq!(first(attempt).await, Some(Ok(0)));
        let refused = || async { Err::<(), _>("refused") };
        let start = Instant::now();
        assert_eq!(first(refused).await, Some(Err("refused")));
        assert!(start.elapsed() < Duration::from_millis(10), "{:?}", start.elapsed());
    }
}
