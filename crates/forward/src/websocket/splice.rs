//! Joining an upgraded connection and a pair of bodies until both are done. A side that has
//! ended leaves the other one [`GRACE`] to say its last words; an error ends both at once.

use std::{pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::{BodySender, BoxError, Closed};

/// How long one direction may go on after the other has ended.
const GRACE: Duration = Duration::from_secs(2);

/// The most that is read from the connection at once, in bytes.
const PIECE: usize = 16 * 1024;

/// Copies in both directions until both have ended. The connection is closed on return, and the
/// two bodies with it.
pub async fn splice<I, B>(upgraded: I, from_peer: B, to_peer: BodySender) -> Result<(), BoxError>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send,
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let (read, write) = tokio::io::split(TokioIo::new(upgraded));
    let mut outbound = pin!(to_body(read, to_peer));
    let mut inbound = pin!(from_body(from_peer, write));
    tokio::select! {
        ended = &mut outbound => {
            ended?;
            timeout(GRACE, inbound).await.unwrap_or(Ok(()))
        }
        ended = &mut inbound => {
            ended?;
            timeout(GRACE, outbound).await.unwrap_or(Ok(()))
        }
    }
}

async fn to_body(mut read: impl AsyncRead + Unpin, to_peer: BodySender) -> Result<(), BoxError> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(PIECE);
        let count = tokio::select! {
            count = read.read_buf(&mut buffer) => count?,
            () = to_peer.closed() => return Err(Closed.into()),
        };
        if count == 0 {
            to_peer.finish();
            return Ok(());
        }
        to_peer.send(buffer.split().freeze()).await?;
    }
}

async fn from_body<B>(from_peer: B, mut write: impl AsyncWrite + Unpin) -> Result<(), BoxError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut from_peer = pin!(from_peer);
    while let Some(frame) = from_peer.frame().await {
        if let Ok(bytes) = frame.map_err(Into::into)?.into_data() {
            write.write_all(&bytes).await?;
            write.flush().await?;
        }
    }
    write.shutdown().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;
    use crate::{Body, CutOff, channel};

    fn spliced() -> (tokio::io::DuplexStream, BodySender, Body, tokio::task::JoinHandle<bool>) {
        let (browser, ours) = duplex(1024);
        let (to_browser, from_peer) = channel();
        let (to_peer, from_browser) = channel();
        let ended =
            tokio::spawn(
                async move { splice(TokioIo::new(ours), from_peer, to_peer).await.is_ok() },
            );
        (browser, to_browser, from_browser, ended)
    }

    // covers: RL-1
    #[tokio::test]
    async fn bytes_pass_both_ways_and_both_ends_close() {
        let (mut browser, to_browser, from_browser, ended) = spliced();
        to_browser.send(Bytes::from_static(b"hello")).await.unwrap();
        let mut heard = [0; 5];
        browser.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
        browser.write_all(b"world").await.unwrap();
        browser.shutdown().await.unwrap();
        assert_eq!(from_browser.collect().await.unwrap().to_bytes(), "world");
        to_browser.finish();
        assert!(ended.await.unwrap());
    }

    // covers: RL-7
    #[tokio::test]
    async fn a_peer_that_breaks_off_closes_the_browser() {
        let (mut browser, to_browser, from_browser, ended) = spliced();
        drop(to_browser);
        let mut rest = Vec::new();
        browser.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty());
        assert!(from_browser.collect().await.unwrap_err().is::<CutOff>());
        assert!(!ended.await.unwrap());
    }

    #[tokio::test]
    async fn a_peer_that_stops_reading_closes_the_browser() {
        let (mut browser, _to_browser, from_browser, ended) = spliced();
        drop(from_browser);
        assert_eq!(browser.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(!ended.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_browser_that_never_closes_is_closed_after_the_grace() {
        let (mut browser, to_browser, _from_browser, ended) = spliced();
        to_browser.finish();
        assert_eq!(browser.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(ended.await.unwrap());
    }
}
