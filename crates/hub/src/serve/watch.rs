//! What another program changed in the store (`layerlock grant remove` beside a running hub):
//! whatever hangs on a right that is gone ends here within a second. What this process changes
//! itself counts at once, without this.

use std::{collections::HashSet, time::Duration};

use backplane::Event;
use printer::{AccountId, SessionId};
use tokio_util::sync::CancellationToken;

use crate::state::State;

/// How often it is asked whether something changed.
const EVERY: Duration = Duration::from_millis(500);

/// How many times in a row it is believed that nothing did. Sessions also end by the clock.
const AT_MOST: u32 = 10;

/// The sessions on which something hangs.
#[derive(Default)]
struct Held {
    valid: HashSet<SessionId>,
    accounts: HashSet<AccountId>,
}

/// Looks again and again, until `shutdown`.
pub(super) async fn run(hub: &State, shutdown: &CancellationToken) {
    let (mut seen, mut skipped) = (None, 0);
    while shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        let revision = hub.store.revision().await.ok();
        let changed = revision.is_some() && revision != seen;
        skipped += 1;
        if !changed && skipped < AT_MOST {
            continue;
        }
        skipped = 0;
        match look(hub, changed).await {
            Ok(()) => seen = revision.or(seen),
            Err(error) => tracing::warn!(%error, "sessions can't be looked at"),
        }
    }
}

/// Ends what hangs on agents that were unlinked and on sessions that are over, and lets the rest look at its rights again.
async fn look(hub: &State, changed: bool) -> store::Result<()> {
    if changed {
        for agent in hub.tunnels.keep_only(&hub.store.linked_agents().await?) {
            hub.backplane.publish(Event::AgentChanged(agent));
        }
    }
    let held = hub.backplane.leases().sessions();
    if held.is_empty() {
        return Ok(());
    }
    let now = still_valid(hub, &held.iter().copied().collect()).await?;
    for session in held.into_iter().filter(|session| !now.valid.contains(session)) {
        hub.backplane.end_session(session);
    }
    for account in now.accounts.into_iter().filter(|_| changed) {
        hub.backplane.publish(Event::GrantsChanged(account));
    }
    Ok(())
}

/// Which of these sessions are valid now, and whose they are.
async fn still_valid(hub: &State, held: &HashSet<SessionId>) -> store::Result<Held> {
    let idle = hub.config.sessions.idle.duration();
    let mut found = Held::default();
    let accounts = hub.store.accounts().await?;
    for account in accounts.into_iter().filter(|account| !account.disabled) {
        let sessions = hub.store.sessions_of(account.id, hub.clock.now(), idle).await?;
        for session in sessions.into_iter().filter(|session| held.contains(&session.id)) {
            found.valid.insert(session.id);
            found.accounts.insert(account.id);
        }
    }
    Ok(found)
}
