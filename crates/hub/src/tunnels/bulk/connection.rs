//! A second connection, from its handshake to its end. A key alone opens none: an agent with this
//! key has to be connected, it has to have been asked, and what comes has to show the token that
//! only that agent was told.

use std::time::Duration;

use bytes::Bytes;
use credentials::Ticket;
use http::Method;
use http_body_util::{BodyExt, Empty, Limited};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::sleep,
};
use tunnel::{Limits, PublicKey, Tunnel};

use super::{Bulk, Error, to_agent};
use crate::{state::State, tunnels::LiveTunnel};

/// How often it is looked whether the connection is idle.
const LOOK: Duration = Duration::from_secs(5);

/// Longer than any token, in bytes.
const MAX: usize = 128;

/// The connection's place, given back at its end.
struct Place<'a>(&'a Bulk, &'a Tunnel);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

/// Serves a second connection of the agent with this key. It ends with the first one.
pub(in crate::tunnels) async fn serve<Io>(
    state: &State,
    io: Io,
    key: &PublicKey,
) -> Result<(), Error>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let live = state.tunnels.by_key(key.as_spki()).ok_or(Error::Unasked)?;
    let candidate = live.bulk.candidate().ok_or(Error::Unasked)?;
    let unread = live.tunnel.allowance().clone();
    let opening = async { Ok(Tunnel::open_within(io, Limits::BULK, unread).await?) };
    let (tunnel, mut driver) = candidate.does(opening).await?;
    let used = async {
        let shown = candidate.does(ask_for_token(&tunnel)).await?;
        drop(candidate);
        stay(&live, &tunnel, &shown).await
    };
    let end = tokio::select! {
        end = &mut driver => return Ok(end?),
        end = used => end,
        () = live.tunnel.ending() => Ok(()),
    };
    tunnel.close();
    driver.await?;
    end
}

async fn ask_for_token(tunnel: &Tunnel) -> Result<Ticket, Error> {
    let request = to_agent(Method::GET, wire::BULK_PATH, Empty::<Bytes>::new())?;
    let body = tunnel.send(request).await?.into_body();
    let text = Limited::new(body, MAX).collect().await.map_err(|_| Error::Unasked)?.to_bytes();
    std::str::from_utf8(&text).ok().and_then(Ticket::parse).ok_or(Error::Unasked)
}

/// The connection is used for as long as this runs.
async fn stay(live: &LiveTunnel, tunnel: &Tunnel, shown: &Ticket) -> Result<(), Error> {
    if !live.bulk.enter(shown.digest(), tunnel.clone()) {
        return Err(Error::Unasked);
    }
    let _place = Place(&live.bulk, tunnel);
    while !live.bulk.retires(tunnel) {
        sleep(LOOK).await;
    }
    Ok(())
}
