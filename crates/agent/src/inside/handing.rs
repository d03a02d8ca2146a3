//! Handing a large answer over to the second connection. It begins on the first one, so that small
//! answers, events and long polls of whatever length wait for nothing. Behind the first 64 KiB comes
//! a token instead of more, and the hub fetches the rest.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use forward::{Body, BoxError};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header::CONTENT_LENGTH};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use wire::{LARGE, LARGE_HEADER, REST_TRAILER, UNKNOWN_LENGTH};

use super::held::{Held, Rest};

/// Makes a printer's answer one that is handed over, if it is large and may be (`held`). What a
/// printer says behind its body is dropped in any case.
pub(super) fn hand_over(
    answer: Response<Body>,
    method: &Method,
    held: Option<&Held>,
) -> Response<Body> {
    if *method == Method::CONNECT {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let length = length(&parts.headers);
    let ends_here = *method == Method::HEAD
        || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&parts.status)
        || body.is_end_stream()
        || length.is_some_and(|length| length <= LARGE);
    let held = held.filter(|_| !ends_here).cloned();
    if held.is_some() {
        parts.headers.remove(CONTENT_LENGTH);
        let said = length.map_or(HeaderValue::from_static(UNKNOWN_LENGTH), HeaderValue::from);
        parts.headers.insert(LARGE_HEADER, said);
    }
    let handing = Handing { body: Some(body), next: None, here: 0, length, held };
    Response::from_parts(parts, handing.boxed_unsync())
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The first part of an answer, or all of it.
struct Handing {
    /// `None` once it was handed over.
    body: Option<Body>,
    /// What comes next, if it was read already.
    next: Option<Bytes>,
    /// How many bytes went this way.
    here: u64,
    /// Of the whole answer.
    length: Option<u64>,
    /// Where the rest goes; without it, there is none.
    held: Option<Held>,
}

impl Handing {
    /// How many more bytes go this way.
    fn left(&self) -> usize {
        let left = LARGE.saturating_sub(self.here);
        if self.held.is_some() { usize::try_from(left).unwrap_or(usize::MAX) } else { usize::MAX }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if let Some(next) = self.next.take() {
            return Poll::Ready(Some(Ok(next)));
        }
        loop {
            let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
            let Some(frame) = ready!(Pin::new(body).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            match frame.map(Frame::into_data) {
                Ok(Ok(piece)) if piece.is_empty() => {}
                Ok(Ok(piece)) => return Poll::Ready(Some(Ok(piece))),
                Ok(Err(_trailers)) => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    /// As much of a piece as goes this way, or the token of the rest.
    fn pass(&mut self, mut piece: Bytes) -> Frame<Bytes> {
        let left = self.left();
        if left == 0 {
            if let Some(held) = self.held.take().filter(Held::has_room) {
                return Frame::trailers(said(&held, self.rest(piece)));
            }
        } else if piece.len() > left {
            self.next = Some(piece.split_off(left));
        }
        self.here += u64::try_from(piece.len()).unwrap_or_default();
        Frame::data(piece)
    }

    /// What follows, beginning with this piece. Nothing more of it goes this way.
    fn rest(&mut self, next: Bytes) -> Rest {
        let length = self.length.map(|length| length.saturating_sub(self.here));
        let (body, next) = (self.body.take(), Some(next));
        let body = Self { body, next, here: 0, length: None, held: None };
        Rest { body: body.boxed_unsync(), length }
    }
}

impl http_body::Body for Handing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let piece = ready!(self.poll_piece(cx));
        Poll::Ready(piece.map(|piece| piece.map(|piece| self.pass(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none() && self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }
}

fn said(held: &Held, rest: Rest) -> HeaderMap {
    let mut said = HeaderMap::new();
    if let Ok(mut token) = HeaderValue::try_from(held.hold(rest).encode()) {
        token.set_sensitive(true);
        said.insert(REST_TRAILER, token);
    }
    said
}

#[cfg(test)]
mod tests {
    use printer::OsRandom;

    use super::*;

    fn held() -> Held {
        Held::new(std::sync::Arc::new(OsRandom))
    }

    fn answer(length: usize, announced: bool) -> Response<Body> {
        let mut answer = Response::new(forward::full(vec![b'x'; length]));
        if announced {
            answer.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        answer
    }

    /// What goes the first way, and the second.
    async fn both_ways(answer: Response<Body>, held: &Held) -> (usize, Option<usize>) {
        let whole = answer.into_body().collect().await.unwrap();
        let token = whole.trailers().map(|said| said[REST_TRAILER].to_str().unwrap().to_owned());
        let first = whole.to_bytes().len();
        let Some(token) = token else { return (first, None) };
        let rest = held.fetch(&Method::GET, &token).unwrap();
        let announced = length(rest.headers());
        let rest = rest.into_body().collect().await.unwrap().to_bytes().len();
        assert!(announced.is_none_or(|announced| Ok(announced) == u64::try_from(rest)));
        (first, Some(rest))
    }

    // covers: RL-1
    #[tokio::test]
    async fn what_is_longer_than_64_kib_goes_on_elsewhere() {
        const MOST: usize = 64 * 1024;
        assert_eq!(u64::try_from(MOST), Ok(LARGE));
        let held = held();
        for (length, announced, ways) in [
            (MOST, true, (MOST, None)),
            (MOST, false, (MOST, None)),
            (MOST + 1, true, (MOST, Some(1))),
            (MOST + 1, false, (MOST, Some(1))),
            (MOST * 9, true, (MOST, Some(MOST * 8))),
        ] {
            let answer = hand_over(answer(length, announced), &Method::GET, Some(&held));
            let large = answer.headers().get(LARGE_HEADER);
            assert_eq!(large.is_some(), !announced || ways.1.is_some(), "{length}");
            assert_eq!(answer.headers().contains_key(CONTENT_LENGTH), announced && large.is_none());
            assert_eq!(both_ways(answer, &held).await, ways, "{length} {announced}");
        }
        let here = hand_over(answer(MOST * 2, true), &Method::GET, None);
        assert_eq!(both_ways(here, &held).await, (MOST * 2, None));
    }

    // covers: RL-7
    #[tokio::test]
    async fn where_too_much_is_held_answers_stay_where_they_are() {
        let held = held();
        for _ in 0..super::super::held::MOST {
            held.hold(Rest { body: forward::empty(), length: None });
        }
        let answer = hand_over(answer(1 << 20, true), &Method::GET, Some(&held));
        assert_eq!(both_ways(answer, &held).await, (1 << 20, None));
    }

    // covers: RL-1
    #[tokio::test]
    async fn each_event_of_a_printer_goes_on_at_once() {
        let (printer, body) = forward::channel();
        let answer = hand_over(Response::new(body), &Method::GET, Some(&held()));
        let mut body = answer.into_body();
        for number in 0..3 {
            printer.send(format!("event {number}").into()).await.unwrap();
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), format!("event {number}"));
        }
    }

    // covers: RL-6
    #[tokio::test]
    async fn printer_names_a_rest_of_its_own() {
        let said = HeaderMap::from_iter([(
            http::HeaderName::from_static(REST_TRAILER),
            HeaderValue::from_static("a token"),
        )]);
        for held in [None, Some(held())] {
            let said = said.clone();
            let body = forward::full("page").with_trailers(async move { Some(Ok(said)) });
            let answer = Response::new(body.boxed_unsync());
            let answer = hand_over(answer, &Method::GET, held.as_ref());
            assert!(answer.into_body().collect().await.unwrap().trailers().is_none());
        }
    }
}
