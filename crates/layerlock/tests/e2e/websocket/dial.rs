//! A visitor who opens a WebSocket, says what a vector says, and listens until the end.

use std::{fmt, net::SocketAddr};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use h2::{RecvStream, SendStream, ext::Protocol as Extended};
use http::{Method, Request};
use testkit::{
    client::{PrinterOrigin, Protocol},
    wait,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::vectors::{Vector, from_printers};
use crate::house::SOON;

/// A path at which every level may open a socket.
const PATH: &str = "/websocket";
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Where the visitor comes in.
pub(super) enum Entry<'a> {
    Direct(SocketAddr),
    Through(&'a PrinterOrigin<'a>, Protocol),
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(_) => f.write_str("directly"),
            Self::Through(_, protocol) => write!(f, "through the relay over {protocol:?}"),
        }
    }
}

/// Every byte that comes back, from the end of the handshake to the end of the socket.
pub(super) async fn observe(entry: &Entry<'_>, vector: &Vector) -> Result<Vec<u8>> {
    let observed = async {
        match entry {
            Entry::Direct(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                over_http1(stream, &address.to_string(), "", vector).await
            }
            Entry::Through(origin, Protocol::Http1) => {
                let stream = origin.connect(Protocol::Http1).await?;
                let lines =
                    format!("Origin: {}\r\nCookie: {}\r\n", origin.url(), origin.cookies()?);
                over_http1(stream, origin.host(), &lines, vector).await
            }
            Entry::Through(origin, Protocol::Http2) => over_http2(origin, vector).await,
        }
    };
    timeout(SOON, observed).await.with_context(|| format!("{} has no end", vector.name))?
}

/// Which of the printers' vectors it is.
fn to_recite(vector: &Vector) -> Option<String> {
    let number = from_printers().iter().position(|one| one.printer == vector.printer)?;
    (!vector.printer.is_empty()).then(|| number.to_string())
}

async fn over_http1<S>(mut stream: S, host: &str, lines: &str, vector: &Vector) -> Result<Vec<u8>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let say = to_recite(vector).map(|number| format!("X-Say: {number}\r\n")).unwrap_or_default();
    let handshake = format!(
        "GET {PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{lines}{say}\r\n"
    );
    stream.write_all(handshake.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await?);
    }
    ensure!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    let (mut read, mut write) = tokio::io::split(stream);
    let speak = async {
        for piece in &vector.visitor {
            if write.write_all(piece).await.is_err() || write.flush().await.is_err() {
                break;
            }
        }
    };
    let listen = async {
        let mut heard = Vec::new();
        // A socket that breaks off has ended, too.
        let _ = read.read_to_end(&mut heard).await;
        heard
    };
    let ((), heard) = tokio::join!(speak, listen);
    Ok(heard)
}

async fn over_http2(origin: &PrinterOrigin<'_>, vector: &Vector) -> Result<Vec<u8>> {
    let stream = origin.connect(Protocol::Http2).await?;
    let (client, connection) = h2::client::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    wait::until("WebSockets over HTTP/2", SOON, || {
        std::future::ready(client.is_extended_connect_protocol_enabled().then_some(()))
    })
    .await?;
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("{}{PATH}", origin.url()))
        .extension(Extended::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .header("origin", origin.url())
        .header("cookie", origin.cookies()?);
    if let Some(number) = to_recite(vector) {
        request = request.header("x-say", number);
    }
    let mut client = client.ready().await?;
    let (answer, send) = client.send_request(request.body(())?, false)?;
    let answer = answer.await?;
    ensure!(answer.status() == 200, "{answer:?}");
    let (_open, heard) = tokio::join!(speak(send, vector), listen(answer.into_body()));
    connection.abort();
    Ok(heard)
}

/// The stream stays open from this side until what it returns is dropped.
async fn speak(mut send: SendStream<Bytes>, vector: &Vector) -> Option<SendStream<Bytes>> {
    for piece in &vector.visitor {
        let mut rest = Bytes::from(piece.clone());
        while !rest.is_empty() {
            send.reserve_capacity(rest.len());
            let capacity = std::future::poll_fn(|cx| send.poll_capacity(cx)).await?.ok()?;
            send.send_data(rest.split_to(capacity.min(rest.len())), false).ok()?;
        }
    }
    Some(send)
}

async fn listen(mut body: RecvStream) -> Vec<u8> {
    let mut heard = Vec::new();
    while let Some(Ok(piece)) = body.data().await {
        let _ = body.flow_control().release_capacity(piece.len());
        heard.extend_from_slice(&piece);
    }
    heard
}
