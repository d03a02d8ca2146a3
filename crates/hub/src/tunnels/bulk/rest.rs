//! Saying which way a large answer goes on, which waits at the agent behind its first part.

use std::time::Duration;

use bytes::Bytes;
use credentials::Ticket;
use forward::STANDSTILL;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Empty;
use printer::{AccountId, Random};
use tokio::time::timeout;
use tunnel::{Body, Failed, Priority, Rider};

use super::{Error, LiveTunnel, Way};

/// How long the second connection may take to bring the rest, before the answer is to go on where it
/// is.
const PATIENCE: Duration = Duration::from_secs(4);

impl LiveTunnel {
    /// The rest of the answer with this token, for a person with a stream of their share, if it
    /// comes over the second connection. Without one, the answer goes on where it is: the agent
    /// gives a rest away once or sends it there, never both.
    ///
    /// # Errors
    /// The rest was given away and didn't arrive, or nothing was heard from the agent.
    pub(crate) async fn go_on(
        &self,
        (account, stream): (AccountId, Rider),
        token: &Ticket,
        random: &dyn Random,
    ) -> Result<Option<Body>, Error> {
        let way = self.way(Some(account), stream.clone(), random).await;
        let second = Some(way).filter(|way| way.first.is_some());
        let mut taking = Box::pin(take(second, token));
        let outcome = match timeout(PATIENCE, &mut taking).await {
            Ok(Ok(Some(rest))) => return Ok(Some(rest)),
            outcome => outcome.ok(),
        };
        let stays = timeout(STANDSTILL, self.stay(stream, token)).await;
        let stays = stays.unwrap_or(Err(Error::Slow));
        if matches!(stays, Ok(true)) {
            return Ok(None);
        }
        let outcome = match outcome {
            Some(outcome) => outcome,
            // It was given away, so it is on its way.
            None => timeout(STANDSTILL, taking).await.unwrap_or(Err(Error::Slow)),
        };
        match (outcome, stays) {
            // Nobody has it. A connection that ends says itself whether the answer is whole.
            (Ok(None), Ok(_) | Err(Error::Tunnel(tunnel::Error::Closed))) => Ok(None),
            (Ok(None), Err(error)) => Err(error),
            (outcome, _) => outcome,
        }
    }

    /// Lets an answer go on where it is. False if it can't, because its rest was given away.
    async fn stay(&self, stream: Rider, token: &Ticket) -> Result<bool, Error> {
        // These are the hub's own requests, which may have the streams that are kept for it. A few
        // at a time leave the others to emergency stops.
        let _turn = self.bulk.words.acquire().await;
        let request = request(Method::DELETE, token, stream)?;
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(Priority::Control);
        let answer = self.tunnel.send(Request::from_parts(parts, body)).await?;
        Ok(answer.status() == StatusCode::NO_CONTENT)
    }
}

/// The rest; none if nobody was asked for it, or the agent hasn't given it away.
async fn take(second: Option<Way>, token: &Ticket) -> Result<Option<Body>, Error> {
    let Some(way) = second else { return Ok(None) };
    let request = request(Method::GET, token, way.rider)?;
    match way.tunnel.try_send(request).await {
        Ok(answer) => Ok(Some(answer).filter(is_there).map(Response::into_body)),
        Err(Failed { unsent: Some(_), .. }) => Ok(None),
        Err(Failed { error, .. }) => Err(error.into()),
    }
}

fn is_there(answer: &Response<Body>) -> bool {
    answer.status() == StatusCode::OK
}

fn request(method: Method, token: &Ticket, rider: Rider) -> Result<Request<Empty<Bytes>>, Error> {
    let (place, token) = (wire::HELD_PATH, token.encode());
    Request::builder()
        .method(method)
        .uri(format!("http://{}{place}{token}", wire::AGENT_AUTHORITY))
        .extension(rider)
        .body(Empty::new())
        .map_err(|_| Error::Nonsense("our own request"))
}
