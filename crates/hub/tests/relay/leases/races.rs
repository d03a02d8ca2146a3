//! Revocations that fall into an opening. The hub here doesn't look after its store, so nothing
//! ends late by itself what got through; and the test decides how far an opening has come when the
//! right is taken away, so that it goes through every moment of it.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

use axum::body::Body;
use backplane::Event;
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt;
use hub::Config;
use printer::{AccountId, Level, OsRandom};
use tokio::{io::DuplexStream, sync::Notify, task::JoinHandle};

use super::{Guest, Loss, closed};
use crate::{
    sockets::{dial_to, shake_hands_on},
    workshop::{Workshop, soon, until},
};

/// How often something may go on after a wait.
#[derive(Clone)]
struct Steps(Arc<Inner>);

struct Inner {
    /// None: as often as it likes.
    left: Mutex<Option<usize>>,
    held: Mutex<Option<Waker>>,
    used_up: Notify,
}

impl Steps {
    fn new(count: usize) -> Self {
        let (left, held) = (Mutex::new(Some(count)), Mutex::default());
        Self(Arc::new(Inner { left, held, used_up: Notify::new() }))
    }

    /// Does this as far as the steps go.
    fn take<F: Future>(&self, what: F) -> impl Future<Output = F::Output> + use<F> {
        let (steps, mut what) = (self.clone(), Box::pin(what));
        poll_fn(move |cx| {
            if !steps.may_go_on() {
                *steps.0.held.lock().unwrap() = Some(cx.waker().clone());
                steps.0.used_up.notify_one();
                return Poll::Pending;
            }
            what.as_mut().poll(cx)
        })
    }

    fn may_go_on(&self) -> bool {
        match &mut *self.0.left.lock().unwrap() {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    /// Waits until it could go on, and may not.
    async fn used_up(&self) {
        self.0.used_up.notified().await;
    }

    /// It may go on as often as it likes.
    fn end(&self) {
        *self.0.left.lock().unwrap() = None;
        if let Some(held) = self.0.held.lock().unwrap().take() {
            held.wake();
        }
    }
}

/// Something that is opened step by step.
enum Opening {
    Download(JoinHandle<Response<Body>>),
    Upload(JoinHandle<StatusCode>, forward::BodySender),
    Socket(JoinHandle<Option<DuplexStream>>),
}

#[derive(Clone, Copy)]
enum What {
    Download,
    Upload,
    Socket,
}

impl Opening {
    async fn begin(guest: &Guest, what: What, steps: &Steps) -> Self {
        let mut browser = guest.browser.clone();
        match what {
            What::Download => {
                let request = browser.own(Method::GET, &guest.host, guest.endless);
                let request = request.body(Body::empty()).unwrap();
                Self::Download(tokio::spawn(steps.take(async move { browser.open(request).await })))
            }
            What::Upload => {
                let (uploading, body) = forward::channel();
                uploading.send("G28".into()).await.unwrap();
                let request = browser.own(Method::POST, &guest.host, "/upload");
                let request = request.body(Body::new(body)).unwrap();
                let status = async move { browser.open(request).await.status() };
                Self::Upload(tokio::spawn(steps.take(status)), uploading)
            }
            What::Socket => {
                let (hub, steps) = (guest.workshop.hub.clone(), steps.clone());
                let (label, host) = (guest.workshop.label().await, guest.host.clone());
                let connection = dial_to(move |request| {
                    let hub = hub.clone();
                    steps.take(async move { hub.answer(request).await })
                });
                Self::Socket(tokio::spawn(async move {
                    let origin = format!("https://{host}");
                    let (path, origin) = ("/websocket", Some(origin.as_str()));
                    let socket = shake_hands_on(connection, &label, &browser, path, origin).await;
                    socket.ok().map(|(socket, _)| socket.into_inner())
                }))
            }
        }
    }

    /// Waits until it is open.
    async fn is_through(&self, guest: &Guest) {
        until(async || match self {
            Self::Download(answer) => answer.is_finished(),
            Self::Upload(..) => !guest.workshop.side.seen().is_empty(),
            Self::Socket(socket) => socket.is_finished(),
        })
        .await;
    }

    /// Waits until nothing of it is open.
    async fn ends(self) {
        match self {
            Self::Download(answer) => drop(answer.await.unwrap().into_body().collect().await),
            Self::Upload(status, _uploading) => assert!(!status.await.unwrap().is_success()),
            Self::Socket(socket) => {
                if let Some(mut socket) = socket.await.unwrap() {
                    closed(&mut socket).await;
                }
            }
        }
    }
}

/// Takes the right away as the API does, in the store and by a word to all who listen.
async fn lose(guest: &Guest, loss: Loss) {
    let (store, backplane) = (guest.workshop.hub.store(), guest.workshop.hub.backplane());
    if loss == Loss::GrantRemoved {
        store.remove_grant(guest.grant).await.unwrap();
        backplane.publish(Event::GrantsChanged(guest.ben.id));
    } else {
        let session = guest.browser.session.unwrap();
        assert!(store.end_session(guest.ben.id, session).await.unwrap());
        backplane.end_session(session);
    }
}

async fn regain(guest: &mut Guest, loss: Loss) {
    if loss == Loss::GrantRemoved {
        guest.regrant(Level::Controls).await;
    } else {
        guest.browser = guest.workshop.signed_in(&guest.ben).await;
        let label = guest.workshop.label().await;
        assert_eq!(guest.browser.enter(&label, "/").await.status, 200);
    }
}

/// Takes the right away when an opening has gone so many steps. Returns whether it was through.
async fn race(guest: &mut Guest, what: What, loss: Loss, count: usize) -> bool {
    guest.workshop.side.forget();
    let steps = Steps::new(count);
    let opening = Opening::begin(guest, what, &steps).await;
    let through = tokio::select! {
        () = steps.used_up() => false,
        () = opening.is_through(guest) => true,
    };
    lose(guest, loss).await;
    steps.end();
    soon(opening.ends()).await;
    regain(guest, loss).await;
    through
}

// covers: AC-11
#[tokio::test]
async fn revocation_at_every_moment_of_an_opening() {
    let mut guest = Guest::unwatched(Workshop::new().await, Loss::SignedOut).await;
    let whats = [What::Download, What::Upload, What::Socket];
    let losses = [Loss::GrantRemoved, Loss::SignedOut];
    let all = whats.into_iter().flat_map(|what| losses.map(|loss| (what, loss)));
    let mut moments = 0;
    // How long the store thinks differs, and with it where an opening waits.
    for (what, loss) in all.cycle().take(6 * 3) {
        let mut steps = 0;
        while !race(&mut guest, what, loss, steps).await {
            steps += 1;
        }
        moments += steps;
    }
    assert!(moments >= 6 * 3 * 2, "an opening waits for its store more often: {moments}");
}

// covers: AC-11
#[tokio::test]
async fn revocation_message_lost() {
    let workshop = Workshop::with(Config::default()).await;
    let mut guest = Guest::unwatched(workshop, Loss::SignedOut).await;
    let download = guest.download().await;
    let hub = guest.workshop.hub.clone();
    lose(&guest, Loss::GrantRemoved).await;
    // No task comes in between, so the first of these push that message out.
    let other = AccountId::new(guest.workshop.clock.as_ref(), &OsRandom);
    for _ in 0..=Event::BUFFERED {
        hub.backplane().publish(Event::GrantsChanged(other));
    }
    assert!(soon(download.collect()).await.is_err(), "whoever missed something looks again");
}
