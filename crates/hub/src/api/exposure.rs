//! "Am I exposed?" (XA-2): what the caller's own public address shows to the Internet. The request
//! carries nothing that is read; the address is the one that it came from.

use audit::{Host, PRINTER_PORTS, Port, Service};
use axum::{Extension, Json, extract::State};
use backplane::TooMany;
use edge::Connection;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Route;
use crate::{
    exposure::{Unknowable, own_address},
    policy::Action,
    problem::ApiError,
    session::Visitor,
    state::Shared,
};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::new(Action::CheckExposure, routes!(check))]
}

/// What the Internet sees at the caller's address.
#[derive(Serialize, ToSchema)]
pub(super) struct Exposure {
    /// The address that was looked at: the caller's own.
    address: String,
    /// Every port that was tried.
    tried: Vec<TriedPort>,
    /// What is not as it should be, the gravest first.
    findings: Vec<ExposureFinding>,
    /// What could not be found out, in sentences.
    unsure: Vec<String>,
}

/// One port, as the Internet sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct TriedPort {
    port: u16,
    /// What lives there as a rule.
    usually: &'static str,
    /// Whether it could be connected to.
    open: bool,
    /// What answers there, if it is open.
    #[schema(required)]
    software: Option<String>,
}

/// One thing that is not as it should be.
#[derive(Serialize, ToSchema)]
pub(super) struct ExposureFinding {
    /// A stable word for programs.
    code: &'static str,
    severity: ExposureSeverity,
    #[schema(required)]
    port: Option<u16>,
    title: String,
    meaning: String,
    fix: String,
}

/// How grave it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ExposureSeverity {
    Note,
    Low,
    Medium,
    High,
}

/// Look at the caller's own public address from here. Once in 10 minutes for an account, and for
/// an address. Nothing in the request is read; it always looks at the address that it came from.
#[utoipa::path(post, path = "/api/v1/exposure", operation_id = "check_exposure", tag = "exposure",
    responses((status = 200, body = Exposure)))]
async fn check(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Extension(connection): Extension<Connection>,
) -> Result<Json<Exposure>, ApiError> {
    let address = own_address(&connection, &hub.trusted).map_err(unknowable)?;
    if hub.exposure.is_busy() {
        return Err(ApiError::busy());
    }
    let account = visitor.account.id;
    hub.backplane.allowances().exposure(account, address).map_err(|wait| too_often(&wait))?;
    tracing::info!(%account, "looking at a caller's own address from outside");
    let host = hub.exposure.look(address).await.ok_or_else(ApiError::busy)?;
    Ok(Json(host.into()))
}

impl From<Host> for Exposure {
    fn from(host: Host) -> Self {
        let tried = PRINTER_PORTS.iter().map(|port| tried(port, &host.services)).collect();
        Self {
            address: host.address.to_string(),
            tried,
            findings: host.findings.into_iter().map(ExposureFinding::from).collect(),
            unsure: host.unsure.into_iter().collect(),
        }
    }
}

fn tried(port: &Port, services: &[Service]) -> TriedPort {
    let service = services.iter().find(|service| service.port == port.number);
    TriedPort {
        port: port.number,
        usually: port.usually,
        open: service.is_some(),
        software: service.map(|service| service.software.to_string()),
    }
}

impl From<audit::Finding> for ExposureFinding {
    fn from(finding: audit::Finding) -> Self {
        let audit::Finding { code, severity, port, title, meaning, fix, sources: _ } = finding;
        let severity = match severity {
            audit::Severity::Note => ExposureSeverity::Note,
            audit::Severity::Low => ExposureSeverity::Low,
            audit::Severity::Medium => ExposureSeverity::Medium,
            audit::Severity::High => ExposureSeverity::High,
        };
        Self { code, severity, port, title, meaning, fix }
    }
}

fn unknowable(why: Unknowable) -> ApiError {
    let (code, detail) = match why {
        Unknowable::Proxy => (
            "exposure-proxy",
            "A proxy stands between you and this hub, or your browser says so, and the hub can't \
             tell your address from the proxy's. Nothing was looked at.",
        ),
        Unknowable::Private => (
            "exposure-private",
            "The hub sees you from inside: your address here is a private one, which the Internet \
             can't reach. Nothing was looked at.",
        ),
        Unknowable::Own => (
            "exposure-own",
            "You are on the hub's own machine, which can't look at itself from outside. Nothing \
             was looked at.",
        ),
    };
    ApiError::conflict(code, detail)
}

fn too_often(wait: &TooMany) -> ApiError {
    let minutes = wait.retry_after.as_secs().div_ceil(60);
    let detail = format!(
        "Your account or your address was looked at in the last 10 minutes. Try again in {minutes} \
         min."
    );
    ApiError::too_many("exposure-too-often", detail, wait.retry_after)
}
