//! What is large, endless or two-way goes through as it comes, and never whole into memory.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http::Method;
use reqwest::Body;
use testkit::{client::Protocol, wait};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    house::{House, SOON},
    workshop::Workshop,
};

const GIGABYTE: u64 = 1 << 30;
const PIECE: usize = 1 << 20;

/// More than the program may grow by while a gigabyte passes: two hops of 2 MiB, the buffers of
/// the sockets between them, and what the allocator keeps.
const GROWTH: u64 = 64 << 20;

// covers: RL-1
#[tokio::test]
async fn a_gigabyte_is_uploaded_without_being_held_in_memory() -> Result<()> {
    for protocol in Protocol::ALL {
        let workshop = Workshop::start().await?;
        let house = House::with_printer(&workshop.url(), protocol).await?;
        let origin = house.owner.open(&house.printer().await?).await?;
        let before = resident(house.layerlock.pid())?;

        let piece = Bytes::from(vec![0x5a; PIECE]);
        let pieces = GIGABYTE / PIECE as u64;
        let body = stream::iter((0..pieces).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
        let upload = origin.request(Method::POST, "/upload").body(Body::wrap_stream(body));
        let answer = upload.send().await?;

        ensure!(answer.status() == 201, "{protocol:?}: {}", answer.status());
        assert_eq!(answer.text().await?, GIGABYTE.to_string(), "{protocol:?}");
        assert_eq!(workshop.swallowed(), GIGABYTE);
        let grown = peak(house.layerlock.pid())?.saturating_sub(before);
        ensure!(grown < GROWTH, "{protocol:?}: grew by {grown} bytes");
    }
    Ok(())
}

// covers: RL-1
#[tokio::test]
async fn each_server_sent_event_arrives_at_once() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let mut events = origin.request(Method::GET, "/events").send().await?.bytes_stream();
    for number in 0..5 {
        // The next one is only sent after this one has arrived.
        workshop.next_event();
        let event = timeout(SOON, events.next()).await?.context("the events ended")??;
        assert_eq!(event, format!("data: {number}\n\n"));
    }
    Ok(())
}

// covers: RL-1
#[tokio::test]
async fn websocket_messages_pass_both_ways_unchanged() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http1).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let mut socket = origin.web_socket("/echo").await?;
    let messages =
        [Message::text("grüße"), Message::binary(vec![7; 300_000]), Message::binary(vec![])];
    for message in messages {
        socket.send(message.clone()).await?;
        let echoed = timeout(SOON, socket.next()).await?.context("the socket ended")??;
        assert_eq!(echoed, message);
    }
    Ok(())
}

// covers: RL-3
#[tokio::test]
async fn sibling_page_opens_websocket() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http1).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let sibling = "https://another.localhost:1";
    ensure!(origin.web_socket_from("/echo", sibling).await.is_err(), "a sibling got in");
    ensure!(origin.web_socket_from("/echo", &house.layerlock.url()).await.is_err());
    Ok(())
}

// covers: AC-3, RL-3
#[tokio::test]
async fn signing_out_ends_what_is_open_at_the_printer() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let mut socket = origin.web_socket("/echo").await?;
    let mut events = origin.request(Method::GET, "/events").send().await?.bytes_stream();
    workshop.next_event();
    timeout(SOON, events.next()).await?.context("no event")??;

    assert_eq!(house.owner.sign_out().await?.status, 204);

    let ended = timeout(SOON, socket.next()).await?;
    ensure!(!matches!(ended, Some(Ok(Message::Text(_) | Message::Binary(_)))), "{ended:?}");
    let end = timeout(SOON, events.next()).await?;
    ensure!(!matches!(end, Some(Ok(_))), "{end:?}");
    wait::until("the printer's origin to be closed", SOON, || async {
        (origin.get("/").await.ok()?.status == 401).then_some(())
    })
    .await
}

// covers: HZ-5, RL-7
#[tokio::test]
async fn one_viewer_takes_all_streams_then_estop() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let mut watching = Vec::new();
    for _ in 0..64 {
        watching.push(timeout(SOON, origin.request(Method::GET, "/events").send()).await??);
    }
    let stop = origin.request(Method::POST, "/api/printer/command");
    let stop = stop.header("content-type", "application/json").body(r#"{"command":"M112"}"#);
    // Anything else waits for one of the person's streams until it is turned away after 10 s.
    let stopped = timeout(Duration::from_secs(8), stop.send()).await.context("it waited")??;
    assert_eq!(stopped.text().await?, "a printer");
    let page = timeout(Duration::from_millis(500), origin.get("/")).await;
    ensure!(page.is_err(), "there were streams left: {page:?}");
    drop(watching);
    Ok(())
}

/// What the process holds in memory now, in bytes.
fn resident(pid: u32) -> Result<u64> {
    memory(pid, "VmRSS:")
}

/// The most that the process ever held in memory, in bytes.
fn peak(pid: u32) -> Result<u64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}
