//! `GET /v1/events`: one line of JSON with all printers, at once and whenever one of them
//! changes.

use forward::{Body, BodySender, Closed};
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::Report;

pub(super) fn stream(
    mut reports: watch::Receiver<Report>,
    stopping: CancellationToken,
) -> Response<Body> {
    let (sender, body) = forward::channel();
    tokio::spawn(async move {
        let ended = tokio::select! {
            () = sender.closed() => false,
            () = stopping.cancelled() => true,
            said = tell(&mut reports, &sender) => said.is_ok(),
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

async fn tell(reports: &mut watch::Receiver<Report>, sender: &BodySender) -> Result<(), Closed> {
    loop {
        let report = reports.borrow_and_update().clone();
        let mut line = serde_json::to_vec(&report).unwrap_or_default();
        line.push(b'\n');
        sender.send(line.into()).await?;
        if reports.changed().await.is_err() {
            return Ok(());
        }
    }
}
