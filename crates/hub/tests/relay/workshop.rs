//! A hub with Ada's agent and printer, connected over a tunnel in memory.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use backplane::Event;
use credentials::{PasswordHash, SessionToken};
use http::{Request, Response};
use hub::{Config, Hub, Parts};
use printer::{
    AccountId, AgentId, Clock, GrantId, Kind, Level, OsRandom, PrinterId, SessionId, SystemClock,
    Timestamp,
};
use rustls::ClientConfig;
use store::{Account, Agent, Grant, GrantScope, NewAccount, NewAgent, NewSession, Store};
use tempfile::TempDir;
use testkit::cable::Cable;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;
use tunnel::{ALPN_BULK, ALPN_TUNNEL, Identity, Limits, PublicKey};

use crate::{
    browser::Browser,
    printer_side::{OverBulk, PrinterSide},
};

/// How long somebody stays signed in.
pub(crate) const SESSION: Duration = Duration::from_hours(1);

/// The machine's clock, which can be put forward.
pub(crate) struct TestClock(SystemClock, AtomicU64);

impl TestClock {
    pub(crate) fn pass(&self, time: Duration) {
        self.1.fetch_add(u64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    fn ahead(&self) -> Duration {
        Duration::from_micros(self.1.load(Ordering::SeqCst))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.now().plus(self.ahead())
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic() + self.ahead()
    }
}

pub(crate) struct Workshop {
    pub(crate) hub: Hub,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ada: Account,
    pub(crate) agent: Agent,
    pub(crate) identity: Identity,
    pub(crate) printer: PrinterId,
    pub(crate) side: PrinterSide,
    /// Between agent and hub.
    pub(crate) cable: Cable,
    /// The same for second connections.
    pub(crate) bulk: Cable,
    pub(crate) stop: CancellationToken,
    _data: TempDir,
}

impl Workshop {
    /// Ada's printer is online.
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    /// The same, at a hub with this configuration.
    pub(crate) async fn with(config: Config) -> Self {
        let workshop = Self::offline_with(config).await;
        workshop.connect().await;
        workshop
    }

    /// Ada's agent can open a second connection, and does when it is asked to.
    pub(crate) async fn with_bulk(config: Config) -> Self {
        let workshop = Self::offline_with(config).await;
        let mut tokens = workshop.side.knows_bulk();
        workshop.connect().await;
        let (hub, bulk, stop) =
            (workshop.hub.clone(), workshop.bulk.clone(), workshop.stop.clone());
        let (config, side) =
            (workshop.config(&workshop.identity, ALPN_BULK), workshop.side.clone());
        tokio::spawn(async move {
            while let Some(token) = tokens.recv().await {
                let io = dial(&hub, &bulk);
                tokio::spawn(second_end(config.clone(), io, token, side.clone(), stop.clone()));
            }
        });
        workshop
    }

    /// Ada's agent is linked but was never connected.
    pub(crate) async fn offline() -> Self {
        Self::offline_with(Config::default()).await
    }

    async fn offline_with(config: Config) -> Self {
        Self::made(config, &[]).await
    }

    /// Ada's agent is connected and has one more printer.
    pub(crate) async fn with_another(config: Config, other: (PrinterId, &str, Kind)) -> Self {
        let workshop = Self::made(config, &[other]).await;
        workshop.connect().await;
        workshop
    }

    async fn made(config: Config, others: &[(PrinterId, &str, Kind)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(SystemClock::new(), AtomicU64::new(0)));
        let hubs: Arc<TestClock> = Arc::clone(&clock);
        let folder = data.path().to_owned();
        let parts = Parts { data: folder, clock: hubs, random: Arc::new(OsRandom) };
        let hub = Hub::build(config, parts).await.unwrap();
        let ada = account(hub.store(), "ada@example.org").await;
        let identity = Identity::generate().unwrap();
        let agent = link(hub.store(), &ada, identity.public_key()).await;
        let printer = PrinterId::new(&SystemClock::new(), &OsRandom);
        let first = (printer, "Prusa in the cellar", Kind::OctoPrint);
        let side = PrinterSide::new(&[&[first], others].concat());
        let (cable, bulk, stop) = (Cable::new(), Cable::new(), CancellationToken::new());
        Self { hub, clock, ada, agent, identity, printer, side, cable, bulk, stop, _data: data }
    }

    /// Lets the hub do what it does beside answering: it listens, and looks after its store.
    pub(crate) fn serve(&self) {
        let (hub, stop) = (self.hub.clone(), self.stop.clone());
        let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = edge::bind(any, None).unwrap();
        tokio::spawn(async move { hub.serve(listeners, stop).await });
    }

    /// Connects the agent, and waits until its printers are known.
    pub(crate) async fn connect(&self) {
        let mut events = self.hub.backplane().events();
        self.dial(&self.identity, &self.side);
        let known = async {
            while events.recv().await.unwrap() != Event::PrintersChanged(self.agent.id) {}
        };
        soon(known).await;
    }

    /// Lets an agent with this key dial in. Ends when the hub has done with it.
    pub(crate) fn dial(&self, identity: &Identity, side: &PrinterSide) -> JoinHandle<()> {
        let (io, config) = (dial(&self.hub, &self.cable), self.config(identity, ALPN_TUNNEL));
        tokio::spawn(agent_end(config, io, side.clone(), self.stop.clone()))
    }

    /// How whoever has this key connects.
    pub(crate) fn config(&self, identity: &Identity, alpn: &'static [u8]) -> Arc<ClientConfig> {
        tunnel::client_config(identity, self.hub.key().fingerprint(), alpn).unwrap()
    }

    pub(crate) async fn label(&self) -> String {
        self.hub.store().printer(self.printer).await.unwrap().unwrap().label
    }

    /// Another person, with or without a level on the printer.
    pub(crate) async fn other(&self, email: &str, level: Option<Level>) -> Account {
        let account = account(self.hub.store(), email).await;
        if let Some(level) = level {
            self.grant(account.id, level).await;
        }
        account
    }

    pub(crate) async fn grant(&self, account: AccountId, level: Level) -> GrantId {
        self.grant_on(self.printer, account, level).await
    }

    pub(crate) async fn grant_on(
        &self,
        printer: PrinterId,
        account: AccountId,
        level: Level,
    ) -> GrantId {
        let clock = SystemClock::new();
        let grant = Grant {
            id: GrantId::new(&clock, &OsRandom),
            account,
            scope: GrantScope::Printer(printer),
            level,
            until: None,
            created: clock.now(),
        };
        self.hub.store().add_grant(&grant).await.unwrap();
        grant.id
    }

    /// A browser in which this person is signed in at the dashboard.
    pub(crate) async fn signed_in(&self, account: &Account) -> Browser {
        let clock = SystemClock::new();
        let token = SessionToken::new(&OsRandom);
        let session = NewSession {
            id: SessionId::new(&clock, &OsRandom),
            account: account.id,
            device: "Firefox".to_owned(),
            address: IpAddr::from([203, 0, 113, 7]),
            expires: clock.now().plus(SESSION),
            token: token.digest(),
        };
        self.hub.store().create_session(&session, clock.now()).await.unwrap();
        let mut browser = self.stranger();
        browser.session = Some(session.id);
        browser.keep("layerlock.localhost:3443", "__Host-layerlock", &token.encode());
        browser
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn stranger(&self) -> Browser {
        Browser::new(self.hub.clone())
    }

    /// A browser in which Ada has the printer's own page open.
    pub(crate) async fn ada_at_the_printer(&self) -> Browser {
        let mut browser = self.signed_in(&self.ada).await;
        let page = browser.enter(&self.label().await, "/").await;
        assert_eq!(page.status, 200, "{}", page.body);
        self.side.forget();
        browser
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// One end of a connection over a cable, of which the hub has the other.
pub(crate) fn dial(hub: &Hub, cable: &Cable) -> DuplexStream {
    let (agents, hubs) = cable.pipe();
    let hub = hub.clone();
    tokio::spawn(async move { hub.attach(hubs).await });
    agents
}

/// Proves both keys.
pub(crate) async fn prove<Io: AsyncRead + AsyncWrite + Unpin>(
    config: Arc<ClientConfig>,
    io: Io,
) -> std::io::Result<TlsStream<Io>> {
    let name = rustls::pki_types::ServerName::try_from("hub.internal").unwrap();
    TlsConnector::from(config).connect(name, io).await
}

/// The agent's end of a second connection, on which it shows a token.
pub(crate) async fn second_end(
    config: Arc<ClientConfig>,
    io: DuplexStream,
    token: String,
    side: PrinterSide,
    stop: CancellationToken,
) {
    let Ok(tls) = prove(config, io).await else { return };
    let parting = side.parting();
    let handler = move |mut request: Request<tunnel::Body>| {
        let (side, token) = (side.clone(), token.clone());
        request.extensions_mut().insert(OverBulk);
        async move {
            match request.uri().path() {
                wire::BULK_PATH => Response::new(forward::full(token)),
                _ => side.answer(request).await,
            }
        }
    };
    tokio::select! {
        _ = tunnel::serve_with(tls, Limits::BULK, handler, parting) => {}
        () = stop.cancelled() => {}
    }
}

/// The agent's end of a tunnel.
pub(crate) async fn agent_end<Io>(
    config: Arc<ClientConfig>,
    io: Io,
    side: PrinterSide,
    stop: CancellationToken,
) where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if let Ok(tls) = prove(config, io).await {
        serve_as_agent(tls, side, stop).await;
    }
}

/// The same, once both keys are proven.
pub(crate) async fn serve_as_agent<Io>(
    tls: TlsStream<Io>,
    side: PrinterSide,
    stop: CancellationToken,
) where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handler = move |request| {
        let side = side.clone();
        async move { side.answer(request).await }
    };
    tokio::select! {
        _ = tunnel::serve(tls, handler, CancellationToken::new()) => {}
        () = stop.cancelled() => {}
    }
}

async fn account(store: &Store, email: &str) -> Account {
    let clock = SystemClock::new();
    let account = NewAccount {
        id: AccountId::new(&clock, &OsRandom),
        email: email.parse().unwrap(),
        name: None,
        password: PasswordHash::decoy().clone(),
        administrator: false,
    };
    store.create_account(&account, clock.now()).await.unwrap()
}

async fn link(store: &Store, owner: &Account, key: PublicKey) -> Agent {
    let clock = SystemClock::new();
    let agent = NewAgent {
        id: AgentId::new(&clock, &OsRandom),
        owner: Some(owner.id),
        name: "Workshop".parse().unwrap(),
        key: key.as_spki().to_vec(),
    };
    store.link_agent(&agent, clock.now()).await.unwrap()
}

/// Waits for what has to happen.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), what).await.expect("it didn't happen in time")
}

/// Asks again and again until it is so.
pub(crate) async fn until(mut so: impl AsyncFnMut() -> bool) {
    soon(async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// Waits for what has to happen while tokio's clock, which is paused, stands still.
pub(crate) async fn at_once<T>(what: impl Future<Output = T>) -> T {
    let (clock, mut what) = (SystemClock::new(), std::pin::pin!(what));
    loop {
        // Whoever has something to do keeps the paused clock from going on by itself.
        tokio::select! {
            biased;
            done = &mut what => return done,
            () = tokio::task::yield_now() => {}
        }
        assert!(clock.monotonic() < Duration::from_secs(20), "it didn't happen at once");
    }
}
