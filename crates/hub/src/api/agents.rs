//! One's own agents.

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use backplane::Event;
use http::StatusCode;
use printer::{AgentId, Name};
use serde::Serialize;
use tunnel::PublicKey;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Route, moment::Moment};
use crate::{
    choices::words,
    policy::Action,
    problem::ApiError,
    session::Visitor,
    state::{Shared, State as Hub},
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Action::UseOwnAgents, routes!(list)),
        Route::new(Action::UseOwnAgents, routes!(unlink)),
    ]
}

/// An agent that is linked to this hub.
#[derive(Serialize, ToSchema)]
pub(super) struct Agent {
    #[schema(value_type = String, format = Uuid)]
    id: AgentId,
    #[schema(value_type = String)]
    name: Name,
    /// Its key's fingerprint, in four words.
    words: String,
    /// Its version, once it has been connected.
    #[schema(required)]
    version: Option<String>,
    /// Whether it is connected now.
    online: bool,
    /// When it was last connected.
    #[schema(required)]
    last_seen: Option<Moment>,
    /// When its key was linked.
    linked: Moment,
    /// When it was unlinked. Unlinked agents are listed while they have printers that another
    /// machine could bring back.
    #[schema(required)]
    unlinked: Option<Moment>,
    /// When a second machine came last with the same key, if one did.
    #[schema(required)]
    rival: Option<Rival>,
    /// How many printers it stands in front of.
    printers: usize,
}

/// A second machine with an agent's key: the key was copied.
#[derive(Serialize, ToSchema)]
pub(super) struct Rival {
    /// When it came last.
    came: Moment,
    /// From where.
    address: String,
}

/// One's own agents, those that were unlinked last.
#[utoipa::path(get, path = "/api/v1/agents", operation_id = "agents", tag = "agents", responses((status = 200, body = [Agent])))]
async fn list(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Json<Vec<Agent>>, ApiError> {
    let owner = visitor.account.id;
    let (linked, unlinked) =
        (hub.store.agents_of(owner).await?, hub.store.unlinked_agents_of(owner).await?);
    let mut listed = Vec::with_capacity(linked.len() + unlinked.len());
    for agent in linked.into_iter().chain(unlinked) {
        listed.push(shown(&hub, agent).await?);
    }
    Ok(Json(listed))
}

async fn shown(hub: &Hub, agent: store::Agent) -> Result<Agent, ApiError> {
    let key = PublicKey::from_spki(&agent.key).map_err(ApiError::internal)?;
    Ok(Agent {
        id: agent.id,
        words: words(&key.fingerprint()),
        printers: hub.store.printers_of(agent.id).await?.len(),
        online: hub.backplane.presence().of(agent.id).online,
        name: agent.name,
        version: agent.version,
        last_seen: agent.last_seen.map(Moment),
        linked: Moment(agent.linked),
        unlinked: agent.revoked.map(Moment),
        rival: agent
            .rival
            .map(|rival| Rival { came: Moment(rival.came), address: rival.address.to_string() }),
    })
}

/// Unlink an agent. Its tunnel closes at once, and it stays closed until linked again.
#[utoipa::path(delete, path = "/api/v1/agents/{id}", operation_id = "unlink_agent", tag = "agents",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 204, description = "Unlinked")))]
async fn unlink(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: AgentId = id.parse().map_err(|_| ApiError::not_found())?;
    if !hub.store.revoke_agent(visitor.account.id, id, hub.clock.now()).await? {
        return Err(ApiError::not_found());
    }
    hub.tunnels.close(id);
    hub.backplane.publish(Event::AgentChanged(id));
    Ok(StatusCode::NO_CONTENT)
}
