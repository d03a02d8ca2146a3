//! Tunnels that come as WebSockets, because a proxy before the hub ends TLS and knows only HTTP.
//! The agent proves its key inside, in the tunnel's own TLS, so this route needs neither `Origin`
//! nor a cookie, and looks at none: a page that opens it from somebody's browser has no key.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{body::Body, extract::Request};
use edge::Connection;
use forward::websocket::Handshake;
use http::{Response, StatusCode, header::UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tunnel::{ALPN_BULK, ALPN_LINK, ALPN_TUNNEL, WebSocketIo};

use super::{accept, handshake::handshake, unproven::Place};
use crate::{
    pages::{Asker, Notice},
    state::Shared,
};

/// How long the connection may take to become a WebSocket.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers a request for [`tunnel::WEBSOCKET_PATH`].
pub(crate) fn answer(shared: &Shared, request: Request) -> Response<Body> {
    let handshake = Handshake::of(&request);
    let (mut parts, _) = request.into_parts();
    let asker = Asker::of(&parts);
    let Ok(Some(handshake)) = handshake else { return upgrade_required() };
    let connection = parts.extensions.get::<Connection>().copied();
    let upgrade = parts.extensions.remove::<OnUpgrade>();
    let (Some(connection), Some(upgrade)) = (connection, upgrade) else {
        return Notice::went_wrong().answer(&asker);
    };
    let Some(place) = shared.tunnels.unproven.take(&connection, &shared.trusted) else {
        return Notice::busy().answer(&asker);
    };
    let peer = SocketAddr::new(connection.client, connection.peer.port());
    tokio::spawn(take_in(Arc::clone(shared), upgrade, peer, place));
    handshake.accept(&Response::new(())).map(Body::new)
}

fn upgrade_required() -> Response<Body> {
    let mut answer = Response::new(Body::from("Agents connect here, by WebSocket.\n"));
    *answer.status_mut() = StatusCode::UPGRADE_REQUIRED;
    answer.headers_mut().insert(UPGRADE, http::HeaderValue::from_static("websocket"));
    answer
}

async fn take_in(shared: Shared, upgrade: OnUpgrade, peer: SocketAddr, place: Place) {
    let Ok(Ok(upgraded)) = timeout(PATIENCE, upgrade).await else { return };
    let io = WebSocketIo::accept(TokioIo::new(upgraded)).await;
    match handshake(&shared, io, &[ALPN_TUNNEL, ALPN_BULK, ALPN_LINK]).await {
        Ok((alpn, stream)) => {
            drop(place);
            accept(shared, alpn, stream, peer).await;
        }
        Err(error) => tracing::debug!(%peer, %error, "a WebSocket is no tunnel"),
    }
}
