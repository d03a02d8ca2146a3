//! A WebSocket through the tunnel: a request whose two bodies stay open.

use std::time::Duration;

use axum::body::Body;
use forward::websocket::{Handshake, Leaving, Parting, splice};
use http::{Response, StatusCode, request::Parts};
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;

use super::{exchange::Exchange, hold::Hold};
use crate::{pages::Notice, state::Shared};

/// How long the browser's connection may take to become a WebSocket.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a WebSocket to the printer, and then to the visitor.
pub(super) async fn open(
    mut exchange: Exchange,
    handshake: &Handshake,
    mut parts: Parts,
) -> Result<Response<Body>, Notice> {
    let upgrade = parts.extensions.remove::<OnUpgrade>().ok_or_else(Notice::went_wrong)?;
    let (to_agent, from_visitor) = forward::channel();
    let answer = exchange.send(handshake.to_tunnel(parts), from_visitor).await?;
    if answer.status() != StatusCode::OK {
        to_agent.finish();
        return Ok(exchange.finish(answer).await);
    }
    let (mut head, from_agent) = answer.into_parts();
    exchange.clean(&mut head.headers).await;
    let accepted = handshake.accept(&Response::from_parts(head, ()));
    tokio::spawn(carry(upgrade, from_agent, to_agent, exchange.into_hold()));
    Ok(accepted.map(Body::new))
}

/// Carries bytes until one side closes, the session ends or this hub stops.
async fn carry(
    upgrade: OnUpgrade,
    from_agent: tunnel::Body,
    to_agent: forward::BodySender,
    mut hold: Hold,
) {
    let Ok(Ok(upgraded)) = timeout(PATIENCE, upgrade).await else { return };
    let from_agent = Parting::new(from_agent, leaves(hold.state().clone()));
    tokio::select! {
        end = splice(upgraded, from_agent, to_agent) => {
            if let Err(error) = end {
                tracing::debug!(%error, "a WebSocket broke off");
            }
        }
        () = hold.ended() => tracing::debug!("a WebSocket ended with its session"),
    }
}

/// Waits until this hub stops, and says whether it is worth coming again at once.
async fn leaves(hub: Shared) -> Leaving {
    let parting = hub.tunnels.parting();
    parting.asked.cancelled().await;
    if parting.leaving.is_cancelled() { Leaving::Restart } else { Leaving::Stop }
}
