//! A hub for a test, and browsers that visit it.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use audit::{Dial, TcpDial};
use axum::body::{Body, to_bytes};
use backplane::{Arrival, Event};
use edge::TrustedProxies;
use http::{HeaderMap, Method, Request, StatusCode, header};
use hub::{Config, Hub, Parts, admin::NewUser};
use printer::{AgentId, Clock, GrantId, Kind, Level, OsRandom, PrinterId, Timestamp};
use serde_json::Value;
use store::{Account, Agent, Grant, GrantScope, NewAgent, ReportedPrinter};
use tempfile::TempDir;
use tunnel::Identity;

pub(crate) const ADA: &str = "ada@example.org";
pub(crate) const BEN: &str = "ben@example.org";
pub(crate) const PASSWORD: &str = "quiet-otters-print-benchies";

/// A clock that goes only when it is told to.
#[derive(Default)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn pass(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    /// 2026-11-22 10:00 UTC, and what has passed since.
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(1_795_341_600_000_000).plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A hub with a store of its own.
pub(crate) struct House {
    pub(crate) hub: Hub,
    pub(crate) clock: Arc<TestClock>,
    trusted: TrustedProxies,
    _data: TempDir,
}

impl House {
    /// A hub that nobody has set up.
    pub(crate) async fn empty() -> Self {
        Self::dialing(Arc::new(TcpDial)).await
    }

    /// The same, with somebody else's Internet.
    pub(crate) async fn dialing(dial: Arc<dyn Dial>) -> Self {
        Self::built(dial, "").await
    }

    async fn built(dial: Arc<dyn Dial>, proxy: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::default());
        let hub = build(data.path(), &clock, dial, proxy).await;
        Self { hub, clock, trusted: proxy.parse().unwrap(), _data: data }
    }

    /// A hub with Ada, who administers it.
    pub(crate) async fn new() -> Self {
        Self::behind("").await
    }

    /// The same, with a proxy that its operator listed.
    pub(crate) async fn behind(proxy: &str) -> Self {
        let house = Self::built(Arc::new(TcpDial), proxy).await;
        house.add(ADA).await;
        house
    }

    pub(crate) async fn add(&self, email: &str) -> Account {
        let user = NewUser {
            email: email.parse().unwrap(),
            name: None,
            password: PASSWORD.parse().unwrap(),
            administrator: email == ADA,
        };
        self.hub.admin().add_user(user).await.unwrap()
    }

    pub(crate) async fn account(&self, email: &str) -> Account {
        let found = self.hub.store().account_by_email(&email.parse().unwrap()).await.unwrap();
        found.unwrap().0
    }

    /// Someone who isn't signed in, at this machine.
    pub(crate) fn stranger(&self) -> Browser<'_> {
        Browser {
            house: self,
            host: "layerlock.localhost:3443".to_owned(),
            address: IpAddr::from([127, 0, 0, 1]),
            cookie: None,
            forwarded_for: None,
        }
    }

    /// Somebody who has just signed in, at this machine.
    pub(crate) async fn signed_in(&self, email: &str) -> Browser<'_> {
        let mut browser = self.stranger();
        let answer = browser.sign_in(email, PASSWORD).await;
        assert_eq!(answer.status, 200, "{answer}");
        browser
    }

    /// Ada's agent with one printer, not connected.
    pub(crate) async fn agent(&self) -> (Agent, PrinterId) {
        let owner = self.account(ADA).await.id;
        let now = self.clock.now();
        let key = Identity::generate().unwrap().public_key().as_spki().to_vec();
        let id = AgentId::new(self.clock.as_ref(), &OsRandom);
        let name = "Workshop".parse().unwrap();
        let new = NewAgent { id, owner: Some(owner), name, key };
        let agent = self.hub.store().link_agent(&new, now).await.unwrap();
        let printer = PrinterId::new(self.clock.as_ref(), &OsRandom);
        let name = "Prusa in the cellar".parse().unwrap();
        let report = [ReportedPrinter { id: printer, name, kind: Kind::OctoPrint }];
        let label = || "abcdefghijklmnop".to_owned();
        self.hub.store().report_printers(&agent, &report, &label, now).await.unwrap();
        (agent, printer)
    }

    /// Connects an agent, with its printer online, until the arrival is dropped.
    pub(crate) fn connect(&self, agent: &Agent, printer: PrinterId) -> Arrival {
        let arrival = self.hub.backplane().presence().arrive(agent.id);
        arrival.report(vec![printer], std::collections::HashMap::new());
        arrival
    }

    /// Gives a grant and says so, as the hub does.
    pub(crate) async fn grant(&self, email: &str, printer: PrinterId, level: Level) -> GrantId {
        let account = self.account(email).await.id;
        let grant = Grant {
            id: GrantId::new(self.clock.as_ref(), &OsRandom),
            account,
            scope: GrantScope::Printer(printer),
            level,
            until: None,
            created: self.clock.now(),
        };
        self.hub.store().add_grant(&grant).await.unwrap();
        self.hub.backplane().publish(Event::GrantsChanged(account));
        grant.id
    }
}

async fn build(data: &Path, clock: &Arc<TestClock>, dial: Arc<dyn Dial>, proxy: &str) -> Hub {
    let clock: Arc<TestClock> = Arc::clone(clock);
    let parts = Parts { data: data.to_owned(), clock, random: Arc::new(OsRandom) };
    let config = Config {
        names: vec!["Hub.example".to_owned(), "workshop.local".to_owned()],
        trusted_proxies: vec![proxy.to_owned()],
        ..Config::default()
    };
    Hub::build_dialing(config, parts, dial).await.unwrap()
}

/// A browser with at most the session cookie.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    house: &'a House,
    pub(crate) host: String,
    pub(crate) address: IpAddr,
    pub(crate) cookie: Option<String>,
    /// What it, or a proxy that it comes through, claims about its address.
    pub(crate) forwarded_for: Option<&'static str>,
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.with_json(Method::POST, path, &body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.with_json(Method::PUT, path, &body)).await
    }

    /// Signs in and keeps the cookie.
    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "email": email, "password": password });
        let answer = self.post("/api/v1/session", body).await;
        self.cookie = answer.session_cookie().or(self.cookie.take());
        answer
    }

    pub(crate) fn with_json(&self, method: Method, path: &str, body: &Value) -> Request<Body> {
        let request = self.request(method, path).header(header::CONTENT_TYPE, "application/json");
        request.body(Body::from(body.to_string())).unwrap()
    }

    /// A request as a page of the dashboard makes it.
    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::USER_AGENT, "Firefox/140")
            .header("sec-fetch-site", "same-origin");
        if method != Method::GET {
            request = request.header(header::ORIGIN, format!("https://{}", self.host));
        }
        if let Some(address) = self.forwarded_for {
            request = request.header("x-forwarded-for", address);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("__Host-layerlock={cookie}"));
        }
        request.method(method)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.open(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1024 * 1024).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a request and leaves the answer's body open.
    pub(crate) async fn open(&self, mut request: Request<Body>) -> http::Response<Body> {
        let local = SocketAddr::from(([127, 0, 0, 1], 3443));
        let peer = SocketAddr::new(self.address, 50_000);
        let connection = self.house.trusted.connection(request.headers(), peer, local);
        request.extensions_mut().insert(connection);
        self.house.hub.answer(request).await
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The value of a session cookie that was set.
    pub(crate) fn session_cookie(&self) -> Option<String> {
        let line = self.headers.get(header::SET_COOKIE)?.to_str().unwrap();
        let value = line.strip_prefix("__Host-layerlock=")?.split(';').next()?;
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// Status and JSON, with every id replaced, for snapshots.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match serde_json::from_str::<Value>(&self.body) {
            Ok(mut json) => {
                hide_ids(&mut json);
                serde_json::to_string_pretty(&json).unwrap()
            }
            Err(_) => self.body.clone(),
        };
        write!(f, "{}\n{shown}", self.status.as_u16())
    }
}

fn hide_ids(json: &mut Value) {
    match json {
        Value::String(text) if text.parse::<PrinterId>().is_ok() => "[id]".clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(hide_ids),
        Value::Object(values) => values.values_mut().for_each(hide_ids),
        _ => {}
    }
}
