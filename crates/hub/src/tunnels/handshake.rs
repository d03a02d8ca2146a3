//! The tunnel's own TLS on connections that the edge hasn't encrypted for it: in memory, and
//! inside a WebSocket. It is the same as on the hub's port (RL-6): exactly one of the tunnel's
//! protocols is offered, and both keys are proven.

use std::time::Duration;

use rustls::server::Acceptor;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::Error;
use crate::state::State;

/// How long the handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Proves both keys under one of these protocols, and says under which.
pub(super) async fn handshake<Io>(
    state: &State,
    io: Io,
    protocols: &[&'static [u8]],
) -> Result<(&'static [u8], TlsStream<Io>), Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let shaking = shake_hands(state, io, protocols);
    timeout(PATIENCE, shaking).await.map_err(|_| Error::Slow)?
}

async fn shake_hands<Io>(
    state: &State,
    io: Io,
    protocols: &[&'static [u8]],
) -> Result<(&'static [u8], TlsStream<Io>), Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let start = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
    let hello = start.client_hello();
    let offered: Vec<&[u8]> = hello.alpn().into_iter().flatten().collect();
    let wanted = protocols.iter().find(|protocol| offered == [**protocol]);
    let protocol = *wanted.ok_or(Error::Nonsense("no protocol of the tunnel, or several"))?;
    let config = tunnel::server_config(&state.identity, protocol)?;
    Ok((protocol, start.into_stream(config).await?))
}
