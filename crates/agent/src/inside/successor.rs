//! `POST /v1/hub-key`: the hub names its next key.

use forward::Body;
use http::{Response, StatusCode};

use super::{Inside, Problem};

/// The longest statement, in bytes.
const MAX: usize = 1024;

pub(super) async fn accept(inside: &Inside, body: Body) -> Result<Response<Body>, Problem> {
    let bytes = forward::collect(body, MAX).await.map_err(|_| Problem::Unreadable)?;
    let statement = std::str::from_utf8(&bytes).map_err(|_| Problem::Unreadable)?;
    if let Err(error) = inside.hub_keys.announce(statement) {
        tracing::error!(%error, "the hub's next key is refused");
        return Err(Problem::Unreadable);
    }
    let mut response = Response::new(forward::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
