//! WebSockets below `controls`: every message to the printer is read and judged, and goes on as it
//! was understood. What the printer says passes untouched. When a message is refused the visitor
//! is told why in a close frame, between two frames of the printer.
//!
//! Frames are read and written by tungstenite; only putting messages together is done here, since
//! it has to count what it holds: 1 MiB a message, and 8 MiB of long ones in all sockets of this
//! agent.

pub mod fuzzing;
mod inbound;
mod messages;
mod outbound;

use std::{pin::pin, sync::Arc, time::Duration};

use forward::{Body, Origin};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use printer::Level;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::Problem;
use crate::member::Member;
use inbound::Inbound;
use messages::Messages;
use outbound::{Ending, Outbound};

/// How many bytes of messages all inspected sockets hold together, besides the first
/// [`messages::ALWAYS`] of each.
const HELD: usize = 8 * 1024 * 1024;

/// How long a side may go on after the other has ended.
const GRACE: Duration = Duration::from_secs(2);

/// What all inspected sockets share.
#[derive(Debug, Clone)]
pub(super) struct Inspection(Arc<Semaphore>);

impl Default for Inspection {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(HELD)))
    }
}

/// Why a socket is closed from here (RFC 6455, 7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Closing {
    code: u16,
    reason: &'static str,
}

impl Closing {
    const PROTOCOL: Self = Self { code: 1002, reason: "this is no WebSocket frame" };
    const NO_TEXT: Self = Self { code: 1007, reason: "this message is no text" };
    const NOT_ALLOWED: Self = Self { code: 1008, reason: "your level doesn't allow this message" };
    const TOO_BIG: Self = Self { code: 1009, reason: "this message is too large" };
    const TOO_SLOW: Self = Self { code: 1008, reason: "this message took too long to arrive" };
    const NO_ROOM: Self = Self { code: 1009, reason: "too many messages at a time" };
}

/// Opens a socket to a printer whose visitor may do so much.
pub(super) async fn open(
    inspection: &Inspection,
    level: Level,
    member: &Member,
    origin: &Origin,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let place = Arc::clone(&member.sockets).try_acquire_owned();
    let place = place.map_err(|_| Problem::TooManySockets)?;
    let (parts, from_visitor) = request.into_parts();
    let (to_printer, judged) = forward::channel();
    let answer = origin.send(Request::from_parts(parts, judged)).await?;
    if answer.status() != StatusCode::OK {
        return Ok(answer);
    }
    let (head, from_printer) = answer.into_parts();
    let (to_visitor, passed) = forward::channel();
    let messages = Messages::new(Arc::clone(&inspection.0));
    let outbound = Outbound { level, messages, from_visitor, to_printer };
    tokio::spawn(carry(outbound, Inbound::new(from_printer, to_visitor), place));
    Ok(Response::from_parts(head, passed))
}

async fn carry(mut outbound: Outbound, mut inbound: Inbound, _place: OwnedSemaphorePermit) {
    let ending = {
        // Never dropped in the middle: half a frame may have been sent.
        let mut speaking = pin!(outbound.run());
        tokio::select! {
            ending = &mut speaking => ending,
            end = inbound.run() => {
                if end.is_ok() {
                    inbound.finish();
                    let _ = timeout(GRACE, speaking).await;
                }
                return;
            }
        }
    };
    match ending {
        Ending::Over => {
            outbound.to_printer.finish();
            if let Ok(Ok(())) = timeout(GRACE, inbound.run()).await {
                inbound.finish();
            }
        }
        Ending::Refused(closing) => {
            tracing::debug!(closing.code, "a WebSocket message was refused");
            let from_visitor = outbound.leave().await;
            let Ok(Ok(from_printer)) = timeout(GRACE, inbound.close(closing)).await else { return };
            // Who isn't listened to any more hangs up, before the last words have arrived.
            let unheard = async { tokio::join!(ignore(from_visitor), ignore(from_printer)) };
            let _ = timeout(GRACE, unheard).await;
        }
        Ending::Broken => {}
    }
}

async fn ignore(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}

#[cfg(test)]
mod tests;
