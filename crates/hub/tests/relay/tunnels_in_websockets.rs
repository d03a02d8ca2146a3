//! Tunnels that come as WebSockets: whose, and what a browser or a stranger gets of it.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use axum::body::Body;
use edge::Connection;
use http::{
    HeaderValue, Request,
    header::{COOKIE, ORIGIN},
};
use tokio::{io::DuplexStream, time::timeout};
use tunnel::{ALPN_BULK, ALPN_LINK, ALPN_TUNNEL, Identity, WebSocketIo};
use wire::Refusal;

use crate::{
    printer_side::PrinterSide,
    sockets::dial_with,
    workshop::{Workshop, agent_end, prove, soon, until},
};

const HUB: &str = "layerlock.localhost:3443";
const HOME: [u8; 4] = [203, 0, 113, 7];

type Socket = WebSocketIo<DuplexStream>;

/// A WebSocket from a client at this address, before anything is said in it.
async fn dial(workshop: &Workshop, client: impl Into<IpAddr>) -> io::Result<Socket> {
    let client = client.into();
    dial_changed(workshop, move |request| {
        request.extensions_mut().get_mut::<Connection>().unwrap().client = client;
    })
    .await
}

async fn dial_changed(
    workshop: &Workshop,
    change: impl Fn(&mut Request<Body>) + Clone + Send + 'static,
) -> io::Result<Socket> {
    soon(WebSocketIo::dial(dial_with(&workshop.hub, change), HUB)).await
}

/// Serves as the agent with this key on such a WebSocket.
fn serve(workshop: &Workshop, identity: &Identity, side: &PrinterSide, socket: Socket) {
    let config = workshop.config(identity, ALPN_TUNNEL);
    tokio::spawn(agent_end(config, socket, side.clone(), workshop.stop.clone()));
}

async fn is_online(workshop: &Workshop) {
    until(async || workshop.hub.backplane().presence().of(workshop.agent.id).online).await;
}

// covers: RL-6, SV-5
#[tokio::test]
async fn stranger_floods_the_route_of_agents_behind_a_proxy() {
    let workshop = Workshop::offline().await;
    let mut held = Vec::new();
    for _ in 0..200 {
        held.extend(dial(&workshop, [198, 51, 100, 66]).await);
    }
    assert_eq!(held.len(), 8);
    let agent = dial(&workshop, HOME).await.unwrap();
    serve(&workshop, &workshop.identity, &workshop.side, agent);
    is_online(&workshop).await;
    // Whoever has proven a key keeps nobody's place.
    let mut after = Vec::new();
    for _ in 0..8 {
        after.push(dial(&workshop, HOME).await.unwrap());
    }
}

// covers: RL-6, SV-3
#[tokio::test]
async fn foreign_page_opens_a_tunnel_with_a_visitors_cookies() {
    let workshop = Workshop::offline().await;
    let ada = workshop.signed_in(&workshop.ada).await;
    let cookie: HeaderValue =
        format!("__Host-layerlock={}", ada.cookie(HUB, "__Host-layerlock").unwrap())
            .parse()
            .unwrap();
    let as_ada = move |request: &mut Request<Body>| {
        request.headers_mut().insert(ORIGIN, HeaderValue::from_static("https://evil.example"));
        request.headers_mut().insert(COOKIE, cookie.clone());
    };
    // Her cookie opens nothing for another key: it isn't looked at.
    let (stranger, side) = (Identity::generate().unwrap(), PrinterSide::new(&[]));
    let socket = dial_changed(&workshop, as_ada.clone()).await.unwrap();
    serve(&workshop, &stranger, &side, socket);
    until(async || !side.hellos().is_empty()).await;
    assert_eq!(side.hellos()[0].refused, Some(Refusal::Unknown));
    assert!(!workshop.hub.backplane().presence().of(workshop.agent.id).online);
    assert_eq!(workshop.hub.backplane().leases().holders(ada.session.unwrap()), 0);
    // Neither is the origin: the key decides.
    let socket = dial_changed(&workshop, as_ada).await.unwrap();
    serve(&workshop, &workshop.identity, &workshop.side, socket);
    is_online(&workshop).await;
}

// covers: RL-6
#[tokio::test]
async fn mixture_of_protocols_inside_a_websocket() {
    let workshop = Workshop::offline().await;
    let mixtures: [&[&[u8]]; 4] =
        [&[ALPN_TUNNEL, ALPN_LINK], &[ALPN_BULK, ALPN_TUNNEL], &[ALPN_TUNNEL, b"h2"], &[b"h2"]];
    for mixture in mixtures {
        let mut config = workshop.config(&workshop.identity, ALPN_TUNNEL).as_ref().clone();
        config.alpn_protocols = mixture.iter().map(|protocol| protocol.to_vec()).collect();
        let socket = dial(&workshop, HOME).await.unwrap();
        let refused = prove(Arc::new(config), socket);
        let refused = timeout(Duration::from_secs(5), refused).await.expect("refused at once");
        assert!(refused.is_err(), "{mixture:?}");
    }
    let one = workshop.config(&workshop.identity, ALPN_TUNNEL);
    let socket = dial(&workshop, HOME).await.unwrap();
    assert!(soon(prove(one, socket)).await.is_ok());
}
