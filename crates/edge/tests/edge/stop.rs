//! Stopping.

use std::time::Duration;

use bytes::Bytes;
use edge::Limits;
use http::Request;
use http_body_util::Full;
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::rig::{Rig, STAYS, eventually, read, within};

fn wait() -> Request<Full<Bytes>> {
    Request::get("https://localhost/wait").body(Full::default()).unwrap()
}

// covers: OP-3
#[tokio::test]
async fn a_graceful_stop_finishes_what_runs_and_refuses_what_is_new() {
    let rig = Rig::start();
    let mut http1 = rig.http1().await.unwrap();
    let mut http2 = rig.http2().await.unwrap();
    let running = [
        tokio::spawn(http1.send_request(wait())),
        tokio::spawn(http2.clone().send_request(wait())),
    ];
    within(rig.gate.reached.acquire_many(2)).await.unwrap().forget();
    rig.shutdown.cancel();
    eventually(async || TcpStream::connect(rig.https).await.err()).await;
    eventually(async || TcpStream::connect(rig.http).await.err()).await;
    eventually(async || http2.send_request(wait()).await.err()).await;
    rig.gate.open.add_permits(10);
    for request in running {
        let response = read(within(request).await.unwrap().unwrap()).await;
        assert_eq!(response.body(), "waited");
    }
    rig.ended().await;
}

// covers: OP-3
#[tokio::test]
async fn a_stop_waits_for_nobody_for_ever() {
    let rig = Rig::limited(Limits { stop: Duration::from_millis(50), ..Limits::default() });
    let mut http1 = rig.http1().await.unwrap();
    let running = tokio::spawn(http1.send_request(wait()));
    within(rig.gate.reached.acquire()).await.unwrap().forget();
    rig.shutdown.cancel();
    rig.ended().await;
    assert!(within(running).await.unwrap().is_err());
}

// covers: OP-3
#[tokio::test]
async fn idle_connections_hold_up_no_stop() {
    let rig = Rig::limited(Limits { stop: Duration::from_hours(1), ..Limits::default() });
    let (http1, http2) = (rig.http1().await.unwrap(), rig.http2().await.unwrap());
    assert_eq!(rig.ask(Request::get("/")).await.status(), 200);
    rig.shutdown.cancel();
    rig.ended().await;
    drop((http1, http2));
}

// covers: OP-3
#[tokio::test]
async fn a_raw_connection_stays_for_the_visitors_and_then_says_goodbye() {
    let rig = Rig::limited(Limits { stop: Duration::from_hours(1), ..Limits::default() });
    let mut raw = rig.connect("localhost", &[STAYS]).await.unwrap();
    let mut said = vec![0; STAYS.len()];
    within(raw.read_exact(&mut said)).await.unwrap();
    assert_eq!(said, STAYS);
    let mut http1 = rig.http1().await.unwrap();
    let running = tokio::spawn(http1.send_request(wait()));
    within(rig.gate.reached.acquire()).await.unwrap().forget();
    rig.shutdown.cancel();
    eventually(async || TcpStream::connect(rig.https).await.err()).await;
    assert!(tokio::time::timeout(Duration::from_millis(50), raw.read_u8()).await.is_err());
    rig.gate.open.add_permits(1);
    assert_eq!(read(within(running).await.unwrap().unwrap()).await.body(), "waited");
    let mut last = String::new();
    within(raw.read_to_string(&mut last)).await.unwrap();
    assert_eq!(last, " goodbye");
    rig.ended().await;
}

// covers: OP-3
#[tokio::test]
async fn half_a_handshake_holds_up_no_stop() {
    let rig = Rig::limited(Limits {
        stop: Duration::from_hours(1),
        handshake: Duration::from_hours(1),
        ..Limits::default()
    });
    let half = TcpStream::connect(rig.https).await.unwrap();
    assert_eq!(rig.ask(Request::get("/")).await.status(), 200, "it was let in before");
    rig.shutdown.cancel();
    rig.ended().await;
    drop(half);
}

// covers: OP-3
#[tokio::test]
async fn who_is_inside_when_the_ports_change_hands_is_served_and_asked_to_come_anew() {
    let hour = Duration::from_hours(1);
    let rig = Rig::limited(Limits { leave: hour, stop: hour, ..Limits::default() });
    let (mut http1, mut http2) = (rig.http1().await.unwrap(), rig.http2().await.unwrap());
    let running = [
        tokio::spawn(http1.send_request(wait())),
        tokio::spawn(http2.clone().send_request(wait())),
    ];
    within(rig.gate.reached.acquire_many(2)).await.unwrap().forget();
    rig.leaving.cancel();
    eventually(async || TcpStream::connect(rig.https).await.err()).await;
    eventually(async || http2.send_request(wait()).await.err()).await;
    assert!(!rig.shutdown.is_cancelled(), "somebody is still inside");
    rig.gate.open.add_permits(10);
    for (request, says_so) in running.into_iter().zip([true, false]) {
        let response = read(within(request).await.unwrap().unwrap()).await;
        assert_eq!(response.body(), "waited");
        assert_eq!(response.headers().contains_key("connection"), says_so);
    }
    rig.ended().await;
}
