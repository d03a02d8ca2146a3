//! `/v1/held/TOKEN`: large answers wait behind their first part until the hub has said which way they
//! go on. It takes the rest, over the second connection, or lets the answer go on where it is. What
//! waits is part of the first request: when that is given up, so is the rest.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use credentials::{Ticket, TokenDigest};
use forward::Body;
use http::{Method, Response, StatusCode, header::CONTENT_LENGTH};
use http_body_util::BodyExt;
use printer::Random;

use super::handing::Flow;

/// The answers of one tunnel that may wait for the hub's word. Clones share them.
#[derive(Clone)]
pub(crate) struct Held {
    random: Arc<dyn Random>,
    answers: Arc<Mutex<Answers>>,
}

#[derive(Default)]
struct Answers {
    by_token: HashMap<TokenDigest, Place>,
    /// The agent is about to leave, and everything goes on where it is.
    parting: bool,
}

/// What is known of one answer.
enum Place {
    /// It hasn't come to its point yet.
    Ahead,
    /// It waits, and this is how whoever sends it is told.
    Waiting(Rest, Option<Waker>),
    /// It goes on where it is; with what follows, if it waited.
    Stays(Option<Rest>),
}

/// The rest of an answer.
pub(super) struct Rest {
    pub(super) flow: Flow,
    /// In bytes, if the printer said so.
    pub(super) length: Option<u64>,
}

/// The place of one answer. Dropped, it takes along what waits there.
pub(super) struct Seat {
    held: Held,
    digest: TokenDigest,
}

impl Held {
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        Self { random, answers: Arc::default() }
    }

    /// A place for one answer, and the token by which the hub knows it. None when the agent is about
    /// to leave.
    pub(super) fn seat(&self) -> Option<(Seat, Ticket)> {
        let token = Ticket::new(self.random.as_ref());
        let digest = token.digest();
        let mut answers = self.lock();
        if answers.parting {
            return None;
        }
        answers.by_token.insert(digest, Place::Ahead);
        drop(answers);
        Some((Seat { held: self.clone(), digest }, token))
    }

    /// The hub's word about an answer.
    pub(super) fn decide(&self, method: &Method, token: &str) -> Option<Response<Body>> {
        let digest = Ticket::parse(token)?.digest();
        match *method {
            Method::GET => self.take(&digest).map(Rest::into_response),
            Method::DELETE => self.lock().by_token.get_mut(&digest).map(Place::stay),
            _ => None,
        }
    }

    /// From now on everything goes on where it is.
    pub(crate) fn part(&self) {
        let mut answers = self.lock();
        answers.parting = true;
        for place in answers.by_token.values_mut() {
            place.stay();
        }
    }

    /// The rest that waits there, once.
    fn take(&self, digest: &TokenDigest) -> Option<Rest> {
        let mut answers = self.lock();
        answers.by_token.get(digest).filter(|place| matches!(place, Place::Waiting(..)))?;
        let Some(Place::Waiting(rest, waker)) = answers.by_token.remove(digest) else {
            return None;
        };
        drop(answers);
        waker.into_iter().for_each(Waker::wake);
        Some(rest)
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The answer goes on where it is.
    fn stay(&mut self) -> Response<Body> {
        *self = match mem::replace(self, Self::Stays(None)) {
            Self::Ahead => Self::Stays(None),
            Self::Waiting(rest, waker) => {
                waker.into_iter().for_each(Waker::wake);
                Self::Stays(Some(rest))
            }
            stays @ Self::Stays(_) => stays,
        };
        let mut answer = Response::new(forward::empty());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        answer
    }
}

impl Seat {
    /// The answer has come to its point, and waits.
    pub(super) fn wait(&self, rest: Rest) {
        let mut answers = self.held.lock();
        let Some(place) = answers.by_token.get_mut(&self.digest) else { return };
        *place = match place {
            Place::Ahead => Place::Waiting(rest, None),
            Place::Waiting(..) | Place::Stays(_) => Place::Stays(Some(rest)),
        };
    }

    /// What follows here, once the hub has given its word; nothing if it took the rest.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Rest>> {
        match self.held.lock().by_token.get_mut(&self.digest) {
            Some(Place::Waiting(_, waker)) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            Some(Place::Stays(rest)) => Poll::Ready(rest.take()),
            Some(Place::Ahead) | None => Poll::Ready(None),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let gone = self.held.lock().by_token.remove(&self.digest);
        drop(gone);
    }
}

impl Rest {
    fn into_response(self) -> Response<Body> {
        let mut answer = Response::new(self.flow.boxed_unsync());
        if let Some(length) = self.length {
            answer.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        answer
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use printer::OsRandom;

    use super::*;

    fn held() -> Held {
        Held::new(Arc::new(OsRandom))
    }

    fn rest() -> Rest {
        Rest { flow: Flow::of(forward::full("the rest")), length: Some(8) }
    }

    // covers: RL-6
    #[tokio::test]
    async fn hub_fetches_a_rest_twice_or_by_a_guess() {
        let held = held();
        let (seat, token) = held.seat().unwrap();
        let token = token.encode();
        assert!(held.decide(&Method::GET, &token).is_none(), "before it waits");
        seat.wait(rest());
        let mut guess = token.clone();
        guess.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
        for guess in [guess.as_str(), &token[1..], "", "/", &format!("{token}/")] {
            for method in [Method::GET, Method::DELETE] {
                assert!(held.decide(&method, guess).is_none(), "{guess}");
            }
        }
        assert!(held.decide(&Method::POST, &token).is_none());
        let fetched = held.decide(&Method::GET, &token).unwrap();
        assert_eq!(fetched.headers()[CONTENT_LENGTH], "8");
        assert_eq!(fetched.into_body().collect().await.unwrap().to_bytes(), "the rest");
        for method in [Method::GET, Method::DELETE] {
            assert!(held.decide(&method, &token).is_none(), "a second time");
        }
    }

    // covers: RL-7
    #[tokio::test]
    async fn answers_that_stay_are_given_to_nobody() {
        let held = held();
        let (early, late) = (held.seat().unwrap(), held.seat().unwrap());
        late.0.wait(rest());
        for (seat, token) in [&early, &late] {
            for _ in 0..2 {
                let stays = held.decide(&Method::DELETE, &token.encode()).unwrap();
                assert_eq!(stays.status(), 204);
            }
            if std::ptr::eq(seat, &raw const early.0) {
                seat.wait(rest());
            }
            assert!(held.decide(&Method::GET, &token.encode()).is_none());
            let follows = std::future::poll_fn(|cx| seat.poll(cx)).await;
            assert!(follows.is_some_and(|rest| rest.length == Some(8)));
        }
        drop((early, late));
        assert!(held.lock().by_token.is_empty());
    }
}
