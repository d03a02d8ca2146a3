//! Linking an agent by code (LK-1). The person pastes the command beside the printer; the agent
//! comes with the code and its key; the person picks that key's fingerprint out of three.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use backplane::Event;
use credentials::LinkCode;
use edge::{Asked, Connection};
use http::StatusCode;
use printer::{AccountId, AgentId, Name};
use serde::{Deserialize, Serialize};
use store::{LinkOffer, NewAgent};
use tunnel::PublicKey;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Route, body::Body, moment::Moment};
use crate::{
    choices::words,
    origins::is_here,
    policy::Action,
    problem::ApiError,
    session::Visitor,
    state::{Shared, State as Hub},
};

/// How long a code is good.
const LIFETIME: Duration = Duration::from_mins(10);

/// How often to try another code when its public id is in use.
const ATTEMPTS: usize = 8;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Action::UseOwnAgents, routes!(offer)),
        Route::new(Action::UseOwnAgents, routes!(offer_replacement)),
        Route::new(Action::UseOwnAgents, routes!(read)),
        Route::new(Action::UseOwnAgents, routes!(approve)),
        Route::new(Action::UseOwnAgents, routes!(decline)),
    ]
}

/// An offer to link an agent.
#[derive(Serialize, ToSchema)]
pub(super) struct Link {
    /// The public part of the code.
    id: String,
    /// The code; shown once, when it is made.
    #[schema(required)]
    code: Option<String>,
    /// The command to run beside the printer; shown once, when the code is made.
    #[schema(required)]
    command: Option<String>,
    /// The hub's own fingerprint in four words, which the agent shows.
    hub_words: String,
    expires: Moment,
    state: LinkState,
    /// How many wrong codes were tried. Five end the offer.
    wrong_codes: u32,
    /// What the agent calls itself, once it came.
    #[schema(required)]
    agent_name: Option<String>,
    /// Three fingerprints in words, once the agent came; one is the agent's.
    #[schema(required)]
    choices: Option<Vec<String>>,
    /// The agent whose place the one that comes takes. It keeps its id, its name, its printers and
    /// what people may do with them.
    #[schema(required)]
    replaces: Option<Replaced>,
}

/// An agent whose place another machine takes.
#[derive(Serialize, ToSchema)]
pub(super) struct Replaced {
    #[schema(value_type = String, format = Uuid)]
    id: AgentId,
    #[schema(value_type = String)]
    name: Name,
}

/// How far an offer got.
#[derive(Serialize, ToSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum LinkState {
    /// For an agent to come with the code.
    Waiting,
    /// An agent came; a person has to pick its words.
    Claimed,
    /// The agent is linked.
    Linked,
    /// Somebody said no, or picked other words.
    Declined,
    /// Too many wrong codes.
    Ended,
    /// Nobody came in time.
    Expired,
}

/// The words that the agent shows.
#[derive(Deserialize, ToSchema)]
pub(super) struct LinkApproval {
    /// One of the offer's `choices`.
    words: String,
}

/// Make a code.
#[utoipa::path(post, path = "/api/v1/links", operation_id = "make_link", tag = "agents", responses((status = 201, body = Link)))]
async fn offer(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Extension(connection): Extension<Connection>,
    Extension(asked): Extension<Asked>,
) -> Result<(StatusCode, Json<Link>), ApiError> {
    let agents = hub.store.agents_of(visitor.account.id).await?;
    if agents.len() >= store::MAX_AGENTS {
        return Err(too_many_agents());
    }
    made(&hub, &visitor, None, connection, &asked).await
}

/// Make a code for a machine that takes an agent's place. The agent must not be connected.
#[utoipa::path(post, path = "/api/v1/agents/{id}/replacement", operation_id = "replace_agent", tag = "agents",
    params(("id" = String, Path, format = Uuid)), responses((status = 201, body = Link)))]
async fn offer_replacement(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Extension(connection): Extension<Connection>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Link>), ApiError> {
    let id: AgentId = id.parse().map_err(|_| ApiError::not_found())?;
    let agent = hub.store.agent(id).await?;
    let agent = agent.filter(|agent| agent.owner == Some(visitor.account.id));
    let agent = agent.ok_or_else(ApiError::not_found)?;
    if hub.backplane.presence().of(id).online {
        return Err(agent_online());
    }
    made(&hub, &visitor, Some(agent.id), connection, &asked).await
}

/// A new offer with its code and the command that shows it.
async fn made(
    hub: &Hub,
    visitor: &Visitor,
    replaces: Option<AgentId>,
    connection: Connection,
    asked: &Asked,
) -> Result<(StatusCode, Json<Link>), ApiError> {
    let (code, offer) = new_offer(hub, visitor.account.id, replaces).await?;
    let mut link = shown(hub, offer).await?;
    let key = hub.identity.public_key().fingerprint();
    let listening = SocketAddr::new(hub.config.listen.https.ip(), connection.local.port());
    let here = is_here(&asked.name());
    let origin = if here { crate::admin::for_agents(listening) } else { asked.origin() };
    link.command = Some(format!("layerlock agent link {origin} {code} --hub-key {key}"));
    link.code = Some(code.to_string());
    Ok((StatusCode::CREATED, Json(link)))
}

/// How far an offer got.
#[utoipa::path(get, path = "/api/v1/links/{id}", operation_id = "link", tag = "agents",
    params(("id" = String, Path)), responses((status = 200, body = Link)))]
async fn read(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Json<Link>, ApiError> {
    let offer = own(&hub, &visitor, &id).await?;
    shown(&hub, offer).await.map(Json)
}

/// Link the agent, by picking its words. Other words turn it down.
#[utoipa::path(post, path = "/api/v1/links/{id}/approve", operation_id = "approve_link", tag = "agents",
    params(("id" = String, Path)), request_body = LinkApproval,
    responses((status = 200, body = Link)))]
async fn approve(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Body(approval): Body<LinkApproval>,
) -> Result<Json<Link>, ApiError> {
    let offer = own(&hub, &visitor, &id).await?;
    if state(&hub, &offer) != LinkState::Claimed {
        return Err(not_claimed());
    }
    let (Some(key), Some(name)) = (offer.agent_key.clone(), offer.agent_name.clone()) else {
        return Err(not_claimed());
    };
    let shown_by_agent = PublicKey::from_spki(&key).map_err(ApiError::internal)?.fingerprint();
    if words(&shown_by_agent) != approval.words.trim() {
        hub.store.decline_link_offer(visitor.account.id, &id).await?;
        hub.backplane.publish(Event::LinkChanged(id));
        return Err(wrong_words());
    }
    let agent = NewAgent {
        id: AgentId::new(hub.clock.as_ref(), hub.random.as_ref()),
        owner: Some(visitor.account.id),
        name,
        key,
    };
    let approved = hub.store.approve_link_offer(visitor.account.id, &id, &agent, hub.clock.now());
    let agent = approved.await.map_err(refused)?;
    // Whoever is connected under this id proved another key.
    hub.tunnels.close(agent.id);
    hub.backplane.publish(Event::LinkChanged(id.clone()));
    hub.backplane.publish(Event::AgentChanged(agent.id));
    shown(&hub, own(&hub, &visitor, &id).await?).await.map(Json)
}

/// Turn it down.
#[utoipa::path(delete, path = "/api/v1/links/{id}", operation_id = "decline_link", tag = "agents",
    params(("id" = String, Path)), responses((status = 204, description = "Turned down")))]
async fn decline(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    own(&hub, &visitor, &id).await?;
    hub.store.decline_link_offer(visitor.account.id, &id).await?;
    hub.backplane.publish(Event::LinkChanged(id));
    Ok(StatusCode::NO_CONTENT)
}

/// A code whose public id nobody else has at the moment.
async fn new_offer(
    hub: &Hub,
    owner: AccountId,
    replaces: Option<AgentId>,
) -> Result<(LinkCode, LinkOffer), ApiError> {
    let now = hub.clock.now();
    for _ in 0..ATTEMPTS {
        let code = LinkCode::new(hub.random.as_ref());
        let offer = LinkOffer {
            id: code.id().to_owned(),
            owner,
            code: code.digest(),
            expires: now.plus(LIFETIME),
            wrong_codes: 0,
            state: store::LinkState::Waiting,
            agent_key: None,
            agent_name: None,
            choices: None,
            replaces,
        };
        match hub.store.put_link_offer(&offer, now).await {
            Err(store::Error::NotPossible(_)) => {}
            kept => {
                for ended in kept? {
                    hub.backplane.publish(Event::LinkChanged(ended));
                }
                return Ok((code, offer));
            }
        }
    }
    Err(ApiError::busy())
}

async fn own(hub: &Hub, visitor: &Visitor, id: &str) -> Result<LinkOffer, ApiError> {
    let offer = hub.store.link_offer(id).await?;
    offer.filter(|offer| offer.owner == visitor.account.id).ok_or_else(ApiError::not_found)
}

async fn shown(hub: &Hub, offer: LinkOffer) -> Result<Link, ApiError> {
    let state = state(hub, &offer);
    let replaces = match offer.replaces {
        Some(agent) => hub.store.agent(agent).await?,
        None => None,
    };
    Ok(Link {
        id: offer.id,
        code: None,
        command: None,
        hub_words: words(&hub.identity.public_key().fingerprint()),
        expires: Moment(offer.expires),
        state,
        wrong_codes: offer.wrong_codes,
        agent_name: offer.agent_name.map(String::from),
        choices: offer.choices.filter(|_| state == LinkState::Claimed),
        replaces: replaces.map(|agent| Replaced { id: agent.id, name: agent.name }),
    })
}

fn state(hub: &Hub, offer: &LinkOffer) -> LinkState {
    match offer.state {
        store::LinkState::Waiting | store::LinkState::Claimed
            if offer.expires <= hub.clock.now() =>
        {
            LinkState::Expired
        }
        store::LinkState::Waiting => LinkState::Waiting,
        store::LinkState::Claimed => LinkState::Claimed,
        store::LinkState::Linked => LinkState::Linked,
        store::LinkState::Declined => LinkState::Declined,
        store::LinkState::Ended => LinkState::Ended,
    }
}

fn refused(error: store::Error) -> ApiError {
    match error {
        store::Error::NotPossible(_) => not_claimed(),
        store::Error::KeyTaken => {
            ApiError::conflict("link-state", "This agent is linked to this hub already.")
        }
        other => other.into(),
    }
}

fn not_claimed() -> ApiError {
    ApiError::conflict("link-state", "No agent is waiting to be linked with this code.")
}

fn agent_online() -> ApiError {
    let detail = "This agent is connected. Stop it at its machine, or unlink it here, before \
                  another machine takes its place.";
    ApiError::conflict("agent-online", detail)
}

fn too_many_agents() -> ApiError {
    let detail = format!("An account has {} agents at most. Unlink one first.", store::MAX_AGENTS);
    ApiError::conflict("too-many-agents", detail)
}

fn wrong_words() -> ApiError {
    let detail = "The agent shows other words, so it was turned down. Make a new code, and look at \
                  what the agent prints.";
    ApiError::conflict("wrong-words", detail)
}
