//! What a hub does by itself: forget what has expired.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::State;

const EVERY: Duration = Duration::from_hours(1);

/// Tidies up now and then, until `shutdown`.
pub(super) async fn run(hub: &State, shutdown: &CancellationToken) {
    loop {
        if let Err(error) = tidy(hub).await {
            tracing::warn!(%error, "what has expired can't be removed");
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

async fn tidy(hub: &State) -> Result<(), store::Error> {
    let now = hub.clock.now();
    hub.store.purge_expired_sessions(now, hub.config.sessions.idle.duration()).await?;
    hub.store.purge_link_offers(now).await?;
    Ok(())
}
