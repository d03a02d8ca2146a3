//! Sessions that another program ended in the store (`layerlock user reset-password` beside a
//! running hub): what still hangs on them here ends within seconds. What this process ends itself
//! ends at once, without this.

use std::{collections::HashSet, time::Duration};

use printer::SessionId;
use tokio_util::sync::CancellationToken;

use crate::state::State;

const EVERY: Duration = Duration::from_secs(5);

/// Looks again and again, until `shutdown`.
pub(super) async fn run(hub: &State, shutdown: &CancellationToken) {
    while shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        let held = hub.backplane.leases().sessions();
        if held.is_empty() {
            continue;
        }
        match valid(hub).await {
            Ok(valid) => end_others(hub, held, &valid),
            Err(error) => tracing::warn!(%error, "sessions can't be looked at"),
        }
    }
}

fn end_others(hub: &State, held: Vec<SessionId>, valid: &HashSet<SessionId>) {
    for session in held.into_iter().filter(|session| !valid.contains(session)) {
        hub.backplane.end_session(session);
    }
}

/// Every session that is valid now.
async fn valid(hub: &State) -> store::Result<HashSet<SessionId>> {
    let idle = hub.config.sessions.idle.duration();
    let mut valid = HashSet::new();
    let accounts = hub.store.accounts().await?;
    for account in accounts.into_iter().filter(|account| !account.disabled) {
        let sessions = hub.store.sessions_of(account.id, hub.clock.now(), idle).await?;
        valid.extend(sessions.into_iter().map(|session| session.id));
    }
    Ok(valid)
}
