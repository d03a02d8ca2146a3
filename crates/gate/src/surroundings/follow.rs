//! This machine's networks change while a gate runs: at the boot the router comes late, and later
//! another one may give other addresses. Whoever looks like the new router is a stranger from then
//! on, and what strangers have open must not stay so.

use std::{io, sync::Arc, time::Duration};

use tokio::{sync::watch, task::spawn_blocking, time::sleep};
use tokio_util::sync::CancellationToken;

use super::Surroundings;

/// How often the networks are looked at: for so long a new router can pass for somebody at home.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Looks again and again until `shutdown`. Those who wait for `known` hear of changes only.
pub(crate) async fn follow(
    read: fn() -> io::Result<Surroundings>,
    known: &watch::Sender<Arc<Surroundings>>,
    shutdown: &CancellationToken,
) {
    let mut blind = false;
    while shutdown.run_until_cancelled(sleep(LOOK_AGAIN)).await.is_some() {
        match spawn_blocking(read).await {
            Ok(Ok(now)) => {
                blind = false;
                replace(known, now);
            }
            Ok(Err(error)) => {
                if !std::mem::replace(&mut blind, true) {
                    tracing::warn!(%error, "this machine's networks can't be seen");
                }
            }
            Err(_) => {}
        }
    }
}

fn replace(known: &watch::Sender<Arc<Surroundings>>, now: Surroundings) {
    known.send_if_modified(|before| {
        let changed = **before != now;
        if changed {
            tracing::info!("this machine's networks have changed");
            *before = Arc::new(now);
        }
        changed
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::timeout;

    use super::*;

    /// More than the few looks take, and less than a minute between two would.
    const SECONDS: Duration = Duration::from_secs(30);

    static LOOKED: AtomicUsize = AtomicUsize::new(0);

    /// The router is there from the third look on; the second fails.
    fn late_router() -> io::Result<Surroundings> {
        Ok(match LOOKED.fetch_add(1, Ordering::SeqCst) {
            0 => Surroundings::default(),
            1 => return Err(io::ErrorKind::Other.into()),
            _ => Surroundings::with_router([192, 168, 1, 1].into()),
        })
    }

    // covers: GT-4
    #[tokio::test]
    async fn router_that_comes_late_is_noticed_within_seconds() {
        let known = watch::Sender::new(Arc::new(Surroundings::default()));
        let mut heard = known.subscribe();
        let stop = CancellationToken::new();
        tokio::select! {
            () = follow(late_router, &known, &stop) => unreachable!(),
            changed = timeout(SECONDS, heard.changed()) => changed.unwrap().unwrap(),
        }
        assert_eq!(heard.borrow().gateways.len(), 1);
        assert_eq!(LOOKED.load(Ordering::SeqCst), 3, "what stays as it is wakes nobody");
    }
}
