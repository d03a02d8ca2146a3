//! Whether a printer asks a visitor from elsewhere for a login (RL-9). It is asked for its status
//! and its controls, as nobody in particular, and in the very way in which visitors are relayed.
//! What counts is the status of its answers; a camera has no login of its own and isn't asked.
//!
//! A printer asks for a login if it refuses (401, 403), or doesn't know (404), everything that is
//! asked, and refuses at least one thing. A single answer makes it open.

mod octoprint;
mod stranger;

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use forward::address::STRANGER;
use http::{Method, StatusCode};
use printer::Kind;
use tokio::time::timeout;

use crate::{Prefix, routes::Targets};
use stranger::Stranger;

/// How long all questions to one printer may take together.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who asks: somebody behind IPv4 and somebody behind IPv6. There are settings that trust one
/// whole internet and not the other. The second address is for documents (RFC 3849).
const STRANGERS: [IpAddr; 2] =
    [STRANGER, IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// What came of a check, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Finding {
    /// Strangers learn nothing.
    AsksForLogin,
    /// What answers isn't what answers at a printer of this kind.
    Unclear,
    /// Strangers learn the status or reach the controls.
    LetsEveryoneIn,
}

/// Checks a printer. `None` if it doesn't answer, or too late.
pub(crate) async fn check(targets: &Targets, kind: Kind) -> Option<Finding> {
    timeout(PATIENCE, check_all(targets, kind)).await.ok().flatten()
}

async fn check_all(targets: &Targets, kind: Kind) -> Option<Finding> {
    let mut worst = Finding::AsksForLogin;
    for address in STRANGERS {
        worst = worst.max(seen_by(Stranger::new(targets, address), kind).await?);
        for prefix in targets.prefixes() {
            let open = is_open_below(&Stranger::new(targets, address), prefix).await;
            worst = if open { Finding::LetsEveryoneIn } else { worst };
        }
        if worst == Finding::LetsEveryoneIn {
            break;
        }
    }
    Some(worst)
}

async fn seen_by(mut stranger: Stranger<'_>, kind: Kind) -> Option<Finding> {
    if kind == Kind::OctoPrint {
        octoprint::log_in_by_address(&mut stranger).await?;
    }
    let mut answers = Vec::new();
    for path in endpoints(kind) {
        answers.push(stranger.ask(Method::GET, path).await?.status());
    }
    judge(&answers)
}

/// Where each kind tells its status or its settings.
const fn endpoints(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::OctoPrint => &["/api/version", "/api/printer", "/api/settings"],
        Kind::Moonraker => &["/server/info", "/printer/info", "/printer/objects/list"],
        Kind::PrusaLink => &["/api/version", "/api/v1/status", "/api/v1/job"],
    }
}

/// What the answers to all questions mean; nothing if the printer isn't ready to say.
fn judge(answers: &[StatusCode]) -> Option<Finding> {
    // OctoPrint says 409 to who may ask while its printer isn't connected.
    let answered = |status: &StatusCode| status.is_success() || *status == StatusCode::CONFLICT;
    let refused =
        |status: &StatusCode| matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let not_ready =
        |status: &StatusCode| status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS;
    if answers.iter().any(answered) {
        return Some(Finding::LetsEveryoneIn);
    }
    if answers.iter().any(not_ready) {
        return None;
    }
    let closed = |status: &StatusCode| refused(status) || *status == StatusCode::NOT_FOUND;
    let asks = answers.iter().all(closed) && answers.iter().any(refused);
    Some(if asks { Finding::AsksForLogin } else { Finding::Unclear })
}

/// Whether a route leads to the open controls of a printer, of whatever kind. Cameras and other
/// pages answer anything there with pages and pictures, printers with JSON.
async fn is_open_below(stranger: &Stranger<'_>, prefix: &Prefix) -> bool {
    for path in Kind::ALL.into_iter().flat_map(endpoints) {
        let path = format!("{}{}", prefix.as_str().trim_end_matches('/'), path);
        let Some(answer) = stranger.ask(Method::GET, &path).await else { return false };
        if answer.status().is_success() && stranger::is_json(&answer) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
