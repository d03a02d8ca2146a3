//! What reaches the application, and what comes back.

use bytes::Bytes;
use edge::Limits;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::rig::{HTTP1, Rig, within};

async fn echoes(upgraded: hyper::upgrade::Upgraded) {
    let mut socket = TokioIo::new(upgraded);
    socket.write_all(b"hello").await.unwrap();
    let mut back = [0; 5];
    within(socket.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"hello");
}

#[tokio::test]
async fn a_websocket_of_http_1_reaches_the_application() {
    let rig = Rig::start();
    let mut sender = rig.http1().await.unwrap();
    let request = Request::get("/socket")
        .header("host", "localhost")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .body(Full::default())
        .unwrap();
    let response = within(sender.send_request(request)).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    echoes(hyper::upgrade::on(response).await.unwrap()).await;
}

#[tokio::test]
async fn a_websocket_of_http_2_reaches_the_application() {
    let rig = Rig::start();
    let mut sender = rig.http2().await.unwrap();
    // The other side's settings, which allow it, come with its first answer at the latest.
    let first = Request::get("https://localhost/").body(Full::default()).unwrap();
    within(sender.send_request(first)).await.unwrap();
    let mut request =
        Request::connect("https://localhost/socket").body(Full::<Bytes>::default()).unwrap();
    request.extensions_mut().insert(hyper::ext::Protocol::from_static("websocket"));
    let response = within(sender.send_request(request)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    echoes(hyper::upgrade::on(response).await.unwrap()).await;
}

// covers: SV-4
#[tokio::test]
async fn forged_x_forwarded_for_does_not_count() {
    let rig = Rig::start();
    let request = Request::get("/client").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(rig.ask(request).await.body(), "127.0.0.1");
}

// covers: SV-4
#[tokio::test]
async fn a_listed_proxy_is_believed() {
    let rig = Rig::with(Limits::default(), "127.0.0.1");
    let request = Request::get("/client").header("x-forwarded-for", "192.168.1.1, 203.0.113.9");
    assert_eq!(rig.ask(request).await.body(), "203.0.113.9");
}

#[tokio::test]
async fn every_answer_carries_the_id_that_the_application_saw() {
    let rig = Rig::start();
    let forged = "0123456789abcdef";
    let first = rig.ask(Request::get("/id").header("x-request-id", forged)).await;
    let second = rig.ask(Request::get("/id")).await;
    assert_eq!(first.headers()["x-request-id"], first.body().as_str());
    assert_ne!(first.body(), forged);
    assert_ne!(first.body(), second.body());
    assert_eq!(first.body().len(), 16);
}

// covers: RL-5, SV-1
#[tokio::test]
async fn visitor_makes_a_connection_pass_for_an_open_one() {
    let rig = Rig::start();
    let mut http2 = rig.http2().await.unwrap();
    for (uri, status) in [("https://localhost/", 200), ("http://localhost/", 400)] {
        let request = Request::get(uri).body(Full::default()).unwrap();
        assert_eq!(within(http2.send_request(request)).await.unwrap().status(), status, "{uri}");
        let mut tls = rig.connect("localhost", &[HTTP1]).await.unwrap();
        let request = format!("GET {uri} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        tls.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within(tls.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{uri}: {answer}");
    }
}

/// All that the unencrypted port answers.
async fn plain(rig: &Rig, request: &str) -> String {
    let mut tcp = TcpStream::connect(rig.http).await.unwrap();
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(tcp.read_to_string(&mut answer)).await.unwrap();
    answer
}

// covers: SV-1
#[tokio::test]
async fn the_plain_port_sends_to_https() {
    let rig = Rig::start();
    let request = "GET /a?b=c HTTP/1.1\r\nhost: localhost:3000\r\nconnection: close\r\n\r\n";
    let answer = plain(&rig, request).await;
    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    let location = format!("location: https://localhost:{}/a?b=c\r\n", rig.https.port());
    assert!(answer.contains(&location), "{answer}");
}

// covers: SV-1
#[tokio::test]
async fn redirect_reflects_no_hostile_host() {
    let rig = Rig::start();
    for host in ["evil.example", "localhost@evil.example", "localhost\r\nhost: evil.example"] {
        let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = plain(&rig, &request).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert!(!answer.contains("evil.example"), "{answer}");
    }
}
