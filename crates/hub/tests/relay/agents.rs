//! Whose tunnel is let in, and what becomes of it.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use backplane::Event;
use http::Method;
use http_body_util::BodyExt as _;
use printer::{Clock, SystemClock};
use tokio::net::TcpStream;
use tunnel::{ALPN_TUNNEL, Identity};
use wire::Refusal;

use crate::{
    links::listen,
    printer_side::PrinterSide,
    workshop::{Workshop, prove, serve_as_agent, soon, until},
};

// covers: RL-6
#[tokio::test]
async fn unlinked_key_calls_the_tunnel() {
    let workshop = Workshop::offline().await;
    let side = PrinterSide::new(&[]);
    workshop.dial(&Identity::generate().unwrap(), &side);
    until(async || !side.hellos().is_empty()).await;
    assert_eq!(side.hellos()[0].refused, Some(Refusal::Unknown));
    assert!(!workshop.hub.backplane().presence().of(workshop.agent.id).online);
}

// covers: RL-6, LK-3
#[tokio::test]
async fn revoked_agent_dials_again() {
    let workshop = Workshop::new().await;
    let now = SystemClock::new().now();
    workshop.hub.store().revoke_agent(workshop.ada.id, workshop.agent.id, now).await.unwrap();
    let side = PrinterSide::new(&[]);
    workshop.dial(&workshop.identity, &side);
    until(async || !side.hellos().is_empty()).await;
    assert_eq!(side.hellos()[0].refused, Some(Refusal::Revoked));
}

// covers: RL-6, LK-3
#[tokio::test]
async fn revoked_agent_resumes_tls() {
    let workshop = Workshop::offline().await;
    let hub = listen(&workshop.hub, &workshop.stop);
    let mut eager = workshop.config(&workshop.identity, ALPN_TUNNEL).as_ref().clone();
    eager.resumption = rustls::client::Resumption::in_memory_sessions(8);
    eager.enable_early_data = true;
    let eager = Arc::new(eager);
    for revoked in [false, true] {
        let tcp = TcpStream::connect(hub).await.unwrap();
        let tls = soon(prove(eager.clone(), tcp)).await.unwrap();
        let kind = tls.get_ref().1.handshake_kind();
        assert_eq!(kind, Some(rustls::HandshakeKind::Full), "the key is proven anew");
        let side = PrinterSide::new(&[]);
        let serving = serve_as_agent(tls, side.clone(), workshop.stop.clone());
        let serving = tokio::spawn(serving);
        until(async || !side.hellos().is_empty()).await;
        assert_eq!(side.hellos()[0].refused, revoked.then_some(Refusal::Revoked));
        let (store, now) = (workshop.hub.store(), SystemClock::new().now());
        store.revoke_agent(workshop.ada.id, workshop.agent.id, now).await.unwrap();
        workshop.hub.backplane().publish(Event::AgentChanged(workshop.agent.id));
        soon(serving).await.unwrap();
    }
}

// covers: RL-6, AC-11
#[tokio::test]
async fn an_agent_that_is_unlinked_loses_its_tunnel() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let now = SystemClock::new().now();
    workshop.hub.store().revoke_agent(workshop.ada.id, workshop.agent.id, now).await.unwrap();
    workshop.hub.backplane().publish(Event::AgentChanged(workshop.agent.id));
    until(async || !workshop.hub.backplane().presence().of(workshop.agent.id).online).await;
    assert_eq!(browser.go(&host, "/").await.status, 303);
    assert!(workshop.side.seen().is_empty());
}

/// Another key takes the place of the workshop's.
pub(crate) async fn replace(workshop: &Workshop, key: &[u8]) {
    let (store, now) = (workshop.hub.store(), SystemClock::new().now());
    let (id, code) = ("ABCD".to_owned(), credentials::TokenDigest::from_bytes([7; 32]));
    let offer = store::LinkOffer {
        id: id.clone(),
        owner: workshop.ada.id,
        code,
        expires: now.plus(Duration::from_mins(10)),
        wrong_codes: 0,
        state: store::LinkState::Waiting,
        agent_key: None,
        agent_name: None,
        choices: None,
        replaces: Some(workshop.agent.id),
    };
    store.put_link_offer(&offer, now).await.unwrap();
    let name = "a".parse().unwrap();
    let _claimed = store.claim_link_offer(&id, &code, key, &name, &[], now).await.unwrap();
    let new = store::NewAgent { id: workshop.agent.id, owner: None, name, key: key.to_vec() };
    store.approve_link_offer(workshop.ada.id, &id, &new, now).await.unwrap();
    workshop.hub.backplane().publish(Event::AgentChanged(workshop.agent.id));
}

// covers: RL-6, LK-3
#[tokio::test]
async fn old_key_after_replacement() {
    let workshop = Workshop::new().await;
    let presence = workshop.hub.backplane().presence();
    let new = Identity::generate().unwrap();
    replace(&workshop, new.public_key().as_spki()).await;
    until(async || !presence.of(workshop.agent.id).online).await;
    let side = PrinterSide::new(&[]);
    workshop.dial(&workshop.identity, &side);
    until(async || !side.hellos().is_empty()).await;
    assert_eq!(side.hellos()[0].refused, Some(Refusal::Replaced));
    assert!(!presence.of(workshop.agent.id).online);
}

// covers: RL-6, LK-3
#[tokio::test]
async fn old_key_judged_before_its_replacement_enters_after_it() {
    let workshop = Workshop::offline().await;
    let side = PrinterSide::new(&[]);
    let hesitates = side.hesitates().await;
    let served = workshop.dial(&workshop.identity, &side);
    until(async || !side.hellos().is_empty()).await;
    assert_eq!(side.hellos()[0].refused, None, "its key was good");
    replace(&workshop, Identity::generate().unwrap().public_key().as_spki()).await;
    let mut events = workshop.hub.backplane().events();
    drop(hesitates);
    soon(served).await.unwrap();
    assert!(events.try_recv().is_err(), "it had a place for a moment");
    let agent = workshop.hub.store().agent(workshop.agent.id).await.unwrap().unwrap();
    assert_eq!(agent.version, None, "it spoke for the one that has its place");
}

// covers: LK-3, RL-1
#[tokio::test]
async fn a_replacement_carries_the_pages_of_the_printers_that_it_names_alike() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let new = Identity::generate().unwrap();
    replace(&workshop, new.public_key().as_spki()).await;
    let presence = workshop.hub.backplane().presence();
    until(async || !presence.of(workshop.agent.id).online).await;
    let added = printer::PrinterId::new(&SystemClock::new(), &printer::OsRandom);
    let side = PrinterSide::new(&[(added, "Prusa in the cellar", printer::Kind::OctoPrint)]);
    workshop.dial(&new, &side);
    // The old one may be there for a moment still.
    until(async || side.is_asked_for_reports()).await;
    until(async || presence.is_online(workshop.agent.id, workshop.printer)).await;
    assert_eq!(browser.go(&host, "/").await.status, 200);
    assert_eq!(side.only().path, "/", "the agent knows it by its own id");
    assert_eq!(side.asked_for(), Some(added));
}

// covers: RL-6
#[tokio::test]
async fn an_agent_of_another_protocol_is_refused() {
    let workshop = Workshop::offline().await;
    workshop.side.speaks(wire::PROTOCOL + 1);
    workshop.dial(&workshop.identity, &workshop.side);
    until(async || workshop.side.hellos().len() == 2).await;
    assert_eq!(workshop.side.hellos()[1].refused, Some(Refusal::Protocol));
    assert!(!workshop.hub.backplane().presence().of(workshop.agent.id).online);
}

// covers: RL-7
#[tokio::test]
async fn a_newer_tunnel_of_the_same_agent_replaces_the_older_one() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let name = "Prusa in the cellar";
    let newer = PrinterSide::new(&[(workshop.printer, name, printer::Kind::OctoPrint)]);
    let mut events = workshop.hub.backplane().events();
    workshop.dial(&workshop.identity, &newer);
    soon(async {
        while events.recv().await.unwrap() != Event::PrintersChanged(workshop.agent.id) {}
    })
    .await;
    assert_eq!(browser.go(&host, "/").await.status, 200);
    assert!(workshop.side.seen().is_empty());
    assert_eq!(newer.only().path, "/");
    let present = workshop.hub.backplane().presence().of(workshop.agent.id);
    assert_eq!(present.printers, [workshop.printer]);
}

// covers: LK-3, RL-6
#[tokio::test]
async fn cloned_key_dials_while_the_agent_is_connected() {
    let workshop = Workshop::new().await;
    let clone = PrinterSide::new(&[]);
    clone.runs_as(8);
    workshop.dial(&workshop.identity, &clone);
    until(async || clone.hellos().len() == 2).await;
    assert_eq!(clone.hellos()[1].refused, Some(Refusal::Twice));
    let presence = workshop.hub.backplane().presence();
    assert!(presence.is_online(workshop.agent.id, workshop.printer), "it was thrown out");
    let agent = workshop.hub.store().agent(workshop.agent.id).await.unwrap().unwrap();
    assert!(agent.rival.is_some(), "nobody is told");
}

// covers: LK-3, RL-6
#[tokio::test]
async fn cloned_key_claims_to_be_the_successor() {
    let workshop = Workshop::new().await;
    let clone = PrinterSide::new(&[]);
    clone.runs_as(8);
    clone.takes_over_from(9);
    workshop.dial(&workshop.identity, &clone);
    until(async || clone.hellos().len() == 2).await;
    assert_eq!(clone.hellos()[1].refused, Some(Refusal::Twice));
}

// covers: RL-7, OP-3
#[tokio::test]
async fn a_successor_of_the_agent_takes_over_and_the_older_run_finishes() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let request = browser.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
    let mut under_way = soon(browser.open(request)).await.into_body();
    assert_eq!(said(&mut under_way).await, "first");
    workshop.side.forget();
    let name = "Prusa in the cellar";
    let newer = PrinterSide::new(&[(workshop.printer, name, printer::Kind::OctoPrint)]);
    newer.runs_as(8);
    newer.takes_over_from(7);
    let mut events = workshop.hub.backplane().events();
    workshop.dial(&workshop.identity, &newer);
    soon(async {
        while events.recv().await.unwrap() != Event::PrintersChanged(workshop.agent.id) {}
    })
    .await;
    assert_eq!(browser.go(&host, "/").await.status, 200);
    assert_eq!(newer.only().path, "/");
    assert!(workshop.side.seen().is_empty(), "the older run got something new");
    workshop.side.goes_on().await;
    assert_eq!(said(&mut under_way).await, "more");
    drop(under_way);
    soon(workshop.side.all_streams_closed()).await;
    assert!(workshop.hub.store().agent(workshop.agent.id).await.unwrap().unwrap().rival.is_none());
}

async fn said(body: &mut Body) -> bytes::Bytes {
    soon(body.frame()).await.unwrap().unwrap().into_data().unwrap()
}

// covers: PM-4
#[tokio::test]
async fn agent_claims_another_agents_printer() {
    let workshop = Workshop::new().await;
    let mallory = workshop.other("mallory@example.org", None).await;
    let identity = Identity::generate().unwrap();
    let agent = store::NewAgent {
        id: printer::AgentId::new(&SystemClock::new(), &printer::OsRandom),
        owner: Some(mallory.id),
        name: "Trap".parse().unwrap(),
        key: identity.public_key().as_spki().to_vec(),
    };
    let now = SystemClock::new().now();
    let agent = workshop.hub.store().link_agent(&agent, now).await.unwrap();
    let side = PrinterSide::new(&[(workshop.printer, "Mine", printer::Kind::OctoPrint)]);
    let mut events = workshop.hub.backplane().events();
    workshop.dial(&identity, &side);
    for _came_and_went in 0..2 {
        assert_eq!(soon(events.recv()).await.unwrap(), Event::AgentChanged(agent.id));
    }
    assert!(!workshop.hub.backplane().presence().of(agent.id).online);
    assert!(events.try_recv().is_err(), "nothing was said about printers");
    let printer = workshop.hub.store().printer(workshop.printer).await.unwrap().unwrap();
    assert_eq!(printer.agent, workshop.agent.id);
    assert!(workshop.hub.backplane().presence().is_online(workshop.agent.id, workshop.printer));
}

#[tokio::test]
async fn a_printer_that_goes_offline_is_reported() {
    let workshop = Workshop::new().await;
    let mut line = serde_json::json!({ "printers": [{
        "id": workshop.printer, "name": "Prusa in the cellar", "kind": "octoprint", "online": false
    }]});
    let presence = workshop.hub.backplane().presence();
    workshop.side.report(&line.to_string()).await;
    until(async || !presence.is_online(workshop.agent.id, workshop.printer)).await;
    line["printers"][0]["name"] = "Renamed".into();
    workshop.side.report(&line.to_string()).await;
    until(async || {
        let printer = workshop.hub.store().printer(workshop.printer).await.unwrap().unwrap();
        printer.name.as_str() == "Renamed"
    })
    .await;
}

// covers: RL-7
#[tokio::test]
async fn agent_floods_the_hub_with_reports() {
    let workshop = Workshop::new().await;
    let report = |online: bool| {
        serde_json::json!({ "printers": [{
            "id": workshop.printer, "name": "Prusa in the cellar", "kind": "octoprint",
            "online": online
        }]})
        .to_string()
    };
    let mut events = workshop.hub.backplane().events();
    let same = async {
        for _ in 0..20 {
            workshop.side.report(&report(true)).await;
        }
        workshop.side.report(&report(false)).await;
    };
    let presence = workshop.hub.backplane().presence();
    let until_offline = until(async || !presence.is_online(workshop.agent.id, workshop.printer));
    let begun = tokio::time::Instant::now();
    tokio::join!(same, until_offline);
    assert!(begun.elapsed() > Duration::from_secs(3), "reports are read at their pace");
    let heard: Vec<_> = std::iter::from_fn(|| events.try_recv().ok()).collect();
    assert_eq!(heard, [Event::PrintersChanged(workshop.agent.id)], "only the last was news");
}

// covers: RL-6
#[tokio::test]
async fn agent_reports_nonsense() {
    let workshop = Workshop::new().await;
    workshop.side.report("{\"printers\": 7}").await;
    until(async || !workshop.hub.backplane().presence().of(workshop.agent.id).online).await;
}
