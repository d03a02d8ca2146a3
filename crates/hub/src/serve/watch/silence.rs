//! How long the hub believes what it knows while its store says nothing. The store is the only way
//! in which it hears of rights that other programs take away: cut off from it, it ends everything
//! that hangs on a right, and lets nobody in until the store answers again.

use std::time::Duration;

use backplane::Leases;
use tokio::time::{Instant, timeout};

/// The longest time that is believed in what the last look found.
const SILENCE: Duration = Duration::from_secs(3);

/// The longest wait for one answer of a database server.
const SERVER: Duration = Duration::from_secs(1);

/// The longest wait for one answer of a file. No network can cut it off, and whoever wants to
/// change it waits no less: on a small machine with much to do it may be slow, and is believed.
const FILE: Duration = Duration::from_secs(10);

/// Since when the store is silent.
pub(super) struct Silence {
    since: Instant,
    patience: Duration,
}

/// Why nothing was learnt.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// The store says that it can't tell.
    #[error("the store failed: {0}")]
    Failed(#[from] store::Error),
    /// It says nothing.
    #[error("the store doesn't answer")]
    Late,
}

impl Silence {
    /// The store, which may be a file, has just answered.
    pub(super) fn new(is_file: bool) -> Self {
        Self { since: Instant::now(), patience: if is_file { FILE } else { SERVER } }
    }

    /// Waits for one answer of the store.
    pub(super) async fn answer<T>(
        &self,
        asking: impl Future<Output = store::Result<T>>,
    ) -> Result<T, Unanswered> {
        Ok(timeout(self.patience, asking).await.map_err(|_| Unanswered::Late)??)
    }

    /// Learns how a look went: closes all leases after a silence, opens them when it is over.
    pub(super) fn judge(&mut self, leases: &Leases, looked: Result<(), Unanswered>) {
        match looked {
            Ok(()) => {
                self.since = Instant::now();
                if leases.are_closed() {
                    leases.open();
                    tracing::info!("the store answers again: people may come back");
                }
            }
            Err(error) if leases.are_closed() => tracing::debug!(%error, "still no answer"),
            Err(error) if self.since.elapsed() >= SILENCE => {
                leases.close();
                tracing::error!(%error, "no answer for 3 seconds: all that people have open ends");
            }
            Err(error) => tracing::warn!(%error, "nobody can tell who may do what"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use store::Error;
    use tokio::time::sleep;

    use super::*;

    /// Asks every half second, for so long.
    async fn silent_for(silence: &mut Silence, leases: &Leases, time: Duration, hangs: bool) {
        let begin = Instant::now();
        while begin.elapsed() < time {
            sleep(Duration::from_millis(500)).await;
            let looked = if hangs {
                silence.answer(pending()).await
            } else {
                silence.answer(ready(Err(Error::SetupClosed))).await
            };
            silence.judge(leases, looked);
        }
    }

    // covers: AC-11
    #[tokio::test(start_paused = true)]
    async fn silent_database_server_ends_everything_after_three_seconds() {
        for hangs in [true, false] {
            let (mut silence, leases) = (Silence::new(false), Leases::default());
            silent_for(&mut silence, &leases, Duration::from_millis(2400), hangs).await;
            assert_eq!(leases.are_closed(), hangs, "by then 3 seconds have passed if it hangs");
            silent_for(&mut silence, &leases, Duration::from_millis(500), hangs).await;
            assert!(leases.are_closed(), "{hangs}");
            silence.judge(&leases, Ok(()));
            assert!(!leases.are_closed());
            silent_for(&mut silence, &leases, Duration::from_secs(1), hangs).await;
            assert!(!leases.are_closed(), "a blip is no silence");
        }
    }

    // covers: AC-11
    #[tokio::test(start_paused = true)]
    async fn slow_file_is_no_silent_one() {
        let (mut silence, leases) = (Silence::new(true), Leases::default());
        for _ in 0..5 {
            let slow = async {
                sleep(Duration::from_secs(9)).await;
                Ok(())
            };
            let looked = silence.answer(slow).await;
            silence.judge(&leases, looked);
            assert!(!leases.are_closed());
        }
        let looked = silence.answer(pending()).await;
        silence.judge(&leases, looked);
        assert!(leases.are_closed());
    }
}
