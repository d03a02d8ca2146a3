//! What a relayed request hangs on, and ends with: the session's lease, the session's absolute
//! end, and the person's right to use the printer (AC-11).

use std::time::Duration;

use backplane::{Event, Lease};
use printer::{AccountId, Level, PrinterId, Timestamp};
use store::Account;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{sleep, timeout},
};

use crate::{
    policy::{Action, Subject, allow},
    state::Shared,
};

/// How often it is asked whether somebody may still use the printer, at least.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// A hold on everything that lets a request be relayed.
pub(super) struct Hold {
    pub(super) state: Shared,
    pub(super) lease: Lease,
    /// Listening since before the rights were checked.
    pub(super) events: Receiver<Event>,
    pub(super) account: Account,
    pub(super) printer: PrinterId,
    /// The level under which the agent lets it through.
    pub(super) level: Level,
    /// When the session ends, however much it is used.
    pub(super) expires: Timestamp,
}

impl Hold {
    /// Waits until the request may go on no longer.
    pub(super) async fn ended(&mut self) {
        let Self { state, lease, events, account, printer, level, expires, .. } = self;
        tokio::select! {
            () = lease.ended() => {}
            () = sleep(until(state.clock.now(), *expires)) => {}
            () = rights_lost(state, account, (*printer, *level), events) => {}
        }
    }
}

fn until(now: Timestamp, then: Timestamp) -> Duration {
    let micros = then.as_unix_micros().saturating_sub(now.as_unix_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

async fn rights_lost(
    state: &Shared,
    account: &Account,
    (printer, held): (PrinterId, Level),
    events: &mut Receiver<Event>,
) {
    loop {
        // A grant that reaches its end date is no news.
        let _ = timeout(LOOK_AGAIN, news_of(account.id, events)).await;
        let level = state.store.level_on(account.id, printer, state.clock.now()).await;
        let Ok(level) = level else { return };
        let allowed = allow(Subject::Account(account), Action::AskPrinter, level).is_ok();
        if !allowed || level < Some(held) {
            return;
        }
    }
}

/// Waits until a person's rights may have changed.
async fn news_of(account: AccountId, events: &mut Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(Event::GrantsChanged(changed)) if changed == account => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            // The backplane is gone, and with it the hub.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
