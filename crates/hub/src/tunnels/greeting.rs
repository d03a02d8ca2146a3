//! The first words in a tunnel. The agent's side of the handshake succeeds before the hub has
//! judged its key, so the hub says right away whether the agent is welcome.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::timeout;
use tunnel::{Priority, Tunnel};
use wire::{Hello, HelloAnswer, Refusal};

use super::Error;

/// How long an agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Greets an agent that is welcome.
///
/// # Errors
/// An agent that answers late, too much, or in another version of the protocol is not.
pub(super) async fn welcome(tunnel: &Tunnel) -> Result<HelloAnswer, Error> {
    let answer = say(tunnel, None).await?;
    if answer.protocol == wire::PROTOCOL {
        return Ok(answer);
    }
    refuse(tunnel, Refusal::Protocol).await
}

/// Tells an agent why it isn't welcome. Always an error: the connection is to end.
pub(super) async fn refuse<T>(tunnel: &Tunnel, why: Refusal) -> Result<T, Error> {
    if let Err(error) = say(tunnel, Some(why)).await {
        tracing::debug!(%error, "the agent didn't hear why it was refused");
    }
    tunnel.close();
    Err(Error::Refused(why))
}

async fn say(tunnel: &Tunnel, refused: Option<Refusal>) -> Result<HelloAnswer, Error> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let hello = Hello { protocol: wire::PROTOCOL, version, refused };
    let hello = serde_json::to_vec(&hello).map_err(|_| Error::Nonsense("our own greeting"))?;
    timeout(PATIENCE, exchange(tunnel, hello.into())).await.map_err(|_| Error::Slow)?
}

async fn exchange(tunnel: &Tunnel, hello: Bytes) -> Result<HelloAnswer, Error> {
    let mut request = to_agent(Method::POST, wire::HELLO_PATH, Full::new(hello))?;
    request
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    let answer = tunnel.send(request).await?;
    let body = Limited::new(answer.into_body(), wire::MAX_MESSAGE).collect().await;
    let body = body.map_err(|_| Error::Nonsense("its greeting is cut off or too long"))?;
    serde_json::from_slice(&body.to_bytes()).map_err(|_| Error::Nonsense("its greeting"))
}

/// A request to the agent itself. It may use the tunnel's reserved streams.
pub(super) fn to_agent<B>(method: Method, path: &str, body: B) -> Result<Request<B>, Error> {
    Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", wire::AGENT_AUTHORITY))
        .extension(Priority::Control)
        .body(body)
        .map_err(|_| Error::Nonsense("our own request"))
}
