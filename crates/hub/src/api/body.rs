//! JSON bodies. What is wrong with one is said without quoting it, because it may hold a password.

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
};
use http::StatusCode;
use serde::de::DeserializeOwned;

use tokio::time::timeout;

use crate::problem::ApiError;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A JSON body of this form, of at most 64 KiB.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let read = timeout(PATIENCE, Json::from_request(request, state)).await;
        let Json(body) = read.map_err(|_| too_slow())?.map_err(|why| rejected(&why))?;
        Ok(Self(body))
    }
}

fn too_slow() -> ApiError {
    let detail = "The body didn't arrive within 30 seconds.";
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail)
}

fn rejected(why: &JsonRejection) -> ApiError {
    let (code, detail) = match why.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("content-type", "Send it as application/json."),
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "That is too much."),
        _ => ("invalid-body", "The body isn't of the expected form."),
    };
    ApiError::new(why.status(), code, detail)
}

#[cfg(test)]
mod tests {
    use axum::body;
    use tokio::time::{Instant, sleep};

    use super::*;

    async fn read(body: body::Body) -> Result<Body<bool>, ApiError> {
        let request = Request::post("/").header("content-type", "application/json");
        Body::from_request(request.body(body).unwrap(), &()).await
    }

    /// Sends four pieces, each after a pause, for as long as somebody takes them.
    async fn trickle(sender: forward::BodySender, pause: Duration) {
        for piece in ["t", "r", "u", "e"] {
            sleep(pause).await;
            if sender.send(piece.into()).await.is_err() {
                return;
            }
        }
        sender.finish();
    }

    // covers: SV-5
    #[tokio::test(start_paused = true)]
    async fn slow_json_body_is_waited_for_30_seconds() {
        for (seconds, is_read) in [(29, true), (31, false)] {
            let (sender, body) = forward::channel();
            let trickle = tokio::spawn(trickle(sender, Duration::from_secs(seconds) / 4));
            let started = Instant::now();
            let read = read(body::Body::new(body)).await;
            assert_eq!(started.elapsed().as_secs(), seconds.min(30));
            assert_eq!(read.is_ok(), is_read, "{seconds} s");
            if let Err(error) = read {
                let answer = axum::response::IntoResponse::into_response(error);
                assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
            }
            trickle.await.unwrap();
        }
    }
}
