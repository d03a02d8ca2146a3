//! Two machines with one agent's key: a card was copied, or a key was stolen. If the newer
//! connection always won, two honest copies would throw each other out for ever; so the one that is
//! connected and well stays, the other is sent away, and the owner is told. An agent that has only
//! lost its connection is the same run of the same program, and is never kept waiting; nor is one
//! that was started by the older run to take over, which knows a number that nobody else does.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use http::Method;
use http_body_util::Empty;
use store::Agent;
use tokio::time::timeout;
use tunnel::Tunnel;
use wire::{HelloAnswer, Refusal};

use super::{Error, greeting};
use crate::state::State;

/// How long the one that is connected may take to show that it still is.
const PATIENCE: Duration = Duration::from_secs(3);

/// Sends a newcomer away while another run of its agent's program is connected and well.
///
/// # Errors
/// [`Refusal::Twice`] then.
pub(super) async fn check(
    state: &State,
    agent: &Agent,
    newcomer: &Tunnel,
    hello: &HelloAnswer,
    address: IpAddr,
) -> Result<(), Error> {
    let Some(rival) = state.tunnels.rival_of(agent, hello) else { return Ok(()) };
    let doubt = state.tunnels.doubt(agent.id);
    if doubt.is_some() && !is_well(&rival).await {
        return Ok(());
    }
    tracing::warn!(agent = %agent.id, %address, "a second machine came with this agent's key");
    state.store.rival_seen(agent.id, address, state.clock.now()).await?;
    greeting::refuse(newcomer, Refusal::Twice).await
}

async fn is_well(rival: &Tunnel) -> bool {
    let Ok(question) = greeting::to_agent(Method::GET, wire::ALIVE_PATH, Empty::<Bytes>::new())
    else {
        return false;
    };
    matches!(timeout(PATIENCE, rival.send(question)).await, Ok(Ok(_)))
}
