//! Telling a connected agent the hub's next key, whenever there is one, and noting that the agent
//! has accepted it.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_body_util::Full;
use store::Agent;
use tokio::time::timeout;
use tunnel::Tunnel;

use super::{Error, greeting::to_agent};
use crate::{rotation::Announcement, state::State};

/// How long an agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells the agent for as long as it is connected. An agent that doesn't accept the key stays
/// connected: it will need the current one.
pub(super) async fn tell(state: &State, agent: &Agent, tunnel: &Tunnel) -> Result<(), Error> {
    let mut said = state.next_key.subscribe();
    loop {
        let next = said.borrow_and_update().clone();
        if let Some(next) = next {
            match tell_once(tunnel, &next).await {
                Ok(true) => state.store.hub_key_accepted(agent, next.next.as_bytes()).await?,
                Ok(false) => {
                    tracing::warn!(agent = %agent.id, "the agent refuses the hub's next key");
                }
                Err(error) => tracing::warn!(agent = %agent.id, %error, "the hub's next key"),
            }
        }
        if said.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn tell_once(tunnel: &Tunnel, next: &Announcement) -> Result<bool, Error> {
    let statement = Full::new(Bytes::from(next.statement.clone()));
    let request = to_agent(Method::POST, wire::HUB_KEY_PATH, statement)?;
    let answer = timeout(PATIENCE, tunnel.send(request)).await.map_err(|_| Error::Slow)??;
    Ok(answer.status().is_success())
}
