//! A tunnel inside a WebSocket (RFC 6455), for hubs behind a proxy that ends TLS and understands
//! nothing but HTTP. The tunnel's own TLS runs inside, so both keys are proven end to end as ever,
//! and all that such a proxy can do is to cut or to delay. What it sees are binary messages.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use futures_util::{Sink as _, Stream as _};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        protocol::{Role, WebSocketConfig},
    },
};

/// Where a hub takes in tunnels as WebSockets. It is of no use to browsers.
pub const WEBSOCKET_PATH: &str = "/.layerlock/tunnel";

/// The pause between two pings of the agent. Proxies hang up on whoever is quiet, some after a few
/// seconds; the pings of HTTP/2 inside come too seldom for them.
const PING: Duration = Duration::from_secs(1);

/// The longest message that is read, in bytes; what is written is much shorter.
const MAX_MESSAGE: usize = 128 * 1024;

/// The most that is written as one message, in bytes: four records of the TLS inside.
const MAX_WRITE: usize = 64 * 1024;

/// A WebSocket as a stream of bytes.
#[derive(Debug)]
pub struct WebSocketIo<T> {
    socket: WebSocketStream<T>,
    unread: Bytes,
    ping: Option<Interval>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocketIo<T> {
    /// The agent's end: asks for the upgrade on a connection to `authority` (host and port, as in
    /// a URL), and sends pings from then on. The caller bounds the time.
    ///
    /// # Errors
    /// What answers there is no hub that takes tunnels.
    pub async fn dial(io: T, authority: &str) -> io::Result<Self> {
        let url = format!("wss://{authority}{WEBSOCKET_PATH}");
        let request = url.into_client_request().map_err(io::Error::other)?;
        let opening = client_async_with_config(request, io, Some(settings()));
        let (socket, _) = opening.await.map_err(failed)?;
        let mut ping = interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { socket, unread: Bytes::new(), ping: Some(ping) })
    }

    /// The hub's end, once HTTP has become a WebSocket.
    pub async fn accept(io: T) -> Self {
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(settings())).await;
        Self { socket, unread: Bytes::new(), ping: None }
    }

    fn socket(&mut self) -> Pin<&mut WebSocketStream<T>> {
        Pin::new(&mut self.socket)
    }

    /// Sends a ping when it is time for one.
    fn poll_ping(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.ping.as_mut().is_some_and(|ping| ping.poll_tick(cx).is_ready()) {
            if self.socket().poll_ready(cx).map_err(failed)?.is_ready() {
                self.socket().start_send(Message::Ping(Bytes::new())).map_err(failed)?;
                let _ = self.socket().poll_flush(cx).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The next message with bytes in it; `None` at the end.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        loop {
            match ready!(self.socket().poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) if bytes.is_empty() => {}
                Some(Ok(Message::Binary(bytes))) => return Poll::Ready(Ok(Some(bytes))),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(None)),
                Some(Ok(Message::Text(_) | Message::Frame(_))) => {
                    return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
                }
                Some(Err(error)) => return Poll::Ready(Err(failed(error))),
            }
        }
    }
}

fn settings() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
        .write_buffer_size(0)
}

fn failed(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::BrokenPipe.into(),
        other => io::Error::other(other),
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocketIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_ping(cx)?;
        if self.unread.is_empty() {
            let Some(bytes) = ready!(self.poll_message(cx))? else { return Poll::Ready(Ok(())) };
            self.unread = bytes;
        }
        let size = self.unread.len().min(buffer.remaining());
        buffer.put_slice(&self.unread.split_to(size));
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocketIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.socket().poll_ready(cx)).map_err(failed)?;
        let size = bytes.len().min(MAX_WRITE);
        let message = Bytes::copy_from_slice(bytes.take(size).chunk());
        self.socket().start_send(Message::Binary(message)).map_err(failed)?;
        Poll::Ready(Ok(size))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_flush(cx).map_err(failed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_close(cx).map_err(failed)
    }
}
