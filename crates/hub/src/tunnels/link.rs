//! The one route that a key reaches before it is linked (LK-1). The agent shows the code that a
//! person gave it and then waits here, question after question, for that person's decision.

mod visit;

use std::{net::IpAddr, sync::Arc, time::Duration};

use backplane::Event;
use bytes::Bytes;
use credentials::LinkCode;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use store::{ClaimResult, LinkOffer, LinkState};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::broadcast::{Receiver, error::RecvError},
    time::{sleep, timeout},
};
use tunnel::{Limits, PublicKey};
use wire::{LinkAnswer, LinkRefusal, LinkRequest};

use visit::Visit;

use super::Error;
use crate::{
    choices::choices,
    state::{Shared, State},
};

/// How long a question is held while the person decides.
const HOLD: Duration = Duration::from_secs(25);

/// The pause after news that were missed, because there were too many.
const AFTER_LAG: Duration = Duration::from_secs(1);

/// The longest such connection: a code is good for 10 minutes.
const LIFETIME: Duration = Duration::from_mins(15);

/// The longest question, in bytes, and how long it may take to arrive.
const MAX_QUESTION: usize = 4 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves a connection of a key that isn't linked.
pub(super) async fn serve<Io>(
    shared: &Shared,
    io: Io,
    key: PublicKey,
    address: IpAddr,
) -> Result<(), Error>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let place = shared.tunnels.links.take(address).ok_or(Error::TooMany)?;
    let visit = Arc::new(Visit::new(Arc::clone(shared), key, address, place));
    let guest = Arc::clone(&visit);
    let handler = move |request| {
        let guest = Arc::clone(&guest);
        async move { route(&guest, request).await }
    };
    let connection = tunnel::serve_with(io, Limits::LINK, handler, visit.closing());
    tokio::select! {
        end = timeout(LIFETIME, connection) => Ok(end.map_err(|_| Error::Slow)??),
        () = visit.without_code() => Err(Error::Slow),
        () = visit.lost_place() => Err(Error::TooMany),
    }
}

async fn route<B>(visit: &Visit, request: Request<B>) -> Response<Full<Bytes>>
where
    B: http_body::Body<Data = Bytes, Error = tunnel::Error> + Unpin,
{
    if request.method() != Method::POST || request.uri().path() != wire::LINK_PATH {
        return plain(StatusCode::NOT_FOUND);
    }
    let Some(question) = read(request.into_body()).await else {
        return plain(StatusCode::BAD_REQUEST);
    };
    match visit.answer(&question).await {
        Ok(answer) => json(&answer),
        Err(error) => {
            tracing::error!(%error, "an agent couldn't be linked");
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

async fn read<B>(body: B) -> Option<LinkRequest>
where
    B: http_body::Body<Data = Bytes, Error = tunnel::Error> + Unpin,
{
    let body = timeout(PATIENCE, Limited::new(body, MAX_QUESTION).collect()).await.ok()?.ok()?;
    serde_json::from_slice(&body.to_bytes()).ok()
}

/// What came of showing a code.
enum Shown {
    /// The code with this public id is right, and a person has to decide.
    Claimed(String),
    /// This is known already.
    Answered(LinkAnswer),
    /// No such code, or none that is good any more.
    Wrong,
}

async fn show(
    state: &State,
    key: &PublicKey,
    question: &LinkRequest,
) -> Result<Shown, store::Error> {
    let Ok(code) = question.code.parse::<LinkCode>() else {
        return Ok(Shown::Wrong);
    };
    let linked = state.store.agent_by_key(key.as_spki()).await?;
    if linked.is_some_and(|agent| agent.revoked.is_none()) {
        let offer = claimed_offer(state, key, &code).await?;
        let by_this_code = offer.filter(|offer| offer.state == LinkState::Linked);
        return Ok(Shown::Answered(match by_this_code {
            Some(offer) => linked_by(state, &offer).await?,
            None => refused(LinkRefusal::AlreadyLinked),
        }));
    }
    Ok(match claim(state, key, &code, question).await? {
        ClaimResult::Wrong => Shown::Wrong,
        ClaimResult::Gone => match claimed_offer(state, key, &code).await?.map(|it| it.state) {
            Some(LinkState::Declined) => Shown::Answered(refused(LinkRefusal::Declined)),
            _ => Shown::Wrong,
        },
        ClaimResult::Claimed | ClaimResult::AlreadyYours => Shown::Claimed(code.id().to_owned()),
    })
}

async fn claim(
    state: &State,
    key: &PublicKey,
    code: &LinkCode,
    question: &LinkRequest,
) -> Result<ClaimResult, store::Error> {
    let (digest, choices) = (code.digest(), choices(key, state.random.as_ref()));
    let (id, spki, now) = (code.id(), key.as_spki(), state.clock.now());
    let claim =
        state.store.claim_link_offer(id, &digest, spki, &question.name, &choices, now).await?;
    if matches!(claim, ClaimResult::Claimed | ClaimResult::Wrong) {
        state.backplane.publish(Event::LinkChanged(id.to_owned()));
    }
    Ok(claim)
}

/// The offer that this very key claimed with this very code.
async fn claimed_offer(
    state: &State,
    key: &PublicKey,
    code: &LinkCode,
) -> Result<Option<LinkOffer>, store::Error> {
    let offer = state.store.link_offer(code.id()).await?;
    Ok(offer.filter(|offer| {
        offer.code == code.digest() && offer.agent_key.as_deref() == Some(key.as_spki())
    }))
}

/// Says that the key is linked, and in whose place.
async fn linked_by(state: &State, offer: &LinkOffer) -> Result<LinkAnswer, store::Error> {
    let replaces = match offer.replaces {
        Some(agent) => state.store.agent(agent).await?.map(|agent| agent.name),
        None => None,
    };
    Ok(LinkAnswer::Linked { replaces })
}

/// Waits a while for the person's decision.
async fn decision(
    state: &State,
    id: &str,
    events: &mut Receiver<Event>,
) -> Result<LinkAnswer, store::Error> {
    let decided = async {
        loop {
            if let Some(answer) = decided(state, id).await? {
                return Ok(answer);
            }
            news_of(id, events).await;
        }
    };
    timeout(HOLD, decided).await.unwrap_or(Ok(LinkAnswer::Waiting))
}

async fn decided(state: &State, id: &str) -> Result<Option<LinkAnswer>, store::Error> {
    let Some(offer) = state.store.link_offer(id).await? else {
        return Ok(Some(refused(LinkRefusal::Code)));
    };
    Ok(match offer.state {
        _ if offer.state == LinkState::Linked => Some(linked_by(state, &offer).await?),
        _ if offer.expires <= state.clock.now() => Some(refused(LinkRefusal::Code)),
        LinkState::Claimed => None,
        LinkState::Declined => Some(refused(LinkRefusal::Declined)),
        _ => Some(refused(LinkRefusal::Code)),
    })
}

async fn news_of(id: &str, events: &mut Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(Event::LinkChanged(changed)) if changed == id => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return sleep(AFTER_LAG).await,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

const fn refused(reason: LinkRefusal) -> LinkAnswer {
    LinkAnswer::Refused { reason }
}

fn json(answer: &LinkAnswer) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec(answer).unwrap_or_default();
    Response::new(Full::new(body.into()))
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
