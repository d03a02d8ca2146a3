//! `GET /v1/events`: one line of JSON with all printers and the agent's time, at once, whenever a
//! printer changes, and every 30 s: the hub counts on from the time that it heard last, and no two
//! clocks run alike.

use std::time::Duration;

use forward::{Body, BodySender, Closed};
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use tokio::time::timeout;

use super::Inside;

/// The longest pause between two lines.
const EVERY: Duration = Duration::from_secs(30);

pub(super) fn stream(inside: Inside) -> Response<Body> {
    let (sender, body) = forward::channel();
    tokio::spawn(async move {
        let ended = tokio::select! {
            () = sender.closed() => false,
            () = inside.stopping.cancelled() => true,
            said = tell(&inside, &sender) => said.is_ok(),
        };
        if ended {
            sender.finish();
        }
    });
    let mut response = Response::new(body);
    let lines = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(CONTENT_TYPE, lines);
    response
}

async fn tell(inside: &Inside, sender: &BodySender) -> Result<(), Closed> {
    let mut reports = inside.printers.reports();
    loop {
        let mut report = reports.borrow_and_update().clone();
        report.tick = Some(inside.memory.fresh.tick());
        let mut line = serde_json::to_vec(&report).unwrap_or_default();
        line.push(b'\n');
        sender.send(line.into()).await?;
        if let Ok(Err(_)) = timeout(EVERY, reports.changed()).await {
            return Ok(());
        }
    }
}
