//! Visitors whose turn it is, and who do nothing but answer pings.

use std::time::Duration;

use bytes::Bytes;
use edge::Limits;
use http::Request;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use testkit::frames::{self, END_STREAM};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::rig::{HTTP2, Rig, eventually, within};

fn impatient() -> Rig {
    let (idle, slow_header) = (Duration::from_secs(1), Duration::from_secs(3));
    Rig::limited(Limits { idle, slow_header, ..Limits::default() })
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("https://localhost{path}")).body(Full::default()).unwrap()
}

#[tokio::test]
async fn idle_visitor_who_answers_pings_leaves() {
    let rig = impatient();
    // Hyper's client answers pings for as long as it lives.
    let mut http2 = rig.http2().await.unwrap();
    within(http2.send_request(get("/"))).await.unwrap();
    eventually(async || http2.is_closed().then_some(())).await;
}

#[tokio::test]
async fn request_that_takes_long_is_no_idleness() {
    let rig = impatient();
    let mut http2 = rig.http2().await.unwrap();
    let mut other = rig.http2().await.unwrap();
    let running = tokio::spawn(http2.send_request(get("/wait")));
    within(rig.gate.reached.acquire()).await.unwrap().forget();
    within(other.send_request(get("/"))).await.unwrap();
    // By then the first one has been silent for longer.
    eventually(async || other.is_closed().then_some(())).await;
    rig.gate.open.add_permits(1);
    assert_eq!(within(running).await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn silent_websocket_outlives_the_idle_limit() {
    let rig = impatient();
    let mut http2 = rig.http2().await.unwrap();
    within(http2.send_request(get("/"))).await.unwrap();
    let mut request =
        Request::connect("https://localhost/socket").body(Full::<Bytes>::default()).unwrap();
    request.extensions_mut().insert(hyper::ext::Protocol::from_static("websocket"));
    let response = within(http2.send_request(request)).await.unwrap();
    let mut socket = TokioIo::new(within(hyper::upgrade::on(response)).await.unwrap());
    let mut other = rig.http2().await.unwrap();
    within(other.send_request(get("/"))).await.unwrap();
    // By then the first one has been silent for longer.
    eventually(async || other.is_closed().then_some(())).await;
    assert!(within(http2.send_request(get("/"))).await.is_err(), "no new request is taken");
    // Nor is it cut with those who were told to go and stay.
    answer_that_nobody_reads(&rig).await;
    socket.write_all(b"hello").await.unwrap();
    let mut back = [0; 5];
    within(socket.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"hello");
}

#[tokio::test]
async fn window_of_zero_does_not_hold_an_answer_for_ever() {
    let received = answer_that_nobody_reads(&impatient()).await;
    let frames = frames::parse(&received);
    assert!(frames.iter().any(|(kind, ..)| *kind == 1), "an answer began: {frames:?}");
    assert!(!frames.iter().any(|(kind, ..)| *kind == 0), "without room for its body: {frames:?}");
}

/// Asks for an answer that has no room, and waits until the connection is cut.
async fn answer_that_nobody_reads(rig: &Rig) -> Vec<u8> {
    let mut tls = rig.connect("localhost", &[HTTP2]).await.unwrap();
    let get =
        [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")];
    let initial_window = frames::setting(4, 0);
    let asked = [frames::PREFACE, &initial_window, &frames::headers(1, END_STREAM, &get)].concat();
    tls.write_all(&asked).await.unwrap();
    let mut received = Vec::new();
    drop(within(tls.read_to_end(&mut received)).await);
    received
}
