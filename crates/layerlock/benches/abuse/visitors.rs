//! What people do who are signed in.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::StreamExt;
use http::Method;
use testkit::client::Protocol;
use tokio::{
    io::AsyncWriteExt,
    time::{sleep, timeout},
};

use crate::{
    dial::{exchange, expect},
    scene::Scene,
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) async fn abuse(scene: &Scene<'_>) {
    let stalled = async {
        let stall =
            || scene.again("downloads that nobody reads", SECOND, async |_| stall(scene).await);
        tokio::join!(stall(), stall(), stall(), stall(), stall(), stall())
    };
    tokio::join!(
        stalled,
        scene.again("pages", SECOND / 4, async |_| page(scene).await),
        scene.again("bursts of cancelled requests", SECOND * 2, async |_| cancel(scene).await),
        scene.again("uploads", SECOND * 3, async |_| upload(scene).await),
        scene.again("half uploads", SECOND, async |_| half_upload(scene).await),
        scene.again("headers that are too large", SECOND, async |_| large_header(scene).await),
        scene.again("too many cookies", SECOND * 2, async |_| cookies(scene).await),
        scene.again("streams of events", SECOND, async |_| events(scene).await),
        scene.again("sessions", SECOND * 30, async |number| session(scene, number).await),
    );
}

async fn page(scene: &Scene<'_>) -> Result<()> {
    let page = scene.origin.get("/").await?;
    ensure!(page.status == 200, "{}", page.status);
    Ok(())
}

/// A download whose reader stops, and hangs up later.
async fn stall(scene: &Scene<'_>) -> Result<()> {
    let mut stream = scene.origin.connect(Protocol::Http1).await?;
    let answer = exchange(&mut stream, head(scene, "GET /endless", "")?.as_bytes()).await?;
    expect(&answer, &["200"])?;
    sleep(SECOND * 15).await;
    Ok(())
}

/// Requests that are given up before they are answered, or while they are.
async fn cancel(scene: &Scene<'_>) -> Result<()> {
    for path in ["/slow", "/endless"] {
        let requests = (0..10).map(|_| scene.origin.request(Method::GET, path).send());
        let _ = timeout(SECOND / 10, futures_util::future::join_all(requests)).await;
    }
    Ok(())
}

async fn upload(scene: &Scene<'_>) -> Result<()> {
    let upload = scene.origin.request(Method::POST, "/upload").body(vec![b'G'; 1 << 20]);
    let status = upload.send().await?.status();
    ensure!(status == 201, "{status}");
    Ok(())
}

async fn half_upload(scene: &Scene<'_>) -> Result<()> {
    let mut stream = scene.origin.connect(Protocol::Http1).await?;
    let head = head(scene, "POST /upload", "Content-Length: 1000000\r\n")?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&vec![b'G'; 100_000]).await?;
    stream.flush().await?;
    sleep(SECOND / 4).await;
    Ok(())
}

async fn large_header(scene: &Scene<'_>) -> Result<()> {
    let mut stream = scene.origin.connect(Protocol::Http1).await?;
    let large = format!("X-Large: {}\r\n", "x".repeat(40_000));
    let answer = exchange(&mut stream, head(scene, "GET /", &large)?.as_bytes()).await?;
    expect(&answer, &["431"])
}

async fn cookies(scene: &Scene<'_>) -> Result<()> {
    let crumbs = format!("Cookie: a={}\r\n", "x".repeat(10_000)).repeat(24);
    let mut stream = scene.origin.connect(Protocol::Http1).await?;
    let answer = exchange(&mut stream, head(scene, "GET /", &crumbs)?.as_bytes()).await?;
    expect(&answer, &["200", "400", "431"])
}

/// The dashboard's events, left after the first.
async fn events(scene: &Scene<'_>) -> Result<()> {
    let events = scene.house.owner.request(Method::GET, "/api/v1/events").send().await?;
    ensure!(events.status() == 200, "{}", events.status());
    let _ = timeout(SECOND / 2, events.bytes_stream().next()).await;
    Ok(())
}

/// Somebody who signs in anew each time, and mostly forgets to sign out.
async fn session(scene: &Scene<'_>, number: u32) -> Result<()> {
    let owner = scene.owner().await?;
    let origin = owner.open(&scene.house.printer).await?;
    origin.get("/").await?;
    if number.is_multiple_of(3) {
        owner.sign_out().await?;
    }
    Ok(())
}

/// The head of a request of the owner's, in HTTP/1.1.
fn head(scene: &Scene<'_>, line: &str, fields: &str) -> Result<String> {
    let (host, url) = (scene.origin.host(), scene.origin.url());
    let cookies = scene.origin.cookies()?;
    Ok(format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nOrigin: {url}\r\nSec-Fetch-Site: same-origin\r\n\
         Cookie: {cookies}\r\n{fields}\r\n"
    ))
}
