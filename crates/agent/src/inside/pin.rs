//! The door in front of a printer that has no login of its own (RL-9). It is judged here and not
//! at the hub, whatever the hub says: closed, or open to a browser that knew the PIN. The agent
//! asks for the PIN on a page of its own, which runs no script.

mod form;
mod page;
mod sessions;
mod tries;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credentials::{PasswordHash, Ticket, TokenDigest, Verdict};
use forward::Body;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, request::Parts};
use printer::{Clock, Lock, Random};
use tokio::{sync::Semaphore, task::spawn_blocking};
use wire::{PIN_HEADER, PIN_PATH, Relayed};

use super::{Inside, Problem};
use crate::{choices::Choice, member::Member};
use form::Form;
use page::Page;
use sessions::{Session, Sessions};
use tries::{TooMany, Tries};

/// What is ours on a printer's origin. Printers never see a request for it.
const RESERVED: &str = "/.layerlock";

/// Why a visitor gets no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Shut {
    #[error("this printer lets everyone in without a login, so it is closed to visitors")]
    Open,
    #[error("it could not be checked yet whether this printer asks for a login")]
    Unknown,
    #[error("this printer's agent asks for a PIN first")]
    PinNeeded,
}

/// Who has known which PIN, and who has guessed. Survives the loss of the tunnel.
pub(super) struct Pins {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    sessions: Mutex<Sessions>,
    tries: Mutex<Tries>,
    /// One PIN is hashed at a time: it takes 16 MiB and an agent's machine may be a small one.
    hashing: Semaphore,
}

/// One request of a visitor at the door of a printer.
pub(super) struct Visit<'a> {
    pub(super) inside: &'a Inside,
    pub(super) member: &'a Member,
    pub(super) relayed: &'a Relayed,
    /// What the visitor's browser has kept.
    pub(super) shown: Option<TokenDigest>,
}

/// Whether a path is ours and never the printer's.
pub(super) fn is_reserved(path: &str) -> bool {
    path.strip_prefix(RESERVED).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The token that a visitor's browser has kept, if the hub passes on exactly one.
pub(super) fn shown(headers: &HeaderMap) -> Option<TokenDigest> {
    let mut values = headers.get_all(PIN_HEADER).iter();
    let first = values.next().filter(|_| values.next().is_none())?;
    Some(Ticket::parse(first.to_str().ok()?)?.digest())
}

impl Visit<'_> {
    /// Lets a visitor pass to the printer, or not.
    pub(super) fn admit(&self) -> Result<(), Shut> {
        match (self.member.door.lock(), self.member.door.choice()) {
            (Lock::OwnLogin | Lock::Accepted, _) => Ok(()),
            (Lock::Pin, Some(Choice::Pin(pin))) if self.is_known(pin) => Ok(()),
            (Lock::Pin, _) => Err(Shut::PinNeeded),
            (Lock::Open, _) => Err(Shut::Open),
            (Lock::Unknown, _) => Err(Shut::Unknown),
        }
    }

    fn is_known(&self, pin: &PasswordHash) -> bool {
        let pins = &self.inside.memory.pins;
        let session = self.session(pin);
        self.shown.is_some_and(|shown| pins.sessions().has(&shown, &session, pins.now()))
    }

    /// Whose a session at this door is.
    fn session(&self, pin: &PasswordHash) -> Session {
        let Relayed { account, lease, .. } = self.relayed;
        Session {
            printer: self.member.entry.id,
            account: *account,
            lease: *lease,
            pin: pin.clone(),
        }
    }

    /// Answers a request for a path of ours.
    pub(super) async fn answer(&self, parts: Parts, body: Body) -> Result<Response<Body>, Problem> {
        if parts.uri.path() != PIN_PATH {
            return Err(Problem::NoSuchRoute);
        }
        let name = self.member.entry.name.as_str();
        match (&parts.method, self.member.door.choice()) {
            (&Method::GET, Some(Choice::Pin(pin))) => {
                let next = form::next_in(parts.uri.query().unwrap_or_default());
                if self.is_known(pin) {
                    Ok(page::onward(&next))
                } else {
                    Ok(Page::new(name, &next).ask())
                }
            }
            (&Method::POST, Some(Choice::Pin(pin))) => {
                self.inside.memory.fresh.check(self.relayed.stamp, self.relayed.account)?;
                self.try_pin(pin, Form::read(&parts.headers, body).await?).await
            }
            (&Method::GET, _) => Ok(page::onward("/")),
            _ => Err(Problem::NoSuchRoute),
        }
    }

    /// Counts the try before it is looked at, so that many at a time are no more than one by one.
    async fn try_pin(&self, pin: &PasswordHash, form: Form) -> Result<Response<Body>, Problem> {
        let (pins, printer) = (&self.inside.memory.pins, self.member.entry.id);
        let page = Page::new(self.member.entry.name.as_str(), &form.next);
        let counted = pins.tries().count(printer, self.relayed.account, pins.now());
        let counted = match counted {
            Ok(counted) => counted,
            Err(TooMany { wait }) => return Ok(page.too_many(wait)),
        };
        if !pins.verify(pin.clone(), form.pin).await? {
            let (printer, account) = (self.member.entry.name.as_str(), self.relayed.account);
            tracing::warn!(printer, %account, "a wrong PIN");
            return Ok(page.wrong());
        }
        pins.tries().forgive(printer, counted);
        let token = Ticket::new(pins.random.as_ref());
        pins.sessions().begin(token.digest(), self.session(pin), pins.now());
        let mut answer = page::onward(&form.next);
        if let Ok(mut value) = HeaderValue::try_from(token.encode()) {
            value.set_sensitive(true);
            answer.headers_mut().insert(PIN_HEADER, value);
        }
        Ok(answer)
    }
}

impl Pins {
    pub(super) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let (sessions, tries) = (Mutex::default(), Mutex::default());
        Self { clock, random, sessions, tries, hashing: Semaphore::new(1) }
    }

    fn now(&self) -> std::time::Duration {
        self.clock.monotonic()
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn verify(
        &self,
        pin: PasswordHash,
        typed: credentials::Password,
    ) -> Result<bool, Problem> {
        let _turn = self.hashing.acquire().await.map_err(|_| Problem::Unreadable)?;
        let verdict = spawn_blocking(move || pin.verify(&typed)).await;
        Ok(matches!(verdict, Ok(Verdict::Right | Verdict::RightButWeak)))
    }
}

impl std::fmt::Debug for Pins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pins").finish_non_exhaustive()
    }
}

/// An empty answer with a status.
fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(forward::empty());
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests;
