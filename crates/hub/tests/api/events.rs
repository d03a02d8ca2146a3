//! The stream of events.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use http::Method;
use printer::Level;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::house::{ADA, BEN, Browser, House};

/// An open stream of events.
struct Stream(BodyDataStream);

impl Stream {
    async fn open(browser: &Browser<'_>) -> Self {
        let request = browser.request(Method::GET, "/api/v1/events").body(Body::empty()).unwrap();
        let response = browser.open(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response.into_body().into_data_stream())
    }

    /// The next list of printers; `None` if the stream has ended.
    async fn printers(&mut self) -> Option<Value> {
        let next = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await;
        let text = String::from_utf8(next.expect("a message in time")?.unwrap().to_vec()).unwrap();
        let data = text.strip_prefix("event: printers\ndata: ").expect("a list of printers");
        Some(serde_json::from_str(data.trim_end()).unwrap())
    }
}

#[tokio::test]
async fn the_list_comes_at_once_and_at_every_change() {
    let house = House::new().await;
    let (agent, printer) = house.agent().await;
    let browser = house.signed_in(ADA).await;
    let mut stream = Stream::open(&browser).await;
    let first = stream.printers().await.unwrap();
    assert_eq!(first, browser.get("/api/v1/printers").await.json());
    assert_eq!(first[0]["online"], false);
    let arrival = house.connect(&agent, printer);
    let mut list = stream.printers().await.unwrap();
    if list[0]["online"] == false {
        list = stream.printers().await.unwrap();
    }
    assert_eq!((&list[0]["online"], &list[0]["agent"]["online"]), (&true.into(), &true.into()));
    drop(arrival);
    assert_eq!(stream.printers().await.unwrap()[0]["online"], false);
}

// covers: PM-4, AC-11
#[tokio::test]
async fn a_stream_shows_what_the_grants_of_the_moment_allow() {
    let house = House::new().await;
    house.add(BEN).await;
    let (agent, printer) = house.agent().await;
    let mut stream = Stream::open(&house.signed_in(BEN).await).await;
    assert_eq!(stream.printers().await.unwrap(), serde_json::json!([]));
    let _here = house.connect(&agent, printer);
    let grant = house.grant(BEN, printer, Level::View).await;
    let list = stream.printers().await.unwrap();
    assert_eq!(list[0]["level"], "view", "nothing was sent about the printer before");
    house.hub.admin().remove_grant(grant).await.unwrap();
    assert_eq!(stream.printers().await.unwrap(), serde_json::json!([]));
}

// covers: AC-11
#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let house = House::new().await;
    let (browser, other) = (house.signed_in(ADA).await, house.signed_in(ADA).await);
    let (mut stream, mut others) = (Stream::open(&browser).await, Stream::open(&other).await);
    stream.printers().await.unwrap();
    others.printers().await.unwrap();
    other.delete("/api/v1/sessions").await;
    assert_eq!(stream.printers().await, None);
    assert_eq!(other.delete("/api/v1/session").await.status, 204);
    assert_eq!(others.printers().await, None);
}

// covers: AC-3
#[tokio::test]
async fn an_open_stream_is_no_activity() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let mut stream = Stream::open(&browser).await;
    stream.printers().await.unwrap();
    house.clock.pass(Duration::from_hours(7 * 24));
    assert_eq!(stream.printers().await, None);
}

#[tokio::test]
async fn one_session_cannot_open_streams_without_end() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(Stream::open(&browser).await);
    }
    assert_eq!(browser.get("/api/v1/events").await.code(), "too-many-streams");
    open.pop();
    Stream::open(&browser).await;
}

// covers: SV-5
#[tokio::test]
async fn one_account_cannot_open_streams_without_end() {
    let house = House::new().await;
    house.add(BEN).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let browser = house.signed_in(ADA).await;
        for _ in 0..16 {
            open.push(Stream::open(&browser).await);
        }
    }
    let third = house.signed_in(ADA).await;
    assert_eq!(third.get("/api/v1/events").await.code(), "too-many-streams");
    Stream::open(&house.signed_in(BEN).await).await;
}

// covers: RL-7
#[tokio::test]
async fn agent_wakes_everyone_who_listens_again_and_again() {
    let house = House::new().await;
    let (agent, printer) = house.agent().await;
    let browser = house.signed_in(ADA).await;
    let mut stream = Stream::open(&browser).await;
    stream.printers().await.unwrap();
    let arrival = house.connect(&agent, printer);
    let mut lists = 0;
    let flood = async {
        for n in 0..30 {
            let online = if n % 2 == 0 { vec![] } else { vec![printer] };
            arrival.report(online, std::collections::HashMap::new());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let listen = async {
        while stream.printers().await.is_some() {
            lists += 1;
        }
    };
    tokio::select! {
        () = flood => {}
        () = listen => panic!("the stream ended"),
    }
    assert!(lists <= 3, "{lists} lists in a second and a half");
}

#[tokio::test]
async fn an_open_stream_does_not_keep_a_hub_from_stopping() {
    let house = House::new().await;
    let mut stream = Stream::open(&house.signed_in(ADA).await).await;
    stream.printers().await.unwrap();
    let stop = CancellationToken::new();
    let listeners = edge::bind("127.0.0.1:0".parse().unwrap(), None).unwrap();
    let serving = house.hub.serve(listeners, stop.clone());
    stop.cancel();
    let (served, next) = tokio::join!(serving, stream.printers());
    served.unwrap();
    assert_eq!(next, None);
}
