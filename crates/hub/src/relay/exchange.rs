//! One request through the tunnel and its answer back, both streamed. Whatever ends first ends
//! the other: a visitor who leaves cancels the request at the agent, and a session that ends cuts
//! the answer off.

mod pin;
mod whole;

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use forward::{Leased, Progress, STANDSTILL};
use futures_util::future::Either;
use http::{
    HeaderMap, Method, Request, Response, Version,
    header::{CONTENT_LENGTH, SET_COOKIE},
    request::Parts,
};
use tunnel::{Priority, Rider};
use wire::Relayed;

use self::{
    pin::{PIN, PinCookie},
    whole::Whole,
};
use super::{
    admission::Admitted, answer, cookies::Jar, hold::Hold, path::LocalPath, request::towards_agent,
    site::PrinterOrigin, urgent::Urgency,
};
use crate::{
    metrics::Direction,
    pages::{Notice, ago},
    tunnels::{LiveTunnel, Way},
};

/// An agent that was seen so long ago may have been connected when the hub stopped: that it is
/// there is written down every five minutes.
const WAS_HERE: Duration = Duration::from_mins(6);

/// A request that may go to the agent, and what it hangs on.
pub(super) struct Exchange {
    pub(super) admitted: Admitted,
    live: LiveTunnel,
    who: Relayed,
    /// When the request came, on the hub's own clock.
    came: Duration,
    jar: Jar,
    pin: PinCookie,
    /// One stream of the person's share, which the request takes along.
    stream: Rider,
    priority: Priority,
    progress: Progress,
}

impl Exchange {
    /// Finds the tunnel, and takes one stream of the person's share of it.
    pub(super) async fn prepare(
        mut admitted: Admitted,
        origin: &PrinterOrigin,
        client: std::net::IpAddr,
        urgency: Urgency,
    ) -> Result<Self, Notice> {
        let state = admitted.hold.state().clone();
        let came = state.clock.monotonic();
        let Some(live) = tunnel_of(&admitted).await? else {
            return Err(agent_offline(&admitted).await?);
        };
        let account = admitted.hold.account();
        let (taken, priority) = match urgency {
            Urgency::Ordinary => (Either::Left(live.share.take(account)), Priority::Visitor),
            Urgency::Stop => (Either::Right(live.share.take_for_stop(account)), Priority::Control),
        };
        let stream = tokio::select! {
            biased;
            () = admitted.hold.ended() => return Err(Notice::signed_out()),
            stream = taken => stream,
        };
        let stream = stream.map_err(|_| Notice::too_many_streams())?;
        let who = Relayed {
            account,
            level: admitted.level,
            lease: admitted.hold.session(),
            host: origin.host(),
            client,
            stamp: None,
            bulk: urgency == Urgency::Ordinary && live.may_have_bulk(),
        };
        let session = admitted.hold.session();
        let jar = Jar::new(state.store.clone(), session, &admitted.printer);
        let (pin, progress) = (PinCookie::of(origin.label()), Progress::new(STANDSTILL));
        Ok(Self { admitted, live, who, came, jar, pin, stream, priority, progress })
    }

    /// Sends a request and waits for the head of its answer, for the end of the session, or until
    /// nothing has moved for too long.
    pub(super) async fn send<B>(
        &mut self,
        mut parts: Parts,
        body: B,
    ) -> Result<Response<tunnel::Body>, Notice>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<tunnel::BoxError>,
    {
        let (pin, wanted) = (self.pin.shown(&parts.headers), wanted(&parts));
        self.jar.open(&mut parts.headers, parts.uri.path()).await?;
        forward::headers::check_size(&parts.headers)
            .map_err(|error| Notice::bad_request("bad-request", error.to_string()))?;
        let invalid = || Notice::bad_request("bad-request", "This address can't be forwarded.");
        if wire::needs_stamp(parts.method.as_str()) {
            let random = self.admitted.hold.state().random.as_ref();
            self.who.stamp = Some(self.live.ticks.stamp(self.came, random));
        }
        let large = is_large(&parts, &body);
        let mut parts =
            towards_agent(parts, self.admitted.printer.at_agent, &self.who).ok_or_else(invalid)?;
        parts.headers.extend(pin.map(|pin| (PIN, pin)));
        parts.extensions.insert(self.priority);
        let way = self.choose(large).await?;
        let progress = Progress::new(STANDSTILL);
        self.progress = progress.clone();
        let metrics = &self.admitted.hold.state().metrics;
        let body = metrics.measure(Direction::ToPrinter, Box::pin(progress.of(body)));
        let request = Request::from_parts(parts, body);
        // To get a stream may have taken its time, and other streams may have ended because the
        // person lost the right that this request needs, too.
        if !self.admitted.hold.lasts().await {
            return Err(Notice::signed_out());
        }
        let answer = tokio::select! {
            answer = way.send(request) => answer,
            () = self.admitted.hold.ended() => return Err(Notice::signed_out()),
            () = progress.stopped() => return Err(too_slow()),
        };
        let answer = answer.map_err(|error| failed(&error))?;
        match answer::agents_word(answer.headers(), &self.admitted.printer, wanted.as_ref()) {
            Some(notice) => Err(notice),
            None => Ok(answer),
        }
    }

    /// The connection for a request.
    async fn choose(&mut self, large: bool) -> Result<Way, Notice> {
        let stream = self.stream.clone();
        let account = self.admitted.hold.account();
        let random = Arc::clone(&self.admitted.hold.state().random);
        tokio::select! {
            biased;
            () = self.admitted.hold.ended() => Err(Notice::signed_out()),
            way = self.live.way(large.then_some(account), stream, random.as_ref()) => Ok(way),
        }
    }

    /// The printer's answer for the visitor, for as long as the session lasts.
    pub(super) async fn finish(mut self, answer: Response<tunnel::Body>) -> Response<Body> {
        let (mut parts, body) = answer.into_parts();
        // It says how the answer came through the tunnel, not how it goes on.
        parts.version = Version::default();
        let body = self.whole(&mut parts.headers, body);
        self.clean(&mut parts.headers).await;
        let metrics = Arc::clone(&self.admitted.hold.state().metrics);
        let mut hold = self.admitted.hold;
        let stop = hold.state().tunnels.parting().asked.clone();
        let has_no_end = answer::has_no_end(&parts.headers);
        let body = Leased::until(body, async move {
            tokio::select! {
                () = hold.ended() => {}
                () = stop.cancelled(), if has_no_end => {}
                () = self.progress.upload_stopped() => tracing::debug!("an upload has stalled"),
            }
        });
        Response::from_parts(parts, Body::new(metrics.measure(Direction::FromPrinter, body)))
    }

    /// The answer's body with its rest, whichever way that comes.
    fn whole(&mut self, headers: &mut HeaderMap, body: tunnel::Body) -> Whole {
        if !self.who.bulk {
            return Whole::here(body);
        }
        let (live, account) = (self.live.clone(), self.admitted.hold.account());
        let random = Arc::clone(&self.admitted.hold.state().random);
        let stream = self.stream.clone();
        Whole::of(headers, body, move |token| async move {
            let rest = live.go_on((account, stream), &token, random.as_ref()).await;
            rest.map_err(Into::into)
        })
    }

    /// Removes from an answer what a printer may not tell a browser, and renames its cookies.
    pub(super) async fn clean(&mut self, headers: &mut HeaderMap) {
        let pin = self.pin.kept(headers);
        answer::clean(headers);
        self.jar.close(headers).await;
        headers.extend(pin.map(|cookie| (SET_COOKIE, cookie)));
    }

    /// What remains when the socket itself takes over.
    pub(super) fn into_hold(self) -> Hold {
        self.admitted.hold
    }
}

/// Whether a request's body belongs on the second connection.
fn is_large(parts: &Parts, body: &impl http_body::Body) -> bool {
    let length =
        parts.headers.get(CONTENT_LENGTH).map(|length| length.to_str().unwrap_or_default());
    match length.map(str::parse::<u64>) {
        Some(length) => length.is_ok_and(|length| length > wire::LARGE),
        None => parts.method != Method::CONNECT && !body.is_end_stream(),
    }
}

/// The page that a request is for.
fn wanted(parts: &Parts) -> Option<LocalPath> {
    let path = parts.uri.path_and_query().filter(|_| parts.method == Method::GET)?;
    LocalPath::parse(path.as_str())
}

/// The way to the agent. Just after a restart, an agent that was there a moment ago is waited for.
async fn tunnel_of(admitted: &Admitted) -> Result<Option<LiveTunnel>, store::Error> {
    let (state, agent) = (admitted.hold.state(), admitted.printer.agent);
    if !state.tunnels.may_arrive(agent) {
        return Ok(state.tunnels.of(agent));
    }
    let recently = state.clock.now().minus(WAS_HERE);
    let seen = state.store.agent(agent).await?.and_then(|agent| agent.last_seen);
    let was_here = seen.is_some_and(|seen| seen > recently);
    Ok(if was_here { state.tunnels.awaited(agent).await } else { None })
}

async fn agent_offline(admitted: &Admitted) -> Result<Notice, store::Error> {
    let state = admitted.hold.state();
    let agent = state.store.agent(admitted.printer.agent).await?;
    let seen = agent.and_then(|agent| agent.last_seen).map(|seen| ago(state.clock.now(), seen));
    Ok(Notice::agent_offline(admitted.printer.name.as_str(), seen.as_deref()))
}

fn too_slow() -> Notice {
    let detail = "Nothing was heard from the agent for more than a minute. The printer may have \
                  acted on the request; it is not sent again.";
    Notice::printer_failed("printer-timeout", detail)
}

fn failed(error: &tunnel::Error) -> Notice {
    tracing::debug!(%error, "a relayed request failed");
    match error {
        tunnel::Error::Busy => Notice::busy(),
        tunnel::Error::Invalid(why) => Notice::bad_request("bad-request", *why),
        _ => {
            let detail = "The connection to the agent broke off before the printer had answered. \
                          It may have acted on the request; it is not sent again.";
            Notice::printer_failed("agent-lost", detail)
        }
    }
}
