//! `/v1/held/TOKEN`: what is held back of large answers until the hub fetches it, over the second
//! connection if there is one. Each rest is fetched once, by whoever was told its token on the first
//! connection; one that nobody fetches is dropped, and with it the printer's answer.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use credentials::{Ticket, TokenDigest};
use forward::Body;
use http::{Method, Response, header::CONTENT_LENGTH};
use printer::Random;
use tokio::time::sleep;

/// How long a rest waits to be fetched. The hub asks at once, and waits some seconds for the second
/// connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many rests wait at a time. Each holds one piece of an answer in memory, and a connection to a
/// printer that waits to send more.
pub(super) const MOST: usize = 64;

/// The rests of one tunnel's answers. Clones share them.
#[derive(Clone)]
pub(crate) struct Held {
    random: Arc<dyn Random>,
    rests: Arc<Mutex<HashMap<TokenDigest, Rest>>>,
}

/// The rest of an answer.
pub(super) struct Rest {
    pub(super) body: Body,
    /// In bytes, if the printer said so.
    pub(super) length: Option<u64>,
}

impl Held {
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        Self { random, rests: Arc::default() }
    }

    /// Whether one more may be held.
    pub(super) fn has_room(&self) -> bool {
        self.lock().len() < MOST
    }

    /// Holds a rest, and returns the token with which it is fetched.
    pub(super) fn hold(&self, rest: Rest) -> Ticket {
        let token = Ticket::new(self.random.as_ref());
        let digest = token.digest();
        self.lock().insert(digest, rest);
        let rests = Arc::downgrade(&self.rests);
        tokio::spawn(async move {
            sleep(PATIENCE).await;
            let rests = rests.upgrade();
            let late = rests.and_then(|rests| lock(&rests).remove(&digest));
            if late.is_some() {
                tracing::debug!("the rest of an answer was not fetched in time");
            }
        });
        token
    }

    /// The rest with this token, once.
    pub(super) fn fetch(&self, method: &Method, token: &str) -> Option<Response<Body>> {
        let token = Ticket::parse(token).filter(|_| *method == Method::GET)?;
        let Rest { body, length } = self.lock().remove(&token.digest())?;
        let mut answer = Response::new(body);
        if let Some(length) = length {
            answer.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        Some(answer)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenDigest, Rest>> {
        lock(&self.rests)
    }
}

fn lock(rests: &Mutex<HashMap<TokenDigest, Rest>>) -> MutexGuard<'_, HashMap<TokenDigest, Rest>> {
    rests.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use printer::OsRandom;
    use tokio::time::timeout;

    use super::*;

    fn held() -> Held {
        Held::new(Arc::new(OsRandom))
    }

    fn rest() -> Rest {
        Rest { body: forward::full("the rest"), length: Some(8) }
    }

    // covers: RL-6
    #[tokio::test]
    async fn hub_fetches_a_rest_twice_or_by_a_guess() {
        let held = held();
        let token = held.hold(rest()).encode();
        let mut guess = token.clone();
        guess.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
        for guess in [guess.as_str(), &token[1..], "", "/", &format!("{token}/")] {
            assert!(held.fetch(&Method::GET, guess).is_none(), "{guess}");
        }
        assert!(held.fetch(&Method::POST, &token).is_none());
        let fetched = held.fetch(&Method::GET, &token).unwrap();
        assert_eq!(fetched.headers()[CONTENT_LENGTH], "8");
        assert_eq!(fetched.into_body().collect().await.unwrap().to_bytes(), "the rest");
        assert!(held.fetch(&Method::GET, &token).is_none(), "a second time");
    }

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn hub_never_fetches_what_is_held() {
        let held = held();
        let (printer, body) = forward::channel();
        let token = held.hold(Rest { body, length: None }).encode();
        for _ in 1..MOST {
            assert!(held.has_room());
            held.hold(rest());
        }
        assert!(!held.has_room());
        let waited = tokio::time::Instant::now();
        timeout(PATIENCE * 2, printer.closed()).await.expect("it is held for ever");
        assert_eq!(waited.elapsed(), PATIENCE);
        assert!(held.fetch(&Method::GET, &token).is_none());
        sleep(Duration::from_millis(1)).await;
        assert!(held.lock().is_empty());
    }
}
