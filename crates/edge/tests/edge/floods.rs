//! Floods: strangers with many addresses, and one connection that sends without an end. Whatever
//! they do, a fresh visitor from another address is answered.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use edge::Limits;
use futures_util::future::join_all;
use http::{Request, StatusCode};
use http_body_util::Full;
use rustls::pki_types::ServerName;
use testkit::frames::{self, END_HEADERS, END_STREAM, Kind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::rig::{HTTP1, HTTP2, Rig, read, within};

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")];
/// A request that the application never answers.
const WAIT: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/wait")];

/// The type of a TLS record that is part of a handshake (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;

/// More than any of these floods may get through.
const MUCH: usize = 64 * 1024 * 1024;

async fn from(address: Ipv4Addr, rig: &Rig) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((address, 0).into())?;
    socket.connect(rig.https).await
}

/// Whether somebody at an address of their own gets an answer.
async fn is_served(rig: &Rig) {
    let tcp = within(from(Ipv4Addr::new(127, 0, 200, 1), rig)).await.unwrap();
    let config = rig.client_config(&[HTTP1], rustls::ALL_VERSIONS);
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = within(connector.connect(name, tcp)).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    within(tls.write_all(request)).await.unwrap();
    let mut answer = String::new();
    within(tls.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Whether the other side has hung up on a connection that is silent otherwise.
async fn is_cut(tcp: &mut TcpStream) -> bool {
    !matches!(timeout(Duration::from_millis(1), tcp.read(&mut [0])).await, Err(_) | Ok(Ok(1)))
}

#[tokio::test]
async fn two_thousand_half_open_connections() {
    let rig = Rig::start();
    let mut silent = Vec::new();
    for host in 1..=32 {
        for _ in 0..64 {
            silent.push(from(Ipv4Addr::new(127, 0, 100, host), &rig).await.unwrap());
        }
    }
    assert!(silent.len() > 2_000);
    is_served(&rig).await;
    let mut one_more = from(Ipv4Addr::new(127, 0, 100, 1), &rig).await.unwrap();
    // Cut at once, not after the time that a handshake may take.
    assert!(within(one_more.read(&mut [0])).await.is_ok_and(|read| read == 0));
    assert!(!is_cut(&mut silent[0]).await, "those below the limit have their time");
}

/// Begins handshakes from one address, again and again.
async fn handshakes(address: Ipv4Addr, https: SocketAddr) {
    // A ClientHello that promises more than it holds.
    let hello = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        if let Ok(mut tcp) = socket.connect(https).await {
            let _ = tcp.write_all(&hello).await;
        }
    }
}

#[tokio::test]
async fn handshake_flood() {
    let rig = Rig::start();
    let mut flood = JoinSet::new();
    for host in 1..=4 {
        flood.spawn(handshakes(Ipv4Addr::new(127, 0, 101, host), rig.https));
    }
    for _ in 0..3 {
        is_served(&rig).await;
    }
    flood.shutdown().await;
}

/// Asks for handshakes in full from one address, and hangs up on the answer, which has cost the
/// other side a key exchange and a signature. Counts the answers.
async fn answered_handshakes(address: Ipv4Addr, rig: &Rig, answers: &AtomicUsize) {
    let config = Arc::new(rig.client_config(&[HTTP1], &[&rustls::version::TLS13]));
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = rustls::ClientConnection::new(config, name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    loop {
        let Ok(mut tcp) = from(address, rig).await else { continue };
        let answered = async {
            tcp.write_all(&hello).await?;
            tcp.read_u8().await
        };
        let is_answered = answered.await.is_ok_and(|kind| kind == HANDSHAKE);
        answers.fetch_add(usize::from(is_answered), Ordering::Relaxed);
    }
}

#[tokio::test]
async fn handshake_flood_that_costs_signatures() {
    let rig = Rig::start();
    let answers = AtomicUsize::new(0);
    let flood =
        (1..=16).map(|host| answered_handshakes(Ipv4Addr::new(127, 0, 102, host), &rig, &answers));
    let visitor = async {
        for _ in 0..3 {
            let before = answers.load(Ordering::Relaxed);
            while answers.load(Ordering::Relaxed) < before + 32 {
                tokio::task::yield_now().await;
            }
            is_served(&rig).await;
        }
    };
    tokio::select! {
        _ = join_all(flood) => unreachable!("a flood has no end"),
        () = visitor => {}
    }
    assert!(answers.into_inner() >= 96);
}

/// Sends `opening`, then `again` with ever new streams, while a visitor is served. Returns what
/// came back, once the other side has hung up; fails if it takes everything.
async fn flood(rig: &Rig, opening: Vec<u8>, again: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let tls = rig.connect("localhost", &[HTTP2]).await.unwrap();
    let (mut read, mut write) = tokio::io::split(tls);
    write.write_all(&[frames::PREFACE, &opening].concat()).await.unwrap();
    let sends = async {
        let (mut sent, mut stream) = (0, 3);
        while sent < MUCH {
            let batch: Vec<u8> = (0..64).flat_map(|n| again(stream + 2 * n)).collect();
            stream += 128;
            sent += batch.len();
            if write.write_all(&batch).await.is_err() || write.flush().await.is_err() {
                return;
            }
        }
        panic!("{MUCH} bytes were taken");
    };
    let mut received = Vec::new();
    let reads = async { while matches!(read.read_buf(&mut received).await, Ok(1..)) {} };
    let attack = async {
        tokio::select! {
            () = sends => {}
            () = reads => {}
        }
    };
    within(async { tokio::join!(attack, is_served(rig)) }).await;
    received
}

/// The codes with which the other side ended the connection. They can be lost: whoever closes a
/// connection on which more has arrived resets it.
fn codes(received: &[u8]) -> Vec<u8> {
    let ended = |(kind, _, _, payload): (u8, u8, u32, &[u8])| {
        (kind == Kind::GoAway as u8).then(|| payload.get(7).copied()).flatten()
    };
    frames::parse(received).into_iter().filter_map(ended).collect()
}

const ENHANCE_YOUR_CALM: u8 = 11;

#[tokio::test]
async fn rapid_reset() {
    let rig = Rig::start();
    let again =
        |stream| [frames::headers(stream, END_STREAM, &GET), frames::reset(stream)].concat();
    let received = flood(&rig, Vec::new(), again).await;
    assert!(codes(&received).iter().all(|code| *code == ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn made_you_reset() {
    let rig = Rig::start();
    // A window update of nothing is an error, at which a server resets the stream itself, or
    // ends the connection.
    let again =
        |stream| [frames::headers(stream, 0, &WAIT), frames::window_update(stream, 0)].concat();
    flood(&rig, Vec::new(), again).await;
}

#[tokio::test]
async fn continuation_flood() {
    let rig = Rig::start();
    let opening = frames::frame(Kind::Headers, END_STREAM, 1, &frames::block(&GET));
    let field = frames::block(&[("x-a", &"b".repeat(1024))]);
    flood(&rig, opening, |_| frames::frame(Kind::Continuation, 0, 1, &field)).await;
}

#[tokio::test]
async fn empty_continuation_flood() {
    let rig = Rig::start();
    let opening = frames::frame(Kind::Headers, END_STREAM, 1, &frames::block(&GET));
    flood(&rig, opening, |_| frames::frame(Kind::Continuation, 0, 1, &[])).await;
}

#[tokio::test]
async fn empty_data_frames() {
    let rig = Rig::start();
    let received = flood(&rig, frames::headers(1, 0, &WAIT), |_| frames::data(1, 0, &[])).await;
    assert!(codes(&received).iter().all(|code| *code == ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn hpack_bomb() {
    let rig = Rig::start();
    // A field that fills the table of 4,096 bytes, then 8,192 references to it of one byte each:
    // 32 MB in 8 KiB.
    let mut bomb = frames::block(&GET);
    // 127 + 30 × 128 bytes of value.
    bomb.extend([0x40, 3, b'x', b'-', b'a', 127, 0x80, 30]);
    bomb.extend([b'b'; 127 + 30 * 128]);
    bomb.extend([0x80 + 62; 8_192]);
    let mut tls = rig.connect("localhost", &[HTTP2]).await.unwrap();
    let bomb = frames::frame(Kind::Headers, END_HEADERS | END_STREAM, 1, &bomb);
    tls.write_all(&[frames::PREFACE, &bomb].concat()).await.unwrap();
    let mut received = Vec::new();
    let answered = async {
        while !frames::parse(&received).iter().any(|(.., stream, _)| *stream == 1) {
            if !matches!(tls.read_buf(&mut received).await, Ok(1..)) {
                break;
            }
        }
    };
    within(answered).await;
    // 431, written out; ours, which would have a body, is for what was unpacked.
    let frames = frames::parse(&received);
    assert!(!frames.iter().any(|frame| frame.0 == 1 && frame.3[0] == 0x88));
    assert!(!frames.iter().any(|frame| frame.0 == 1 && frame.1 & END_STREAM == 0), "{frames:?}");
    is_served(&rig).await;
}

/// What asks for an answer of its own, and whose answers nobody reads: it is taken only as fast as
/// the answers leave.
#[tokio::test]
async fn ping_and_settings_floods() {
    let ping = frames::frame(Kind::Ping, 0, 0, &[0; 8]);
    for again in [ping, frames::setting(4, 65_535)] {
        let rig = Rig::start();
        let mut tls = rig.connect("localhost", &[HTTP2]).await.unwrap();
        tls.write_all(frames::PREFACE).await.unwrap();
        let batch = again.repeat(1_024);
        let flood = async {
            let mut sent = 0;
            while sent < MUCH && tls.write_all(&batch).await.is_ok() {
                sent += batch.len();
            }
            assert!(sent < MUCH, "{sent} bytes were taken");
        };
        tokio::select! {
            () = flood => {}
            () = async { for _ in 0..3 { is_served(&rig).await } } => {}
        }
    }
}

#[tokio::test]
async fn streams_of_a_connection_have_a_limit() {
    let rig = Rig::limited(Limits { streams: 4, ..Limits::default() });
    let mut tls = rig.connect("localhost", &[HTTP2]).await.unwrap();
    let open: Vec<u8> =
        (0..5).flat_map(|n| frames::headers(2 * n + 1, END_STREAM, &WAIT)).collect();
    tls.write_all(&[frames::PREFACE, &open].concat()).await.unwrap();
    within(rig.gate.reached.acquire_many(4)).await.unwrap().forget();
    let mut received = Vec::new();
    let refused = |received: &[u8]| {
        frames::parse(received).iter().any(|(kind, _, stream, _)| (*kind, *stream) == (3, 9))
    };
    while !refused(&received) {
        assert!(within(tls.read_buf(&mut received)).await.unwrap() > 0, "{received:?}");
    }
    assert_eq!(rig.gate.reached.available_permits(), 0, "the fifth was not begun");
}

#[tokio::test]
async fn header_that_never_ends_is_not_kept_in_http_1() {
    let patient = Limits { slow_header: Duration::from_hours(1), ..Limits::default() };
    let rig = Rig::limited(patient);
    let mut tls = rig.connect("localhost", &[HTTP1]).await.unwrap();
    tls.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: ").await.unwrap();
    let flood = async {
        let mut sent = 0;
        while sent < MUCH && tls.write_all(&[b'y'; 16 * 1024]).await.is_ok() {
            sent += 16 * 1024;
        }
        assert!(sent < MUCH, "{sent} bytes were taken");
    };
    within(flood).await;
}

#[tokio::test]
async fn upload_that_nobody_reads_delays_no_other() {
    let rig = Rig::start();
    let mut http2 = rig.http2().await.unwrap();
    let post = |path: &str| {
        let body = Full::new(Bytes::from(vec![0; 1024 * 1024]));
        Request::post(format!("https://localhost{path}")).body(body).unwrap()
    };
    let unread = tokio::spawn(http2.send_request(post("/wait")));
    within(rig.gate.reached.acquire()).await.unwrap().forget();
    let answer = read(within(http2.send_request(post("/length"))).await.unwrap()).await;
    assert_eq!(answer.body(), "1048576");
    assert!(!unread.is_finished());
}

#[tokio::test]
async fn header_at_the_limit_and_one_past_it() {
    let rig = Rig::start();
    let most = 32 * 1024;
    // `host: localhost`, the path, and this field's own name and signs.
    let others = "host: localhost\r\n".len() + "/".len() + "x: \r\n".len();
    for (length, status) in [
        (most - others, StatusCode::OK),
        (most - others + 1, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
    ] {
        let request = Request::get("/").header("x", "y".repeat(length));
        assert_eq!(rig.ask(request).await.status(), status, "{length}");
    }
}
