//! An agent that wants to be linked (LK-1), over a real connection of its own protocol.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use credentials::LinkCode;
use edge::Listeners;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hub::Hub;
use printer::{AgentId, Clock, OsRandom, SystemClock};
use store::{LinkOffer, LinkState, NewAgent};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tunnel::{ALPN_LINK, Identity, Limits, Tunnel};
use wire::{LinkAnswer, LinkRefusal};

use crate::workshop::{Workshop, soon, until};

/// A hub that listens, with an offer of Ada's.
struct Linking {
    workshop: Workshop,
    hub: SocketAddr,
    stop: CancellationToken,
    code: LinkCode,
    identity: Identity,
}

impl Linking {
    async fn new() -> Self {
        let workshop = Workshop::offline().await;
        let stop = CancellationToken::new();
        let hub = listen(&workshop.hub, &stop);
        let code = LinkCode::new(&OsRandom);
        let clock = SystemClock::new();
        let offer = LinkOffer {
            id: code.id().to_owned(),
            owner: workshop.ada.id,
            code: code.digest(),
            expires: clock.now().plus(Duration::from_mins(10)),
            wrong_codes: 0,
            state: LinkState::Waiting,
            agent_key: None,
            agent_name: None,
            choices: None,
            replaces: None,
        };
        workshop.hub.store().put_link_offer(&offer, clock.now()).await.unwrap();
        Self { workshop, hub, stop, code, identity: Identity::generate().unwrap() }
    }

    async fn dial(&self) -> Option<Tunnel> {
        let fingerprint = self.workshop.hub.key().fingerprint();
        let config = tunnel::client_config(&self.identity, fingerprint, ALPN_LINK).unwrap();
        let name = rustls::pki_types::ServerName::try_from("hub.internal").unwrap();
        let tcp = TcpStream::connect(self.hub).await.unwrap();
        let tls = tokio_rustls::TlsConnector::from(config).connect(name, tcp).await.ok()?;
        let (tunnel, driver) = Tunnel::open_with(tls, Limits::LINK).await.ok()?;
        tokio::spawn(driver);
        Some(tunnel)
    }

    async fn ask(&self, code: &str) -> LinkAnswer {
        let tunnel = self.dial().await.unwrap();
        self.ask_on(&tunnel, code).await
    }

    async fn ask_on(&self, tunnel: &Tunnel, code: &str) -> LinkAnswer {
        let body = serde_json::json!({ "code": code, "name": "Workshop", "version": "1" });
        let (status, body) = send(tunnel, Method::POST, "/v1/link", body.to_string()).await;
        assert_eq!(status, StatusCode::OK);
        serde_json::from_slice(&body).unwrap()
    }

    async fn offer(&self) -> LinkOffer {
        self.workshop.hub.store().link_offer(self.code.id()).await.unwrap().unwrap()
    }

    fn decided(&self) {
        let id = self.code.id().to_owned();
        self.workshop.hub.backplane().publish(backplane::Event::LinkChanged(id));
    }
}

impl Drop for Linking {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) fn listen(hub: &Hub, stop: &CancellationToken) -> SocketAddr {
    let listeners: Listeners = edge::bind("127.0.0.1:0".parse().unwrap(), None).unwrap();
    let address = listeners.addresses().unwrap().https;
    let (hub, stop) = (hub.clone(), stop.clone());
    tokio::spawn(async move { hub.serve(listeners, stop).await });
    address
}

async fn send(tunnel: &Tunnel, method: Method, path: &str, body: String) -> (StatusCode, Bytes) {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", wire::AGENT_AUTHORITY))
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let answer = soon(tunnel.send(request)).await.unwrap();
    let status = answer.status();
    (status, soon(answer.into_body().collect()).await.unwrap().to_bytes())
}

// covers: LK-1
#[tokio::test]
async fn an_agent_waits_until_a_person_approves_it() {
    let linking = Linking::new().await;
    let approve = async {
        until(async || linking.offer().await.state == LinkState::Claimed).await;
        let offer = linking.offer().await;
        let key = linking.identity.public_key();
        assert_eq!(offer.agent_key.as_deref(), Some(key.as_spki()));
        let words = key.fingerprint().words().join(" ");
        assert!(offer.choices.unwrap().contains(&words));
        let clock = SystemClock::new();
        let agent = NewAgent {
            id: AgentId::new(&clock, &OsRandom),
            owner: None,
            name: "Workshop".parse().unwrap(),
            key: key.as_spki().to_vec(),
        };
        let store = linking.workshop.hub.store();
        let owner = linking.workshop.ada.id;
        store.approve_link_offer(owner, linking.code.id(), &agent, clock.now()).await.unwrap();
        linking.decided();
    };
    let code = linking.code.to_string();
    let (answer, ()) = tokio::join!(Box::pin(linking.ask(&code)), Box::pin(approve));
    assert_eq!(answer, LinkAnswer::Linked { replaces: None });
    assert_eq!(linking.ask(&code).await, LinkAnswer::Linked { replaces: None });
    let other = LinkCode::new(&OsRandom).to_string();
    let already = LinkAnswer::Refused { reason: LinkRefusal::AlreadyLinked };
    assert_eq!(linking.ask(&other).await, already);
}

// covers: LK-1
#[tokio::test]
async fn an_agent_that_is_turned_down_is_told() {
    let linking = Linking::new().await;
    let decline = async {
        until(async || linking.offer().await.state == LinkState::Claimed).await;
        let owner = linking.workshop.ada.id;
        linking.workshop.hub.store().decline_link_offer(owner, linking.code.id()).await.unwrap();
        linking.decided();
    };
    let code = linking.code.to_string();
    let declined = LinkAnswer::Refused { reason: LinkRefusal::Declined };
    let (answer, ()) = tokio::join!(Box::pin(linking.ask(&code)), Box::pin(decline));
    assert_eq!(answer, declined);
    assert_eq!(linking.ask(&code).await, declined);
}

// covers: LK-1
#[tokio::test]
async fn stranger_guesses_a_link_code() {
    let linking = Linking::new().await;
    let refused = LinkAnswer::Refused { reason: LinkRefusal::Code };
    let right = linking.code.to_string();
    let digit = if right.ends_with('0') { "1" } else { "0" };
    let wrong = format!("{}{digit}", &right[..right.len() - 1]);
    for _ in 0..5 {
        assert_eq!(linking.ask(&wrong).await, refused);
    }
    assert_eq!(linking.offer().await.state, LinkState::Ended);
    assert_eq!(linking.ask(&right).await, refused);
    assert_eq!(linking.ask("nonsense").await, refused);
}

// covers: RL-6
#[tokio::test]
async fn unlinked_key_calls_printer_route() {
    let linking = Linking::new().await;
    let tunnel = linking.dial().await.unwrap();
    let routes = [
        (Method::GET, "/v1/printers"),
        (Method::GET, "/v1/events"),
        (Method::POST, "/v1/hello"),
        (Method::GET, "/v1/link"),
        (Method::GET, "/"),
        (Method::POST, "/api/v1/session"),
    ];
    for (method, path) in routes {
        let (status, _) = send(&tunnel, method, path, String::new()).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, _) = send(&tunnel, Method::POST, "/v1/link", "x".repeat(5000)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

// covers: LK-1
#[tokio::test]
async fn one_address_opens_many_link_connections() {
    let linking = Linking::new().await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(linking.dial().await.unwrap());
    }
    assert!(linking.dial().await.is_none());
    held.clear();
    until(async || linking.dial().await.is_some()).await;
}

// covers: LK-1
#[tokio::test]
async fn stranger_sweeps_the_ids_of_codes() {
    let linking = Linking::new().await;
    let refused = LinkAnswer::Refused { reason: LinkRefusal::Code };
    let tunnel = linking.dial().await.unwrap();
    for _ in 0..3 {
        assert_eq!(linking.ask_on(&tunnel, &LinkCode::new(&OsRandom).to_string()).await, refused);
    }
    soon(tunnel.closed()).await;
    for _ in 0..7 {
        assert_eq!(linking.ask(&LinkCode::new(&OsRandom).to_string()).await, refused);
    }
    let right = linking.code.to_string();
    assert_eq!(linking.ask(&right).await, refused, "this network has guessed enough");
    assert_eq!(linking.offer().await.state, LinkState::Waiting);
}

// covers: LK-1
#[tokio::test]
async fn stranger_sits_on_a_link_connection() {
    let linking = Linking::new().await;
    let idle = linking.dial().await.unwrap();
    tokio::time::timeout(Duration::from_secs(40), idle.closed()).await.unwrap();
}
