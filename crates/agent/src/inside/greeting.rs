//! `POST /v1/hello`: the hub's first words, and whether it wants this agent.

use forward::Body;
use http::{Response, header::CONTENT_TYPE};
use wire::{Hello, HelloAnswer, PROTOCOL, Refusal};

use super::{Inside, Problem};

pub(super) async fn greet(inside: Inside, body: Body) -> Result<Response<Body>, Problem> {
    let bytes = forward::collect(body, wire::MAX_MESSAGE).await;
    let bytes = bytes.map_err(|_| Problem::Unreadable)?;
    let hello: Hello = serde_json::from_slice(&bytes).map_err(|_| Problem::Unreadable)?;
    let verdict = match hello.refused {
        Some(refusal) => Err(refusal),
        None if hello.protocol != PROTOCOL => Err(Refusal::Protocol),
        None => Ok(()),
    };
    tracing::debug!(hub = ?hello.version, ?verdict, "greeted by the hub");
    inside.greeted.send_replace(Some(verdict));
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let tick = inside.memory.fresh.tick();
    let Inside { name, succeeds, .. } = inside;
    let answer = HelloAnswer { protocol: PROTOCOL, version, name, tick, bulk: true, succeeds };
    let json = serde_json::to_vec(&answer).map_err(|_| Problem::Unreadable)?;
    let mut response = Response::new(forward::full(json));
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}
