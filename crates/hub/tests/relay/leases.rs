//! Taking a right away ends what hangs on it (AC-11): the table of all ways to lose a right and
//! of all that may be open then, and what somebody tries who wants to keep a little of it.

mod database;
mod promptness;
mod races;

use std::{fmt::Debug, time::Duration};

use axum::body::Body;
use backplane::Event;
use credentials::PasswordHash;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use hub::{Config, admin::NewGrant};
use printer::{Clock, GrantId, Level, OsRandom};
use store::{Account, Grant, GrantScope};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::broadcast::Receiver,
    task::JoinHandle,
    time::timeout,
};
use tunnel::Identity;

use crate::{
    agents::replace,
    browser::Browser,
    printer_side::Seen,
    sockets::connect,
    workshop::{SESSION, Workshop, soon, until},
};

const DASHBOARD: &str = "layerlock.localhost:3443";
const IDLE: Duration = Duration::from_mins(20);
const GRANTED: Duration = Duration::from_mins(10);

/// A way to lose a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    SignedOut,
    SignedOutElsewhere,
    PasswordChanged,
    GrantRemoved,
    GrantRanOut,
    LevelLowered,
    AccountDisabled,
    AgentUnlinked,
    AgentReplaced,
    SessionExpired,
    SessionWentIdle,
}

/// What then becomes of the dashboard's live news. All else always ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    End,
    /// They say so.
    Change,
}

const TABLE: [(Loss, News); 11] = [
    (Loss::SignedOut, News::End),
    (Loss::SignedOutElsewhere, News::End),
    (Loss::PasswordChanged, News::End),
    (Loss::GrantRemoved, News::Change),
    (Loss::GrantRanOut, News::Change),
    (Loss::LevelLowered, News::Change),
    (Loss::AccountDisabled, News::End),
    (Loss::AgentUnlinked, News::Change),
    (Loss::AgentReplaced, News::Change),
    (Loss::SessionExpired, News::End),
    (Loss::SessionWentIdle, News::End),
];

/// Ben, who may control Ada's printer for a while.
struct Guest {
    workshop: Workshop,
    ben: Account,
    grant: GrantId,
    browser: Browser,
    host: String,
    /// An answer that never ends.
    endless: &'static str,
}

/// Everything that Ben has open.
struct Open {
    download: Body,
    upload: JoinHandle<StatusCode>,
    _uploading: forward::BodySender,
    socket: DuplexStream,
    news: Body,
}

// covers: AC-11, AC-3, PM-2
#[tokio::test]
async fn whoever_loses_a_right_loses_what_is_open() {
    join_all(TABLE.map(|(loss, news)| async move {
        let mut guest = Guest::new(loss).await;
        let open = guest.open_everything().await;
        guest.lose(loss).await;
        open.ends(&guest, loss, news).await;
    }))
    .await;
}

// covers: AC-11, RL-7
#[tokio::test]
async fn whoever_loses_a_right_loses_what_is_open_on_the_second_connection() {
    join_all(TABLE.map(|(loss, news)| async move {
        let mut guest = Guest::with_bulk(loss).await;
        let open = guest.open_everything().await;
        for path in ["/upload", wire::HELD_PATH] {
            let is_there = |seen: &Seen| seen.path == path && seen.bulk;
            until(async || guest.workshop.side.seen().iter().any(is_there)).await;
        }
        guest.lose(loss).await;
        open.ends(&guest, loss, news).await;
    }))
    .await;
}

// covers: AC-11
#[tokio::test]
async fn websocket_past_absolute_expiry() {
    let mut guest = Guest::new(Loss::SessionExpired).await;
    let mut socket = guest.socket().await;
    // However much it is used, and the page beside it.
    for _ in 0..5 {
        guest.workshop.clock.pass(SESSION / 6);
        assert_eq!(guest.page().await, 200);
        echo(&mut socket).await;
    }
    guest.workshop.clock.pass(SESSION / 6);
    soon(closed(&mut socket)).await;
    assert_eq!(guest.page().await, 303, "to the sign-in");
}

// covers: AC-11
#[tokio::test]
async fn more_rights_end_nothing() {
    let mut guest = Guest::new(Loss::SignedOut).await;
    let mut open = guest.open_everything().await;
    guest.regrant(Level::Admin).await;
    let news = soon(next(&mut open.news, "printers")).await;
    assert!(news.unwrap().contains(r#""level":"admin""#));
    echo(&mut open.socket).await;
    guest.workshop.side.goes_on().await;
    assert_eq!(soon(open.download.frame()).await.unwrap().unwrap().into_data().unwrap(), "more");
    assert!(!open.upload.is_finished());
}

// covers: AC-11, RL-7
#[tokio::test]
async fn guest_queues_commands_behind_their_own_streams() {
    let mut guest = Guest::new(Loss::GrantRemoved).await;
    let mut held = Vec::new();
    for _ in 0..64 {
        held.push(guest.download().await);
    }
    guest.workshop.side.forget();
    let waiting: Vec<_> = (0..8).map(|_| guest.command()).collect();
    tokio::task::yield_now().await;
    // All 64 end, and make room.
    guest.workshop.hub.store().remove_grant(guest.grant).await.unwrap();
    guest.workshop.hub.backplane().publish(Event::GrantsChanged(guest.ben.id));
    for status in soon(join_all(waiting)).await {
        assert!(status.unwrap().is_client_error());
    }
    assert!(guest.workshop.side.seen().is_empty(), "{:?}", guest.workshop.side.seen());
}

fn config(loss: Loss) -> Config {
    let idle = if loss == Loss::SessionWentIdle { IDLE } else { SESSION * 2 };
    toml::from_str(&format!("[sessions]\nidle = \"{}s\"", idle.as_secs())).unwrap()
}

impl Guest {
    async fn new(loss: Loss) -> Self {
        Self::at(Workshop::with(config(loss)).await, loss).await
    }

    /// The same where large bodies have a connection of their own.
    async fn with_bulk(loss: Loss) -> Self {
        let guest = Self::at(Workshop::with_bulk(config(loss)).await, loss).await;
        Self { endless: "/camera", ..guest }
    }

    async fn at(workshop: Workshop, loss: Loss) -> Self {
        workshop.serve();
        Self::unwatched(workshop, loss).await
    }

    /// At a hub that doesn't look after its store: what it doesn't hear it never learns.
    async fn unwatched(workshop: Workshop, loss: Loss) -> Self {
        let ben = workshop.other("ben@example.org", None).await;
        let browser = workshop.signed_in(&ben).await;
        let host = format!("{}.localhost:3443", workshop.label().await);
        let grant = GrantId::new(workshop.clock.as_ref(), &OsRandom);
        let endless = "/stream";
        let mut guest = Self { workshop, ben, grant, browser, host, endless };
        let until = (loss == Loss::GrantRanOut).then_some(GRANTED);
        guest.grant(Level::Controls, until).await;
        let label = guest.workshop.label().await;
        assert_eq!(guest.browser.enter(&label, "/").await.status, 200);
        guest
    }

    async fn grant(&mut self, level: Level, lasts: Option<Duration>) {
        let now = self.workshop.clock.now();
        let grant = Grant {
            id: GrantId::new(self.workshop.clock.as_ref(), &OsRandom),
            account: self.ben.id,
            scope: GrantScope::Printer(self.workshop.printer),
            level,
            until: lasts.map(|lasts| now.plus(lasts)),
            created: now,
        };
        self.workshop.hub.store().add_grant(&grant).await.unwrap();
        self.grant = grant.id;
    }

    /// Another level instead, as `layerlock grant add` does.
    async fn regrant(&mut self, level: Level) {
        let admin = self.workshop.hub.admin();
        let (email, printer) = (self.ben.email.clone(), self.workshop.printer.to_string());
        let made = admin.add_grant(NewGrant { email, printer, level, until: None }).await;
        self.grant = made.unwrap().id;
    }

    async fn open_everything(&mut self) -> Open {
        let download = self.download().await;
        let (upload, uploading) = self.upload().await;
        let socket = self.socket().await;
        let request = self.browser.own(Method::GET, DASHBOARD, "/api/v1/events");
        let mut news = self.browser.open(request.body(Body::empty()).unwrap()).await.into_body();
        assert!(soon(next(&mut news, "printers")).await.is_some());
        Open { download, upload, _uploading: uploading, socket, news }
    }

    async fn download(&mut self) -> Body {
        let request = self.browser.own(Method::GET, &self.host, self.endless);
        let answer = soon(self.browser.open(request.body(Body::empty()).unwrap())).await;
        let mut body = answer.into_body();
        assert_eq!(soon(body.frame()).await.unwrap().unwrap().into_data().unwrap(), "first");
        body
    }

    /// An upload that has begun and never ends by itself.
    async fn upload(&self) -> (JoinHandle<StatusCode>, forward::BodySender) {
        let (uploading, body) = forward::channel();
        uploading.send("G28".into()).await.unwrap();
        let request = self.browser.own(Method::POST, &self.host, "/upload");
        let request = request.body(Body::new(body)).unwrap();
        let mut browser = self.browser.clone();
        let upload = tokio::spawn(async move { browser.open(request).await.status() });
        let has_begun = || self.workshop.side.seen().iter().any(|seen| seen.path == "/upload");
        until(async || has_begun()).await;
        (upload, uploading)
    }

    async fn socket(&self) -> DuplexStream {
        let origin = format!("https://{}", self.host);
        let socket = connect(&self.workshop, &self.browser, "/websocket", Some(&origin)).await;
        let mut socket = socket.unwrap().into_inner();
        echo(&mut socket).await;
        socket
    }

    /// The printer hears that what was open has ended.
    async fn hears_the_end(&self) {
        self.workshop.side.all_streams_closed().await;
        self.workshop.side.cancelled().await;
    }

    async fn page(&mut self) -> StatusCode {
        self.browser.go(&self.host, "/").await.status
    }

    fn command(&self) -> JoinHandle<StatusCode> {
        let request = self.browser.own(Method::POST, &self.host, "/api/printer/tool");
        let request = request.body(Body::from("{}")).unwrap();
        let mut browser = self.browser.clone();
        tokio::spawn(async move { browser.open(request).await.status() })
    }

    async fn lose(&mut self, loss: Loss) {
        let Self { workshop, ben, .. } = self;
        let (store, clock) = (workshop.hub.store().clone(), workshop.clock.clone());
        match loss {
            Loss::SignedOut => sign_out(&mut self.browser.clone(), "/api/v1/session").await,
            Loss::SignedOutElsewhere => {
                sign_out(&mut workshop.signed_in(ben).await, "/api/v1/sessions").await;
            }
            Loss::PasswordChanged => {
                let hash = PasswordHash::decoy();
                drop(store.set_password(ben.id, hash, None).await.unwrap());
            }
            Loss::GrantRemoved => drop(store.remove_grant(self.grant).await.unwrap()),
            Loss::GrantRanOut => {
                settled(workshop.hub.backplane().events()).await;
                clock.pass(GRANTED);
            }
            Loss::LevelLowered => self.regrant(Level::View).await,
            Loss::AccountDisabled => drop(store.set_disabled(ben.id, true).await.unwrap()),
            Loss::AgentUnlinked => {
                let mut owner = workshop.signed_in(&workshop.ada).await;
                sign_out(&mut owner, &format!("/api/v1/agents/{}", workshop.agent.id)).await;
            }
            Loss::AgentReplaced => {
                replace(workshop, Identity::generate().unwrap().public_key().as_spki()).await;
            }
            Loss::SessionExpired => clock.pass(SESSION),
            Loss::SessionWentIdle => {
                // What an open stream says is no use of the session.
                clock.pass(IDLE / 2);
                workshop.side.goes_on().await;
                clock.pass(IDLE / 2);
            }
        }
    }
}

impl Open {
    async fn ends(mut self, guest: &Guest, loss: Loss, news: News) {
        soon(async {
            self.ends_for_the_visitor(loss).await;
            let told = next(&mut self.news, "printers").await;
            assert_eq!(told.is_some(), news == News::Change, "{loss:?}: {told:?}");
            guest.hears_the_end().await;
        })
        .await;
    }

    async fn ends_for_the_visitor(&mut self, why: impl Debug) {
        let download = std::mem::take(&mut self.download);
        assert!(download.collect().await.is_err(), "{why:?}: it looks whole");
        let status = (&mut self.upload).await.unwrap();
        assert!(!status.is_success(), "{why:?}: the upload got {status}");
        closed(&mut self.socket).await;
    }
}

/// The printer says what it hears, whatever that is.
async fn echo(socket: &mut DuplexStream) {
    let mut heard = [0; 4];
    socket.write_all(b"M105").await.unwrap();
    soon(socket.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"M105");
}

async fn closed(socket: &mut DuplexStream) {
    let rest = socket.read(&mut [0; 4]).await;
    assert!(rest.is_err() || rest.is_ok_and(|length| length == 0));
}

/// Waits until the hub has seen all that was changed before: it looks every half second, and says
/// so to whoever has a right when there was something. From then on only the clock can tell it
/// that one is over.
async fn settled(mut events: Receiver<Event>) {
    let quiet = Duration::from_secs(2);
    while timeout(quiet, grants_changed(&mut events)).await.is_ok() {}
}

async fn grants_changed(events: &mut Receiver<Event>) {
    while !matches!(events.recv().await, Ok(Event::GrantsChanged(_))) {}
}

/// One thing of one's own is given up.
async fn sign_out(browser: &mut Browser, path: &str) {
    let request = browser.own(Method::DELETE, DASHBOARD, path);
    assert_eq!(browser.send(request, Body::empty()).await.status, 204, "{path}");
}

/// The next event of this kind; none when there will be no more.
async fn next(news: &mut Body, kind: &str) -> Option<String> {
    loop {
        let message = news.frame().await?.ok()?.into_data().ok()?;
        let message = String::from_utf8(message.to_vec()).unwrap();
        if message.starts_with(&format!("event: {kind}\n")) {
            return Some(message);
        }
    }
}
