//! What people do who are nobody here, each from another address.

use std::time::Duration;

use anyhow::{Result, ensure};
use testkit::frames::{self, END_STREAM, Kind};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};
use tokio_rustls::client::TlsStream;

use crate::{
    dial::{address, exchange, expect, tcp, tls},
    scene::Scene,
};

const SECOND: Duration = Duration::from_secs(1);
const DASHBOARD: &str = "layerlock.localhost";
const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

pub(crate) async fn abuse(scene: &Scene<'_>) {
    tokio::join!(
        scene.again("wrong sign-ins", SECOND, async |number| sign_in(scene, number).await),
        scene.again("wrong setup links", SECOND, async |number| set_up(scene, number).await),
        scene.again("unknown hosts", SECOND, async |number| unknown_host(scene, number).await),
        scene.again("visits", SECOND, async |number| visit(scene, number).await),
        scene.again("wrong tickets", SECOND, async |number| redeem(scene, number).await),
        scene.again("half handshakes", SECOND, async |number| half_hello(scene, number).await),
        scene.again("half requests", SECOND / 2, async |number| half(scene, number).await),
        scene.again("half requests that stay", SECOND, async |number| wait(scene, number).await),
        scene.again("large headers", SECOND, async |number| large(scene, number).await),
        scene.again("rapid resets", SECOND * 2, async |number| resets(scene, number).await),
        scene.again("endless headers", SECOND * 2, async |number| endless(scene, number).await),
    );
}

/// One request of HTTP/1.1 from an address, and how the answer begins.
async fn ask(scene: &Scene<'_>, number: u32, host: &str, request: &str) -> Result<String> {
    let port = scene.house.hub.port();
    let mut stream = tls(address(number), port, host, HTTP1).await?;
    let request = request.replace("{HOST}", &format!("{host}:{port}"));
    exchange(&mut stream, request.as_bytes()).await
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {{HOST}}\r\nOrigin: https://{{HOST}}\r\n\
         Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

async fn sign_in(scene: &Scene<'_>, number: u32) -> Result<()> {
    let body = format!("{{\"email\":\"nobody{number}@example.org\",\"password\":\"a guess\"}}");
    let answer = ask(scene, number, DASHBOARD, &post("/api/v1/session", &body)).await?;
    expect(&answer, &["401", "429", "503"])
}

async fn set_up(scene: &Scene<'_>, number: u32) -> Result<()> {
    let body = "{\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"email\":\"a@example.org\",\
                \"password\":\"seven violet anvils\"}";
    let answer = ask(scene, number, DASHBOARD, &post("/api/v1/setup", body)).await?;
    expect(&answer, &["400", "403", "409", "429"])
}

async fn unknown_host(scene: &Scene<'_>, number: u32) -> Result<()> {
    let host = format!("unknown{number}.example.org");
    let answer = ask(scene, number, &host, "GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").await?;
    expect(&answer, &["404", "421"])
}

/// A printer's page by somebody who has no session there.
async fn visit(scene: &Scene<'_>, number: u32) -> Result<()> {
    let host = printer_name(scene);
    let request = "GET / HTTP/1.1\r\nHost: {HOST}\r\nSec-Fetch-Site: none\r\n\
                   Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\
                   Accept: text/html\r\n\r\n";
    expect(&ask(scene, number, &host, request).await?, &["302", "303", "307"])
}

async fn redeem(scene: &Scene<'_>, number: u32) -> Result<()> {
    let ticket = format!("{{\"ticket\":\"{number:043}\",\"next\":\"/\"}}");
    let request = post("/.layerlock/redeem", &ticket);
    expect(&ask(scene, number, &printer_name(scene), &request).await?, &["400", "401", "403"])
}

fn printer_name(scene: &Scene<'_>) -> String {
    let host = scene.origin.host();
    host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned()
}

/// The beginning of a handshake, and then nothing.
async fn half_hello(scene: &Scene<'_>, number: u32) -> Result<()> {
    let mut stream = tcp(address(number), scene.house.hub.port()).await?;
    stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).await?;
    sleep(SECOND).await;
    Ok(())
}

/// The beginning of a request, and no more.
async fn half(scene: &Scene<'_>, number: u32) -> Result<()> {
    half_request(scene, number).await.map(drop)
}

/// The same, by somebody who waits until they are hung up on.
async fn wait(scene: &Scene<'_>, number: u32) -> Result<()> {
    let mut stream = half_request(scene, number).await?;
    let answer = exchange(&mut stream, b"x").await.unwrap_or_default();
    ensure!(answer.is_empty() || answer.contains(" 408 "), "{answer:.40}");
    Ok(())
}

async fn half_request(scene: &Scene<'_>, number: u32) -> Result<TlsStream<TcpStream>> {
    let mut stream = tls(address(number), scene.house.hub.port(), DASHBOARD, HTTP1).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: layerlock.localhost\r\nX-Slow: ").await?;
    stream.flush().await?;
    Ok(stream)
}

async fn large(scene: &Scene<'_>, number: u32) -> Result<()> {
    let large = "x".repeat(40_000);
    let request = format!("GET / HTTP/1.1\r\nHost: {{HOST}}\r\nX-Large: {large}\r\n\r\n");
    expect(&ask(scene, number, DASHBOARD, &request).await?, &["431"])
}

/// Streams that are opened and reset in one breath (CVE-2023-44487).
async fn resets(scene: &Scene<'_>, number: u32) -> Result<()> {
    let fields = request_fields(scene);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let streams = (0..500).map(|stream| stream * 2 + 1);
    let flood = streams.flat_map(|stream| {
        [frames::headers(stream, END_STREAM, &fields), frames::reset(stream)].concat()
    });
    let bytes = [frames::PREFACE.to_vec(), flood.collect()].concat();
    let mut stream = tls(address(number), scene.house.hub.port(), DASHBOARD, HTTP2).await?;
    let answer = exchange(&mut stream, &bytes).await;
    ensure!(!answer.is_ok_and(|answer| answer.is_empty()), "it was never read");
    sleep(SECOND / 2).await;
    Ok(())
}

/// One header in more and more frames (CVE-2024-27316 and its like).
async fn endless(scene: &Scene<'_>, number: u32) -> Result<()> {
    let piece = frames::block(&[("x-more", &"x".repeat(8_000))]);
    let mut stream = tls(address(number), scene.house.hub.port(), DASHBOARD, HTTP2).await?;
    let first = frames::frame(Kind::Headers, END_STREAM, 1, &piece);
    stream.write_all(&[frames::PREFACE, &first].concat()).await?;
    let next = frames::frame(Kind::Continuation, 0, 1, &piece);
    for _ in 0..100 {
        if stream.write_all(&next).await.is_err() {
            return Ok(());
        }
    }
    let _ = exchange(&mut stream, b"").await;
    Ok(())
}

fn request_fields(scene: &Scene<'_>) -> [(&'static str, String); 4] {
    let authority = format!("{DASHBOARD}:{}", scene.house.hub.port());
    [
        (":method", "GET".to_owned()),
        (":scheme", "https".to_owned()),
        (":authority", authority),
        (":path", "/api/v1/printers".to_owned()),
    ]
}
