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
use crate::{choices::words, policy::Action, problem::ApiError, session::Visitor, state::Shared};

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
    /// When it was linked.
    linked: Moment,
    /// How many printers it stands in front of.
    printers: usize,
}

/// One's own agents.
#[utoipa::path(get, path = "/api/v1/agents", operation_id = "agents", tag = "agents", responses((status = 200, body = [Agent])))]
async fn list(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Json<Vec<Agent>>, ApiError> {
    let owner = visitor.account.id;
    let agents = hub.store.agents_of(owner).await?;
    let printers = hub.store.printers_for(owner, hub.clock.now()).await?;
    let linked = agents.into_iter().filter(|agent| agent.revoked.is_none());
    let listed = linked.map(|agent| {
        Ok(Agent {
            id: agent.id,
            words: words(
                &PublicKey::from_spki(&agent.key).map_err(ApiError::internal)?.fingerprint(),
            ),
            printers: printers.iter().filter(|(_, other, _)| other.id == agent.id).count(),
            online: hub.backplane.presence().of(agent.id).online,
            name: agent.name,
            version: agent.version,
            last_seen: agent.last_seen.map(Moment),
            linked: Moment(agent.linked),
        })
    });
    listed.collect::<Result<_, ApiError>>().map(Json)
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
