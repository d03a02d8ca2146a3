//! The printers that somebody has a grant for. Nobody learns of any other, not even that there is
//! one (PM-4).

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use edge::Asked;
use printer::{AccountId, AgentId, Kind, Level, Lock, Name, PrinterId};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, schema::Type},
};
use utoipa_axum::routes;

use super::{Route, moment::Moment};
use crate::{
    origins::{Unavailable, Way},
    policy::{self, Action},
    problem::ApiError,
    relay::{self, LocalPath},
    session::Visitor,
    state::{Shared, State as Hub},
};

const NOT_SEPARATED: &str = "Printers are not separated from each other here: whatever one \
    printer's page can do in your browser can reach the others, and this dashboard. Names would \
    separate them; give printers a domain.";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Action::ListPrinters, routes!(list)),
        Route::new(Action::ReadPrinter, routes!(one)),
    ]
}

/// A printer, as somebody with a grant for it sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct Printer {
    #[schema(value_type = String, format = Uuid)]
    id: PrinterId,
    #[schema(value_type = String)]
    name: Name,
    /// What answers there.
    #[schema(schema_with = kinds)]
    kind: Kind,
    /// Whether it can be reached now.
    online: bool,
    /// What one may do with it.
    #[schema(schema_with = levels)]
    level: Level,
    agent: PrinterAgent,
    open: Open,
}

/// The agent in front of a printer.
#[derive(Serialize, ToSchema)]
pub(super) struct PrinterAgent {
    #[schema(value_type = String, format = Uuid)]
    id: AgentId,
    #[schema(value_type = String)]
    name: Name,
    /// Whether it is connected now.
    online: bool,
    /// When it was last connected.
    #[schema(required)]
    last_seen: Option<Moment>,
}

/// How to get to a printer's own web UI.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Open {
    /// There.
    At {
        /// On the printer's own origin.
        url: String,
        /// What one has to know before, as a sentence.
        #[serde(skip_serializing_if = "Option::is_none")]
        warning: Option<&'static str>,
    },
    /// Not from here.
    Not {
        /// Why not, as a sentence.
        unavailable: String,
    },
}

fn kinds() -> Object {
    words(Kind::ALL.map(Kind::as_str))
}

fn levels() -> Object {
    words(Level::ALL.map(Level::as_str))
}

fn words<const N: usize>(words: [&'static str; N]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// The printers that one has a grant for.
#[utoipa::path(get, path = "/api/v1/printers", operation_id = "printers", tag = "printers", responses((status = 200, body = [Printer])))]
async fn list(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Extension(asked): Extension<Asked>,
) -> Result<Json<Vec<Printer>>, ApiError> {
    Ok(Json(seen_by(&hub, visitor.account.id, &asked).await?))
}

/// One printer.
#[utoipa::path(get, path = "/api/v1/printers/{id}", operation_id = "printer", tag = "printers",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = Printer)))]
async fn one(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
) -> Result<Json<Printer>, ApiError> {
    let id: PrinterId = id.parse().map_err(|_| ApiError::not_found())?;
    let seen = seen_by(&hub, visitor.account.id, &asked).await?;
    let printer = seen.into_iter().find(|printer| printer.id == id);
    printer.map(Json).ok_or_else(ApiError::not_found)
}

/// All printers that this account has a level on now.
pub(super) async fn seen_by(
    hub: &Hub,
    account: AccountId,
    asked: &Asked,
) -> Result<Vec<Printer>, ApiError> {
    let found = hub.store.printers_for(account, hub.clock.now()).await?;
    let one_owner = relay::is_one_owners(&found);
    let seen = found.into_iter().map(|(printer, agent, level)| {
        let present = hub.backplane.presence().of(agent.id);
        Printer {
            id: printer.id,
            online: present.printers.contains(&printer.id),
            open: match closed(level, present.locks.get(&printer.id).copied()) {
                Some(unavailable) => Open::Not { unavailable },
                None => open(hub, &printer.label, asked, one_owner),
            },
            name: printer.name,
            kind: printer.kind,
            level,
            agent: PrinterAgent {
                id: agent.id,
                name: agent.name,
                online: present.online,
                last_seen: agent.last_seen.map(Moment),
            },
        }
    });
    Ok(seen.collect())
}

/// Why a printer's pages are open to nobody, or not at this level, if so.
fn closed(level: Level, lock: Option<Lock>) -> Option<String> {
    if !policy::suffices(level, Action::UsePrinter) {
        return Some("The printer's own pages take the level \"controls\".".to_owned());
    }
    // The agent itself lets nobody in; here it is only said.
    let why = lock.and_then(Lock::why_closed)?;
    Some(format!("{why} {}", Lock::REMEDY))
}

fn open(hub: &Hub, label: &str, asked: &Asked, one_owner: bool) -> Open {
    let address = |way| {
        if way == Way::Port && !one_owner {
            return Err(Unavailable::SeveralOwners);
        }
        let url = relay::address(&hub.origins, way, label, asked, &LocalPath::root())?;
        Ok(Open::At { url, warning: (way == Way::Port).then_some(NOT_SEPARATED) })
    };
    let not = |why: Unavailable| Open::Not { unavailable: why.to_string() };
    hub.origins.way(asked).and_then(address).unwrap_or_else(not)
}
