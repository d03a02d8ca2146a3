//! What strangers may not do: hold connections without saying anything, take all of them, or send
//! more than a header holds.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use edge::Limits;
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

use crate::rig::{HTTP1, HTTP2, RAW, Rig, eventually, within};

const SHORT: Duration = Duration::from_millis(50);

/// Waits until the other side hangs up, however it does it.
async fn is_cut(mut stream: impl AsyncRead + Unpin) {
    drop(within(stream.read_to_end(&mut Vec::new())).await);
}

fn impatient() -> Rig {
    Rig::limited(Limits { slow_header: SHORT, ..Limits::default() })
}

#[tokio::test]
async fn a_slow_header_is_cut() {
    let rig = impatient();
    let mut tls = rig.connect("localhost", &[HTTP1]).await.unwrap();
    tls.write_all(b"GET / HTTP/1.1\r\nhost: loc").await.unwrap();
    is_cut(tls).await;
    let mut plain = TcpStream::connect(rig.http).await.unwrap();
    plain.write_all(b"GET / HT").await.unwrap();
    is_cut(plain).await;
}

#[tokio::test]
async fn a_second_slow_header_is_cut() {
    // Enough for the first one on a busy machine.
    let rig = Rig::limited(Limits { slow_header: Duration::from_secs(2), ..Limits::default() });
    let mut tls = rig.connect("localhost", &[HTTP1]).await.unwrap();
    tls.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\nGET / HTTP/1.1\r\n").await.unwrap();
    let mut answer = Vec::new();
    drop(within(tls.read_to_end(&mut answer)).await);
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", answer.escape_ascii());
}

#[tokio::test]
async fn silence_after_the_handshake_is_cut() {
    let rig = impatient();
    is_cut(rig.connect("localhost", &[HTTP2]).await.unwrap()).await;
    is_cut(rig.connect("localhost", &[HTTP1]).await.unwrap()).await;
    is_cut(TcpStream::connect(rig.http).await.unwrap()).await;
}

#[tokio::test]
async fn a_header_that_never_ends_is_cut_in_http_2() {
    let slow_header = Duration::from_hours(1);
    let rig = Rig::limited(Limits { ping: SHORT, slow_header, ..Limits::default() });
    let mut tls = rig.connect("localhost", &[HTTP2]).await.unwrap();
    tls.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    tls.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    // HEADERS without END_HEADERS: nothing but its continuation may follow, not even an answer to
    // a ping. 0x82 is `:method: GET`.
    tls.write_all(&[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]).await.unwrap();
    is_cut(tls).await;
}

#[tokio::test]
async fn a_half_open_handshake_is_cut() {
    let rig = Rig::limited(Limits { handshake: SHORT, ..Limits::default() });
    is_cut(TcpStream::connect(rig.https).await.unwrap()).await;
    let mut tcp = TcpStream::connect(rig.https).await.unwrap();
    // The beginning of a ClientHello that is said to have 512 bytes.
    tcp.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]).await.unwrap();
    is_cut(tcp).await;
}

/// Waits until the other side hangs up on a connection that was begun at `since`, and has nothing
/// more to say. Until this is called real time passes, and then 10 seconds at once: enough for
/// whatever was begun before. That the other side has hung up takes real time to be seen.
async fn is_cut_after_10_seconds(mut stream: impl AsyncRead + Unpin, since: Instant) {
    let (limit, tick) = (Duration::from_secs(10), Duration::from_millis(2));
    tokio::time::pause();
    let enough = Instant::now() + limit + tick;
    let mut rest = Vec::new();
    let mut cut = pin!(stream.read_to_end(&mut rest));
    assert!(timeout_at(since + limit - tick, &mut cut).await.is_err(), "too early");
    let seen = timeout_at(enough, &mut cut).await;
    tokio::time::resume();
    if seen.is_err() {
        let soon = Duration::from_secs(5);
        drop(timeout(soon, cut).await.expect("too late"));
    }
}

#[tokio::test]
async fn a_header_has_10_seconds() {
    let rig = Rig::start();
    for header in [&b""[..], b"GET / HTTP/1.1\r\nhost: loc"] {
        let since = Instant::now();
        let mut tls = rig.connect("localhost", &[HTTP1]).await.unwrap();
        tls.write_all(header).await.unwrap();
        is_cut_after_10_seconds(tls, since).await;
        let since = Instant::now();
        let mut plain = TcpStream::connect(rig.http).await.unwrap();
        plain.write_all(header).await.unwrap();
        is_cut_after_10_seconds(plain, since).await;
    }
}

#[tokio::test]
async fn a_second_header_has_10_seconds() {
    let rig = Rig::start();
    let mut tls = rig.connect("localhost", &[HTTP1]).await.unwrap();
    // The time for the second one begins when the first is answered, which is after this.
    let since = Instant::now();
    tls.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"GET") {
        assert!(within(tls.read_buf(&mut answer)).await.unwrap() > 0);
    }
    tls.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    is_cut_after_10_seconds(tls, since).await;
}

#[tokio::test]
async fn a_handshake_has_10_seconds() {
    let rig = Rig::start();
    for hello in [&b""[..], &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]] {
        let since = Instant::now();
        let mut tcp = TcpStream::connect(rig.https).await.unwrap();
        tcp.write_all(hello).await.unwrap();
        is_cut_after_10_seconds(tcp, since).await;
    }
}

#[tokio::test]
async fn one_address_does_not_take_all_connections() {
    let rig = Rig::limited(Limits { connections_per_address: 2, ..Limits::default() });
    let first = rig.connect("localhost", &[HTTP1]).await.unwrap();
    let _second = rig.connect("localhost", &[HTTP2]).await.unwrap();
    assert!(rig.connect("localhost", &[HTTP1]).await.is_err());
    drop(first);
    let _third = eventually(async || rig.connect("localhost", &[HTTP1]).await.ok()).await;
}

/// Set in a process that may open few files.
#[cfg(unix)]
const FEW_FILES: &str = "LAYERLOCK_TEST_FEW_FILES";

/// Runs one test again in such a process.
#[cfg(unix)]
async fn again_with_few_files(test: &str) {
    let program = std::env::current_exe().unwrap();
    let mut again = tokio::process::Command::new("sh");
    again.args(["-c", "ulimit -n 160 && exec \"$0\" --exact \"$1\""]).arg(program).arg(test);
    again.env(FEW_FILES, "yes").kill_on_drop(true);
    let ended = within(again.output()).await.unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn where_few_files_can_be_open_one_address_has_few_connections() {
    if std::env::var_os(FEW_FILES).is_none() {
        let test = "bounds::where_few_files_can_be_open_one_address_has_few_connections";
        return again_with_few_files(test).await;
    }
    let rig = Rig::start();
    // Of 160 files three quarters, of which one address has a sixteenth.
    let mut open = Vec::new();
    for _ in 0..7 {
        open.push(rig.connect("localhost", &[HTTP1]).await.unwrap());
    }
    assert!(rig.connect("localhost", &[HTTP1]).await.is_err());
}

#[tokio::test]
async fn half_open_handshakes_have_a_cap_per_address() {
    let rig = Rig::limited(Limits { handshakes_per_address: 1, ..Limits::default() });
    let silent = TcpStream::connect(rig.https).await.unwrap();
    assert!(rig.connect("localhost", &[HTTP1]).await.is_err());
    drop(silent);
    let _open = eventually(async || rig.connect("localhost", &[HTTP1]).await.ok()).await;
    rig.connect("localhost", &[HTTP1]).await.expect("an open one is half open no more");
}

#[tokio::test]
async fn an_upgraded_connection_keeps_its_place() {
    let rig = Rig::limited(Limits { connections_per_address: 1, ..Limits::default() });
    let mut sender = rig.http1().await.unwrap();
    let request = Request::get("/socket")
        .header("host", "localhost")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .body(Full::<Bytes>::default())
        .unwrap();
    let response = within(sender.send_request(request)).await.unwrap();
    let socket = within(hyper::upgrade::on(response)).await.unwrap();
    assert!(rig.connect("localhost", &[HTTP1]).await.is_err());
    drop(socket);
    let mut raw = eventually(async || rig.connect("localhost", &[RAW]).await.ok()).await;
    within(raw.read_to_end(&mut Vec::new())).await.unwrap();
}

/// What is answered to a request with this header line, over HTTP/1.1 and over HTTP/2.
async fn answers_to(rig: &Rig, name: &str, value: &str) -> [StatusCode; 2] {
    let http1 = rig.ask(Request::get("/").header(name, value)).await.status();
    let mut http2 = rig.http2().await.unwrap();
    let request = |value: &str| {
        let request = Request::get("https://localhost/").header(name, value);
        request.body(Full::<Bytes>::default()).unwrap()
    };
    let second = within(http2.send_request(request(value))).await.unwrap().status();
    let third = within(http2.send_request(request("small"))).await.unwrap().status();
    assert_eq!(third, StatusCode::OK, "and the connection goes on");
    [http1, second]
}

const TOO_LARGE: StatusCode = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;

#[tokio::test]
async fn an_oversized_header_is_answered_with_431() {
    let rig = Rig::start();
    assert_eq!(answers_to(&rig, "x-large", &"x".repeat(40 * 1024)).await, [TOO_LARGE; 2]);
    assert_eq!(answers_to(&rig, "x-large", &"x".repeat(24 * 1024)).await, [StatusCode::OK; 2]);
}

#[tokio::test]
async fn cookies_at_the_limit_and_one_past_it() {
    let rig = Rig::start();
    let most = 256 * 1024 - "cookie: \r\n".len();
    for (length, status) in [(most, StatusCode::OK), (most + 1, TOO_LARGE)] {
        assert_eq!(answers_to(&rig, "cookie", &"x".repeat(length)).await, [status; 2], "{length}");
    }
}

// covers: RL-5
#[tokio::test]
async fn cookie_bomb_from_printer() {
    let rig = Rig::start();
    let bomb = |kilobytes: usize| format!("a={}", "x".repeat(kilobytes * 1024));
    assert_eq!(answers_to(&rig, "cookie", &bomb(140)).await, [StatusCode::OK; 2]);
    assert_eq!(answers_to(&rig, "cookie", &bomb(250)).await, [StatusCode::OK; 2]);
    assert_eq!(answers_to(&rig, "cookie", &bomb(260)).await, [TOO_LARGE; 2]);
}
