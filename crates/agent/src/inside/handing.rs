//! Handing a large answer over to the second connection. It begins on the first one, so that small
//! answers, events and long polls of whatever length wait for nothing. Behind the first 64 KiB it
//! waits for the hub's word: the hub takes the rest, or lets it go on here.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use forward::{Body, BoxError};
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use wire::{LARGE, LARGE_HEADER, REST_HEADER, UNKNOWN_LENGTH};

use super::held::{Held, Rest, Seat};

/// Events are small, and each of them is waited for.
const EVENTS: &[u8] = b"text/event-stream";

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
    let flow = Flow::of(body);
    let seat = held.filter(|_| !ends_here && !are_events(&parts.headers)).and_then(Held::seat);
    let Some((seat, token)) = seat else { return Response::from_parts(parts, flow.boxed_unsync()) };
    parts.headers.remove(CONTENT_LENGTH);
    let said = length.map_or(HeaderValue::from_static(UNKNOWN_LENGTH), HeaderValue::from);
    parts.headers.insert(LARGE_HEADER, said);
    if let Ok(mut said) = HeaderValue::try_from(format!("{LARGE} {}", token.encode())) {
        said.set_sensitive(true);
        parts.headers.insert(REST_HEADER, said);
    }
    let handing = Handing { flow: Some(flow), here: 0, length, way: Way::Begins(seat) };
    Response::from_parts(parts, handing.boxed_unsync())
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn are_events(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(EVENTS)
}

/// What a printer says: pieces with something in them, and nothing behind the last one.
pub(super) struct Flow {
    body: Body,
    /// What comes next, if it was read already.
    next: Option<Bytes>,
}

impl Flow {
    pub(super) const fn of(body: Body) -> Self {
        Self { body, next: None }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if let Some(next) = self.next.take() {
            return Poll::Ready(Some(Ok(next)));
        }
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
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
}

impl http_body::Body for Flow {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_piece(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none() && self.body.is_end_stream()
    }
}

/// The first part of an answer, or all of it.
struct Handing {
    /// `None` while it waits, and once it was taken.
    flow: Option<Flow>,
    /// How many bytes went this way.
    here: u64,
    /// Of the whole answer.
    length: Option<u64>,
    way: Way,
}

enum Way {
    /// It waits as soon as [`LARGE`] bytes went this way.
    Begins(Seat),
    /// The hub hasn't said which way it goes on.
    Waits(Seat),
    /// It goes this way.
    Here,
}

impl Handing {
    /// As much of a piece as goes this way. With the last of that, the rest is ready to be taken.
    fn pass(&mut self, mut piece: Bytes) -> Bytes {
        let Way::Begins(_) = &self.way else { return piece };
        let left = usize::try_from(LARGE.saturating_sub(self.here)).unwrap_or(usize::MAX);
        if piece.len() > left {
            let next = piece.split_off(left);
            self.flow.iter_mut().for_each(|flow| flow.next = Some(next.clone()));
        }
        self.here += u64::try_from(piece.len()).unwrap_or_default();
        if piece.len() == left {
            self.wait();
        }
        piece
    }

    fn wait(&mut self) {
        let way = std::mem::replace(&mut self.way, Way::Here);
        let Way::Begins(seat) = way else { return };
        let Some(flow) = self.flow.take_if(|flow| !flow.is_end_stream()) else { return };
        let length = self.length.map(|length| length.saturating_sub(self.here));
        seat.wait(Rest { flow, length });
        self.way = Way::Waits(seat);
    }

    fn poll_word(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Way::Waits(seat) = &self.way {
            self.flow = ready!(seat.poll(cx)).map(|rest| rest.flow);
            self.way = Way::Here;
        }
        Poll::Ready(())
    }
}

impl http_body::Body for Handing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        ready!(self.poll_word(cx));
        let Some(flow) = self.flow.as_mut() else { return Poll::Ready(None) };
        let piece = ready!(flow.poll_piece(cx));
        Poll::Ready(piece.map(|piece| piece.map(|piece| Frame::data(self.pass(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        let is_waiting = matches!(self.way, Way::Waits(_));
        !is_waiting && self.flow.as_ref().is_none_or(http_body::Body::is_end_stream)
    }
}

#[cfg(test)]
mod tests {
    use printer::OsRandom;
    use tokio::time::timeout;

    use super::{super::tests::DEADLINE, *};

    const MOST: usize = 64 * 1024;

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

    fn token(answer: &Response<Body>) -> Option<String> {
        let said = answer.headers().get(REST_HEADER)?.to_str().unwrap();
        Some(said.strip_prefix("65536 ").unwrap().to_owned())
    }

    /// What goes the first way, and the second.
    async fn both_ways(answer: Response<Body>, held: &Held) -> (usize, Option<usize>) {
        let token = token(&answer);
        let (mut first, mut second) = (0, None);
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            first += frame.unwrap().into_data().unwrap().len();
            if first < MOST || body.is_end_stream() || second.is_some() {
                continue;
            }
            let Some(token) = &token else { continue };
            let rest = held.decide(&Method::GET, token).unwrap();
            let announced = length(rest.headers());
            let rest = rest.into_body().collect().await.unwrap().to_bytes().len();
            assert!(announced.is_none_or(|announced| Ok(announced) == u64::try_from(rest)));
            second = Some(rest);
        }
        (first, second)
    }

    // covers: RL-1
    #[tokio::test]
    async fn what_is_longer_than_64_kib_goes_on_elsewhere() {
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

    // covers: RL-1, RL-7
    #[tokio::test]
    async fn what_stays_comes_whole_where_it_began() {
        let held = held();
        for by_the_hub in [true, false] {
            let answer = hand_over(answer(MOST * 3, true), &Method::GET, Some(&held));
            let token = token(&answer).unwrap();
            let mut body = answer.into_body();
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), MOST);
            let next = tokio::spawn(body.collect());
            tokio::task::yield_now().await;
            assert!(!next.is_finished(), "it doesn't wait");
            if by_the_hub {
                held.decide(&Method::DELETE, &token).unwrap();
            } else {
                held.part();
            }
            let next = timeout(DEADLINE, next).await.expect("it waits on").unwrap();
            assert_eq!(next.unwrap().to_bytes().len(), MOST * 2);
        }
        let late = hand_over(answer(MOST * 2, true), &Method::GET, Some(&held));
        assert_eq!(both_ways(late, &held).await, (MOST * 2, None), "a parting agent holds nothing");
    }

    // covers: RL-7, AC-11
    #[tokio::test]
    async fn visitor_leaves_while_the_rest_waits() {
        let held = held();
        let (printer, body) = forward::channel();
        let answer = hand_over(Response::new(body), &Method::GET, Some(&held));
        let token = token(&answer).unwrap();
        printer.send(vec![b'x'; MOST].into()).await.unwrap();
        let mut body = answer.into_body();
        body.frame().await.unwrap().unwrap();
        assert!(!body.is_end_stream());
        drop(body);
        timeout(DEADLINE, printer.closed()).await.expect("the printer sends on");
        assert!(held.decide(&Method::GET, &token).is_none());
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

    // covers: RL-1
    #[tokio::test]
    async fn events_of_whatever_length_stay_where_they_are() {
        for kind in ["text/event-stream", "Text/Event-Stream ; charset=utf-8"] {
            let mut events = answer(MOST * 2, false);
            events.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            let held = held();
            let events = hand_over(events, &Method::GET, Some(&held));
            assert!(!events.headers().contains_key(LARGE_HEADER));
            assert_eq!(both_ways(events, &held).await, (MOST * 2, None));
        }
    }

    // covers: RL-6
    #[tokio::test]
    async fn printer_names_a_rest_of_its_own() {
        let said = HeaderMap::from_iter([(
            http::HeaderName::from_static(REST_HEADER),
            HeaderValue::from_static("1 token"),
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
