//! WebSockets: opened and left, closed in the middle of a message, and those of somebody whose
//! messages are judged.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use testkit::client::{PrinterOrigin, WebSocket};
use tokio::{
    io::AsyncWriteExt,
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::Message;

use crate::scene::Scene;

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);

/// One byte more than a judged message may have.
const TOO_LARGE: usize = (1 << 20) + 1;

pub(crate) async fn abuse(scene: &Scene<'_>) {
    tokio::join!(
        scene.again("sockets", SECOND, async |_| talk(scene).await),
        scene.again("sockets that are left at once", SECOND, async |_| open(scene).await.map(drop)),
        scene.again("sockets that break off", SECOND, async |_| half(scene).await),
        scene.again("sockets that nobody reads", SECOND, async |_| stall(scene).await),
        scene.again("visits of a guest", SECOND * 10, async |_| judged(scene).await),
    );
}

/// A guest enters, loses all but the level `view`, and tries what takes more.
async fn judged(scene: &Scene<'_>) -> Result<()> {
    scene.house.grant("controls").await?;
    let guest = scene.guest().await?;
    let origin = guest.open(&scene.house.printer).await?;
    scene.house.grant("view").await?;
    for number in 0..15 {
        refused(&origin, "not listed", 1008).await?;
        if number % 5 == 0 {
            refused(&origin, &"x".repeat(TOO_LARGE), 1009).await?;
        }
        sleep(SECOND).await;
    }
    Ok(())
}

async fn open(scene: &Scene<'_>) -> Result<WebSocket> {
    scene.origin.web_socket("/echo").await
}

async fn talk(scene: &Scene<'_>) -> Result<()> {
    let mut socket = open(scene).await?;
    for size in [1, 1000, 200_000] {
        socket.send(Message::binary(vec![7; size])).await?;
        let heard = timeout(PATIENCE, socket.next()).await?.context("it ended")??;
        ensure!(heard.len() == size, "{} bytes came back", heard.len());
    }
    Ok(())
}

/// The head of a message of 64 KiB, and little of the rest.
async fn half(scene: &Scene<'_>) -> Result<()> {
    let mut socket = open(scene).await?;
    let stream = socket.get_mut();
    stream.write_all(&[0x82, 0xfe, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7]).await?;
    stream.flush().await?;
    sleep(SECOND / 4).await;
    Ok(())
}

/// Says much, and hears nothing of what comes back.
async fn stall(scene: &Scene<'_>) -> Result<()> {
    let mut socket = open(scene).await?;
    let says = async {
        loop {
            socket.send(Message::binary(vec![7; 64 * 1024])).await?;
        }
    };
    let said: Result<Result<()>, _> = timeout(SECOND * 5, says).await;
    said.unwrap_or(Ok(()))
}

async fn refused(origin: &PrinterOrigin<'_>, text: &str, code: u16) -> Result<()> {
    let mut socket = origin.web_socket("/websocket").await?;
    socket.send(Message::text(text.to_owned())).await?;
    let closed = async {
        while let Some(message) = socket.next().await {
            if let Message::Close(Some(frame)) = message? {
                return Ok(u16::from(frame.code));
            }
        }
        anyhow::bail!("the socket ended without a word")
    };
    let closed = timeout(PATIENCE, closed).await??;
    ensure!(closed == code, "closed with {closed}");
    Ok(())
}
