//! The HTTP server inside the tunnel. The hub greets it, listens to its reports, and asks it for
//! what visitors want from a printer. It names printers by their ids; nothing that it can say
//! leads anywhere else.

pub(crate) mod bulk;
mod fresh;
mod greeting;
mod handing;
pub(crate) mod held;
mod levels;
mod pin;
mod problem;
mod relay;
mod reports;
pub(crate) mod sockets;
mod successor;
#[cfg(test)]
pub(crate) mod tests;
mod uploads;

use std::sync::Arc;

use forward::Body;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use printer::{Clock, Name, Random};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::Refusal;

use crate::{hub_keys::HubKeys, supervisor::Supervisor};
use bulk::Second;
use fresh::Fresh;
use held::Held;
use pin::Pins;
use problem::Problem;
use sockets::Inspection;
use uploads::Uploads;

pub use problem::ERROR_HEADER;

/// What the server knows while one tunnel is up.
#[derive(Debug, Clone)]
pub(crate) struct Inside {
    pub(crate) printers: Supervisor,
    pub(crate) name: Name,
    /// What the hub said when it greeted.
    pub(crate) greeted: watch::Sender<Option<Result<(), Refusal>>>,
    pub(crate) memory: Arc<Memory>,
    /// The keys that the hub may prove.
    pub(crate) hub_keys: HubKeys,
    /// The second connection, for what is large.
    pub(crate) second: Second,
    /// The large answers of which the hub says over which connection they go on.
    pub(crate) held: Held,
    /// The run of the program whose connection this one takes over.
    pub(crate) succeeds: Option<u64>,
    /// Cancelled when the hub asks this agent to connect anew.
    pub(crate) moved: CancellationToken,
    /// Ends the reports, which have no end of their own.
    pub(crate) stopping: CancellationToken,
}

/// What the server remembers from one tunnel to the next.
#[derive(Debug)]
pub(crate) struct Memory {
    fresh: Fresh,
    inspection: Inspection,
    pins: Pins,
    uploads: Uploads,
}

impl Memory {
    pub(crate) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>, run: u64) -> Self {
        let fresh = Fresh::new(Arc::clone(&clock), run);
        let (inspection, pins) = (Inspection::default(), Pins::new(clock, random));
        Self { fresh, inspection, pins, uploads: Uploads::default() }
    }
}

impl Inside {
    /// Answers one request that came over a tunnel.
    pub(crate) async fn receive(self, request: Request<tunnel::Body>) -> Response<Body> {
        self.memory.uploads.count(&request);
        self.answer(request.map(|body| body.map_err(Into::into).boxed_unsync())).await
    }

    /// Answers one request of the hub.
    pub(crate) async fn answer(self, request: Request<Body>) -> Response<Body> {
        let authority = request.uri().authority().map(http::uri::Authority::as_str);
        let answer = match authority {
            Some(wire::AGENT_AUTHORITY) => self.answer_for_itself(request).await,
            Some(other) => match wire::printer_of_authority(other) {
                Some(printer) => relay::relay(&self, printer, request).await,
                None => Err(Problem::NoSuchRoute),
            },
            None => Err(Problem::NoSuchRoute),
        };
        answer.unwrap_or_else(Problem::into_response)
    }

    fn move_on(&self) -> Response<Body> {
        self.moved.cancel();
        let mut answer = Response::new(forward::full(Vec::new()));
        *answer.status_mut() = StatusCode::NO_CONTENT;
        answer
    }

    async fn answer_for_itself(self, request: Request<Body>) -> Result<Response<Body>, Problem> {
        if let Some(token) = request.uri().path().strip_prefix(wire::HELD_PATH) {
            return self.held.decide(request.method(), token).ok_or(Problem::NoSuchRoute);
        }
        if let Second::IsThis(token) = &self.second {
            return bulk::show(token, &request);
        }
        match (request.method(), request.uri().path()) {
            (&Method::POST, wire::HELLO_PATH) => greeting::greet(self, request.into_body()).await,
            (&Method::POST, wire::HUB_KEY_PATH) => {
                successor::accept(&self, request.into_body()).await
            }
            (&Method::POST, wire::BULK_PATH) => bulk::open(&self, request.into_body()).await,
            (&Method::GET, wire::EVENTS_PATH) => Ok(reports::stream(self)),
            (&Method::POST, wire::MOVE_PATH) => Ok(self.move_on()),
            _ => Err(Problem::NoSuchRoute),
        }
    }
}
