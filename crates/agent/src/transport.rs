//! The way to the hub: TLS straight to it, or the same TLS inside a WebSocket where a proxy stands
//! before the hub. Which one it is makes no difference to what is proven: the hub's key, in either
//! case inside the tunnel's own TLS.

use std::{fmt, io, str::FromStr};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;
use tunnel::{Fingerprint, Identity, PublicKey, WebSocketIo};

use crate::{Error, hub::server_name};

/// How an agent reaches its hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Directly; inside a WebSocket where something else than a hub answers.
    #[default]
    Auto,
    /// Directly or not at all.
    Direct,
    /// Inside a WebSocket.
    WebSocket,
}

/// A text that is no [`Transport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write auto, direct or web-socket")]
pub struct InvalidTransport;

/// An encrypted connection to the hub.
pub(crate) type Connection<I> = Either<TlsStream<I>, TlsStream<WebSocketIo<TlsStream<I>>>>;

/// The key that the hub has proven.
pub(crate) fn proven_key<I>(connection: &Connection<I>) -> Option<PublicKey> {
    match connection {
        Either::Left(direct) => tunnel::peer_key(direct.get_ref().1),
        Either::Right(inside) => tunnel::peer_key(inside.get_ref().1),
    }
}

/// Everything that connecting takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) identity: &'a Identity,
    /// The keys of which the hub must prove one.
    pub(crate) hub: &'a [Fingerprint],
    /// Host and port.
    pub(crate) authority: &'a str,
    pub(crate) transport: Transport,
}

impl Way<'_> {
    /// Dials, and proves both keys under one of the tunnel's protocols. The caller bounds the time.
    pub(crate) async fn connect<D, F, I>(
        &self,
        dial: &D,
        alpn: &'static [u8],
    ) -> Result<Connection<I>, Error>
    where
        D: Fn() -> F,
        F: Future<Output = io::Result<I>>,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        if self.transport != Transport::WebSocket {
            match self.direct(dial, alpn).await {
                Ok(stream) => return Ok(Either::Left(stream)),
                Err(Failed::NoHub(error)) if self.transport == Transport::Auto => {
                    tracing::debug!(%error, "no hub answers directly; trying a WebSocket");
                }
                Err(failed) => return Err(self.explain(failed)),
            }
        }
        let inside = self.inside_websocket(dial, alpn).await;
        inside.map(Either::Right).map_err(|failed| self.explain(failed))
    }

    async fn direct<D, F, I>(&self, dial: &D, alpn: &'static [u8]) -> Result<TlsStream<I>, Failed>
    where
        D: Fn() -> F,
        F: Future<Output = io::Result<I>>,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.prove(dial().await?, alpn).await
    }

    async fn inside_websocket<D, F, I>(
        &self,
        dial: &D,
        alpn: &'static [u8],
    ) -> Result<TlsStream<WebSocketIo<TlsStream<I>>>, Failed>
    where
        D: Fn() -> F,
        F: Future<Output = io::Result<I>>,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let around = TlsConnector::from(tunnel::unproven_client_config()?);
        let outer = around.connect(server_name(self.host()), dial().await?).await?;
        let socket = WebSocketIo::dial(outer, self.authority).await.map_err(no_hub)?;
        self.prove(socket, alpn).await
    }

    /// The tunnel's own handshake, on whatever carries it.
    async fn prove<I>(&self, io: I, alpn: &'static [u8]) -> Result<TlsStream<I>, Failed>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let config = tunnel::client_config_for(self.identity, self.hub.to_vec(), alpn)?;
        let connector = TlsConnector::from(config);
        connector.connect(server_name(self.host()), io).await.map_err(Failed::of)
    }

    /// The host, without its port.
    fn host(&self) -> &str {
        let (host, port) = self.authority.rsplit_once(':').unwrap_or((self.authority, ""));
        if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { self.authority }
    }

    fn explain(&self, failed: Failed) -> Error {
        let hub = self.authority.to_owned();
        match failed {
            Failed::WrongKey => Error::WrongHubKey { hub },
            Failed::Tunnel(error) => error.into(),
            Failed::Io(error) => Error::HubUnreachable { hub, reason: error.to_string() },
            Failed::NoHub(error) => {
                let reason = format!("what answers there is no Layerlock hub ({error})");
                Error::HubUnreachable { hub, reason }
            }
        }
    }
}

/// Why a connection didn't come to be.
enum Failed {
    /// Nobody answers, or the connection broke off.
    Io(io::Error),
    /// Somebody answers who speaks something else.
    NoHub(io::Error),
    /// Somebody answers who can't prove the hub's key.
    WrongKey,
    Tunnel(tunnel::Error),
}

impl Failed {
    /// What a failed handshake means.
    fn of(error: io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls {
            Some(rustls::Error::InvalidCertificate(_)) => Self::WrongKey,
            Some(_) => Self::NoHub(error),
            None => Self::Io(error),
        }
    }
}

fn no_hub(error: io::Error) -> Failed {
    Failed::NoHub(error)
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<tunnel::Error> for Failed {
    fn from(error: tunnel::Error) -> Self {
        Self::Tunnel(error)
    }
}

impl FromStr for Transport {
    type Err = InvalidTransport;

    fn from_str(text: &str) -> Result<Self, InvalidTransport> {
        let all = [Self::Auto, Self::Direct, Self::WebSocket];
        all.into_iter().find(|one| one.to_string() == text).ok_or(InvalidTransport)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Direct => "direct",
            Self::WebSocket => "web-socket",
        })
    }
}
