//! One person's share of a tunnel.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http::{Method, Response};
use http_body_util::{BodyExt, channel::Channel};
use printer::Level;
use tokio::time::{advance, pause, resume, timeout};

use crate::{
    browser::Browser,
    workshop::{Workshop, at_once, soon, until},
};

// covers: RL-7
#[tokio::test]
async fn one_viewer_takes_all_streams_and_another_still_gets_one() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let host = format!("{label}.localhost:3443");
    let mut greedy = workshop.ada_at_the_printer().await;
    let mut held = Vec::new();
    for _ in 0..64 {
        let request = greedy.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
        held.push(soon(greedy.open(request)).await);
    }
    let ben = workshop.other("ben@example.org", Some(Level::Controls)).await;
    let mut other = workshop.signed_in(&ben).await;
    assert_eq!(soon(other.enter(&label, "/")).await.status, 200);
    let request = greedy.own(Method::GET, &host, "/").body(Body::empty()).unwrap();
    let mut one_more = Box::pin(greedy.open(request));
    assert!(timeout(Duration::from_millis(50), &mut one_more).await.is_err());
    pause();
    advance(A_STREAM).await;
    turned_away(at_once(one_more).await, (429, "too-many-streams", "5")).await;
    resume();
    drop(held);
    let request = greedy.own(Method::GET, &host, "/").body(Body::empty()).unwrap();
    assert_eq!(soon(greedy.open(request)).await.status(), 200);
}

// covers: HZ-5, RL-7
#[tokio::test]
async fn one_viewer_takes_all_streams_then_estop() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let host = format!("{label}.localhost:3443");
    let mut held = Vec::new();
    let mut viewers = vec![workshop.ada_at_the_printer().await];
    for name in ["ben", "cleo", "dan"] {
        let viewer = workshop.other(&format!("{name}@example.org"), Some(Level::Controls)).await;
        let mut viewer = workshop.signed_in(&viewer).await;
        assert_eq!(soon(viewer.enter(&label, "/")).await.status, 200);
        viewers.push(viewer);
    }
    // The hub's own question holds one of the 240 that everybody may use.
    for number in 0..239 {
        let viewer = &mut viewers[number / 60];
        let request = viewer.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
        held.push(soon(viewer.open(request)).await);
    }
    let stop = |viewer: &Browser, path, body: &'static str| {
        let request = viewer.own(Method::POST, &host, path).header("content-length", body.len());
        request.body(Body::from(body)).unwrap()
    };
    workshop.side.forget();
    for (path, body) in [
        ("/api/printer/command", r#"{"command":"M112"}"#),
        ("/printer/emergency_stop", ""),
        ("/server/jsonrpc", r#"{"method":"printer.emergency_stop"}"#),
    ] {
        for viewer in &mut viewers {
            let request = stop(viewer, path, body);
            let stopped = timeout(SOONER_THAN_A_STREAM, viewer.open(request)).await;
            assert_eq!(stopped.expect("a stop waits for nobody").status(), 200, "{path}");
        }
        assert!(workshop.side.seen().iter().any(|seen| seen.path == path && seen.body == body));
    }
    let other = stop(&viewers[0], "/api/printer/command", r#"{"command":"G28"}"#);
    let mut other = Box::pin(viewers[0].open(other));
    let waits = timeout(Duration::from_millis(300), &mut other).await;
    assert!(waits.is_err(), "what is no stop takes no reserved stream");
    pause();
    advance(A_STREAM).await;
    turned_away(at_once(other).await, (503, "agent-busy", "3")).await;
    resume();
    drop(held);
}

/// A request waits 10 s for a free stream.
const A_STREAM: Duration = Duration::from_secs(10);
const SOONER_THAN_A_STREAM: Duration = Duration::from_secs(8);

/// Checks with which status and code somebody gets no answer of the printer, and when they may try
/// again, in seconds.
async fn turned_away(answer: Response<Body>, (status, code, again): (u16, &str, &str)) {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()["retry-after"], again);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], code);
}

// covers: AC-11, RL-7
#[tokio::test]
async fn thief_who_stops_reading_keeps_nothing_after_sign_out() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let host = format!("{label}.localhost:3443");
    let mut thief = workshop.ada_at_the_printer().await;
    let mut unread = Vec::new();
    for _ in 0..64 {
        let request = thief.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
        unread.push(soon(thief.open(request)).await);
    }
    workshop.hub.backplane().end_session(thief.session.unwrap());
    soon(workshop.side.all_streams_closed()).await;
    let mut owner = workshop.signed_in(&workshop.ada).await;
    assert_eq!(soon(owner.enter(&label, "/")).await.status, 200);
    drop(unread);
}

// covers: AC-11, PM-2
#[tokio::test]
async fn guest_who_stops_reading_keeps_nothing_after_the_grant() {
    let workshop = Workshop::new().await;
    let ben = workshop.other("ben@example.org", None).await;
    let grant = workshop.grant(ben.id, Level::Controls).await;
    let label = workshop.label().await;
    let host = format!("{label}.localhost:3443");
    let mut guest = workshop.signed_in(&ben).await;
    assert_eq!(guest.enter(&label, "/").await.status, 200);
    let request = guest.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
    let unread = soon(guest.open(request)).await;
    workshop.hub.store().remove_grant(grant).await.unwrap();
    workshop.hub.backplane().publish(backplane::Event::GrantsChanged(ben.id));
    soon(workshop.side.all_streams_closed()).await;
    drop(unread);
}

// covers: RL-7
#[tokio::test]
async fn visitor_who_cancels_before_the_answer_gets_no_more_than_the_share() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let host = format!("{label}.localhost:3443");
    let browser = workshop.ada_at_the_printer().await;
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let mut browser = browser.clone();
            let request = browser.own(Method::GET, &host, "/never").body(Body::empty()).unwrap();
            tokio::spawn(async move { browser.open(request).await.status() })
        })
        .collect();
    until(async || workshop.side.seen().len() == 64).await;
    asking.iter().for_each(tokio::task::JoinHandle::abort);
    for asked in asking {
        assert!(asked.await.unwrap_err().is_cancelled());
    }
    let mut again = browser.clone();
    let mut one_more = Box::pin(again.go(&host, "/"));
    // The tunnel holds the cancelled ones for two seconds, and so does the share.
    assert!(timeout(Duration::from_millis(300), &mut one_more).await.is_err());
    assert_eq!(soon(one_more).await.status, 200);
}

// covers: RL-7
#[tokio::test]
async fn agent_that_takes_a_request_and_says_nothing_is_given_up_after_75_seconds() {
    let workshop = Workshop::new().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let mut browser = workshop.ada_at_the_printer().await;
    let request = browser.own(Method::GET, &host, "/never").body(Body::empty()).unwrap();
    let asking = tokio::spawn(async move { browser.open(request).await.status() });
    until(async || !workshop.side.seen().is_empty()).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(76)).await;
    tokio::time::resume();
    assert_eq!(soon(asking).await.unwrap(), 504);
    soon(workshop.side.cancelled()).await;
}

// covers: RL-7
#[tokio::test]
async fn upload_that_stalls_behind_its_answer_is_given_up_after_75_seconds() {
    let workshop = Workshop::new().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let mut browser = workshop.ada_at_the_printer().await;
    let mut early = Vec::new();
    for finishes in [true, false] {
        let (mut feed, body) = Channel::<Bytes, std::io::Error>::new(1);
        let request = browser.own(Method::POST, &host, "/early").body(Body::new(body)).unwrap();
        let mut answer = soon(browser.open(request)).await.into_body();
        feed.send_data("piece".into()).await.unwrap();
        assert_eq!(soon(answer.frame()).await.unwrap().unwrap().into_data().unwrap(), "first");
        early.push((answer, (!finishes).then_some(feed)));
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(76)).await;
    tokio::time::resume();
    assert_eq!(soon(browser.go(&host, "/")).await.status, 200, "the tunnel goes on");
    let (mut stalled, _feed) = early.pop().unwrap();
    assert!(soon(stalled.frame()).await.unwrap().is_err());
    let (mut finished, _) = early.pop().unwrap();
    let more = timeout(Duration::from_millis(100), finished.frame()).await;
    assert!(more.is_err(), "an answer may take as long as it likes: {more:?}");
}

// covers: AC-11, PM-2
#[tokio::test]
async fn guest_goes_on_watching_after_another_program_took_the_grant_away() {
    let workshop = Workshop::new().await;
    let ben = workshop.other("ben@example.org", None).await;
    let grant = workshop.grant(ben.id, Level::Controls).await;
    let label = workshop.label().await;
    let host = format!("{label}.localhost:3443");
    workshop.serve();
    let mut guest = workshop.signed_in(&ben).await;
    assert_eq!(guest.enter(&label, "/").await.status, 200);
    let request = guest.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
    let unread = soon(guest.open(request)).await;
    // Only the store says so, as if `layerlock grant remove` had been run.
    workshop.hub.store().remove_grant(grant).await.unwrap();
    soon(workshop.side.all_streams_closed()).await;
    drop(unread);
}
