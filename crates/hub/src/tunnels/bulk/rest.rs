//! Fetching the rest of a large answer, which the agent holds back.

use std::time::Duration;

use bytes::Bytes;
use credentials::Ticket;
use http::{Request, StatusCode};
use http_body_util::Empty;
use printer::{AccountId, Random};
use tokio::time::timeout;
use tunnel::{Body, Rider};

use super::{Error, LiveTunnel, Way};

/// How long the agent may take to begin, a free stream included.
const PATIENCE: Duration = Duration::from_secs(15);

impl LiveTunnel {
    /// Fetches the rest with this token, for a person with a stream of their share. The agent gives
    /// it away once, so asking again over the first connection repeats nothing.
    ///
    /// # Errors
    /// It isn't there any more, or the agent isn't.
    pub(crate) async fn fetch(
        &self,
        (account, stream): (AccountId, Rider),
        token: &Ticket,
        random: &dyn Random,
    ) -> Result<Body, Error> {
        let way = self.way(Some(account), stream.clone(), random).await;
        let is_second = !way.tunnel.is(&self.tunnel);
        match rest(way, token).await {
            Err(error) if is_second => {
                tracing::debug!(%error, "the rest of an answer doesn't come over the second way");
                rest(Way { tunnel: self.tunnel.clone(), rider: stream }, token).await
            }
            fetched => fetched,
        }
    }
}

async fn rest(way: Way, token: &Ticket) -> Result<Body, Error> {
    let (place, token) = (wire::HELD_PATH, token.encode());
    let request = Request::get(format!("http://{}{place}{token}", wire::AGENT_AUTHORITY))
        .extension(way.rider)
        .body(Empty::<Bytes>::new())
        .map_err(|_| Error::Nonsense("our own request"))?;
    let answer = timeout(PATIENCE, way.tunnel.send(request)).await.map_err(|_| Error::Slow)??;
    if answer.status() != StatusCode::OK {
        return Err(Error::Nonsense("it doesn't hold the rest of an answer"));
    }
    Ok(answer.into_body())
}
