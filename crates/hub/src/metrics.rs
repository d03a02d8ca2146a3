//! What a hub counts for its operator, in the text format of Prometheus (`OpenMetrics`). Labels have
//! few, fixed values: no account, printer or address is ever one of them, because whoever reads
//! the metrics need not be allowed to know about people and printers.

mod body;
mod door;

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

pub(crate) use body::Measured;
pub(crate) use door::serve;

use crate::state::State;

/// Seconds, from a cached page to a printer that thinks.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0];

/// Everything that is counted. What the hub knows anyway is looked up when it is asked for.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<At, Histogram>,
    sign_ins: Family<SignedIn, Counter>,
    relayed: Family<Towards, Counter>,
    agents: Gauge,
    printers: Gauge,
    event_streams: Gauge,
    passwords: Gauge,
    unread: Gauge,
    given_up: Gauge,
}

/// Where a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Place {
    Dashboard,
    Printer,
    UnknownHost,
}

/// How an attempt to sign in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum SignIn {
    Right,
    Wrong,
    Limited,
    Busy,
}

/// Which way a relayed body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Direction {
    ToPrinter,
    FromPrinter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    site: Place,
    /// Its hundreds: 4 for 404.
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct At {
    site: Place,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignedIn {
    result: SignIn,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Towards {
    direction: Direction,
}

impl Metrics {
    /// Nothing was counted yet.
    pub(crate) fn new() -> Arc<Self> {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix("layerlock"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            sign_ins: Family::default(),
            relayed: Family::default(),
            agents: Gauge::default(),
            printers: Gauge::default(),
            event_streams: Gauge::default(),
            passwords: Gauge::default(),
            unread: Gauge::default(),
            given_up: Gauge::default(),
        };
        metrics.register();
        Arc::new(metrics)
    }

    fn register(&mut self) {
        let Self { registry, requests, seconds, sign_ins, relayed, .. } = self;
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "This program", version);
        registry.register("requests", "Answers, by site and hundreds of status", requests.clone());
        registry.register(
            "request_seconds",
            "Time until the head of an answer, by site",
            seconds.clone(),
        );
        registry.register("sign_ins", "Attempts to sign in, by result", sign_ins.clone());
        registry.register(
            "relayed_bytes",
            "Bodies of relayed requests and answers, WebSockets aside",
            relayed.clone(),
        );
        registry.register("agents_online", "Agents that are connected", self.agents.clone());
        registry.register("printers_online", "Printers that answer", self.printers.clone());
        registry.register(
            "event_streams",
            "Open event streams of dashboards",
            self.event_streams.clone(),
        );
        registry.register("passwords_hashed", "Since the start", self.passwords.clone());
        registry.register(
            "unread_bytes",
            "Of printers' answers, waiting in memory for visitors",
            self.unread.clone(),
        );
        registry.register(
            "answers_given_up",
            "Left unread for longest when memory for them was spent, since the start",
            self.given_up.clone(),
        );
    }

    /// A request was answered.
    pub(crate) fn answered(&self, site: Place, status: StatusCode, after: Duration) {
        let status = status.as_u16() / 100;
        self.requests.get_or_create(&Answered { site, status }).inc();
        self.seconds.get_or_create(&At { site }).observe(after.as_secs_f64());
    }

    /// Somebody tried to sign in.
    pub(crate) fn signed_in(&self, result: SignIn) {
        self.sign_ins.get_or_create(&SignedIn { result }).inc();
    }

    /// A body that is counted while it is read.
    pub(crate) fn measure<B>(&self, direction: Direction, body: B) -> Measured<B> {
        let bytes = self.relayed.get_or_create(&Towards { direction }).clone();
        Measured { body, bytes }
    }

    /// All of it as text, together with what the hub knows at this moment.
    pub(crate) fn text(&self, hub: &State) -> Result<String, std::fmt::Error> {
        let census = hub.backplane.presence().census();
        set(&self.agents, census.agents);
        set(&self.printers, census.printers);
        set(&self.event_streams, hub.streams.count());
        self.passwords.set(i64::try_from(hub.hashing.computed()).unwrap_or(i64::MAX));
        set(&self.unread, hub.tunnels.unread.0.held());
        self.given_up.set(i64::try_from(hub.tunnels.unread.0.given_up()).unwrap_or(i64::MAX));
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

fn set(gauge: &Gauge, count: usize) {
    gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
}
