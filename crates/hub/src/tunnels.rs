//! The connections of agents, from the moment when their TLS handshake has proven a key. The key
//! is judged before anything else is said: a linked agent's becomes a tunnel, one that was
//! unlinked or never linked is told so and hung up on, and one that wants to be linked reaches a
//! single route (RL-6).

mod bulk;
mod connection;
mod error;
mod greeting;
mod handshake;
mod lines;
mod link;
mod link_caps;
mod live;
mod reports;
mod rivals;
mod share;
mod successor;
mod ticks;
mod unproven;
mod unread;
mod websocket;

use std::net::SocketAddr;

use edge::Stop;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::server::TlsStream;
use tunnel::{ALPN_BULK, ALPN_LINK, ALPN_TUNNEL};

use error::Error;

pub(crate) use bulk::Way;
pub(crate) use live::{LiveTunnel, Tunnels};
pub(crate) use websocket::answer as answer_websocket;

use crate::state::Shared;

/// A connection whose TLS handshake chose one of the tunnel's protocols. Ends with the connection,
/// which says goodbye once the hub stops and no visitor needs it any more.
pub(crate) async fn accept<Io>(
    shared: Shared,
    alpn: &'static [u8],
    stream: TlsStream<Io>,
    peer: SocketAddr,
) where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let parting = shared.tunnels.parting().clone();
    Box::pin(serve(shared, alpn, stream, peer, parting)).await;
}

async fn serve<Io>(
    shared: Shared,
    alpn: &'static [u8],
    stream: TlsStream<Io>,
    peer: SocketAddr,
    parting: Stop,
) where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let Some(key) = tunnel::peer_key(stream.get_ref().1) else { return };
    let agent = key.fingerprint();
    let end = match alpn {
        ALPN_TUNNEL => connection::serve(&shared, stream, &key, peer.ip(), parting).await,
        ALPN_BULK => bulk::serve(&shared, stream, &key).await,
        ALPN_LINK => {
            let linking = link::serve(&shared, stream, key, peer.ip());
            parting.emptied.run_until_cancelled(linking).await.unwrap_or(Ok(()))
        }
        _ => return,
    };
    match end {
        end if alpn == ALPN_BULK => {
            tracing::debug!(%agent, %peer, ?end, "a second connection ended");
        }
        // Anyone can make a key and come with it: what strangers do is not for the operator's log.
        Err(error) if alpn == ALPN_LINK || error.is_of_stranger() => {
            tracing::debug!(%agent, %peer, %error, "a stranger's connection ended");
        }
        Ok(()) if alpn == ALPN_LINK => {
            tracing::debug!(%agent, %peer, "a stranger's connection ended");
        }
        Ok(()) => tracing::info!(%agent, %peer, "an agent's connection ended"),
        Err(error) => tracing::info!(%agent, %peer, %error, "an agent's connection ended"),
    }
}

/// The other end of an in-memory connection of an agent in the same process; the agent speaks TLS
/// on it as on any other. Ends with the connection: the process ends both of its halves in order.
pub(crate) async fn attach<Io>(shared: Shared, io: Io)
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (alpn, stream) = match handshake::handshake(&shared, io, &[ALPN_TUNNEL, ALPN_BULK]).await {
        Ok(proven) => proven,
        Err(error) => return tracing::warn!(%error, "the agent in this process can't connect"),
    };
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    Box::pin(serve(shared, alpn, stream, nowhere, Stop::default())).await;
}
