//! How much the API reads of what is sent to it.

use axum::body::{Body, Bytes};
use http::{Method, header};
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde_json::json;

use crate::house::{ADA, Answer, House, PASSWORD};

/// In bytes, as docs/limits.md says.
const MOST: usize = 64 * 1024;

async fn sign_in(house: &House, body: Body) -> Answer {
    let browser = house.stranger();
    let request = browser.request(Method::POST, "/api/v1/session");
    let request = request.header(header::CONTENT_TYPE, "application/json");
    browser.send(request.body(body).unwrap()).await
}

/// A right sign-in with spaces behind it.
fn padded(length: usize) -> Bytes {
    let mut text = json!({"email": ADA, "password": PASSWORD}).to_string();
    text.push_str(&" ".repeat(length - text.len()));
    text.into()
}

/// The same in pieces, without a length that says how much will come.
fn in_pieces(whole: &Bytes) -> Body {
    let pieces: Vec<_> = whole.chunks(1_000).map(Bytes::copy_from_slice).collect();
    let frames = pieces.into_iter().map(|piece| Ok::<_, std::io::Error>(Frame::data(piece)));
    Body::new(StreamBody::new(futures_util::stream::iter(frames)))
}

// covers: SV-5
#[tokio::test]
async fn json_body_at_the_limit_and_one_past_it() {
    let house = House::new().await;
    let (most, too_much) = (padded(MOST), padded(MOST + 1));
    for body in [Body::from(most.clone()), in_pieces(&most)] {
        let answer = sign_in(&house, body).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
    for body in [Body::from(too_much.clone()), in_pieces(&too_much)] {
        let answer = sign_in(&house, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "too-large"));
    }
}
