//! Connections that the hub asked us to leave: nothing new comes over them, and what is under way
//! is finished.

use std::time::Duration;

use tokio::{task::JoinSet, time::timeout};

use super::session::Serving;

/// How long what is under way may take. The hub ends it earlier.
const PATIENCE: Duration = Duration::from_secs(40);

/// The connections that were left. Dropping this ends them.
#[derive(Default)]
pub(super) struct Left(JoinSet<()>);

impl Left {
    pub(super) fn add(&mut self, rest: Serving) {
        while self.0.try_join_next().is_some() {}
        self.0.spawn(async move {
            if let Ok(Err(error)) = timeout(PATIENCE, rest).await {
                tracing::debug!(%error, "a connection that was left broke off");
            }
        });
    }

    /// Waits for the end of all, which a stopping agent bounds.
    pub(super) async fn finish(&mut self) {
        while self.0.join_next().await.is_some() {}
    }
}
