//! What every handler of a running hub can reach.

use std::sync::Arc;

use backplane::Backplane;
use edge::TrustedProxies;
use printer::{Clock, Random};
use store::Store;
use tokio::sync::watch;
use tunnel::Identity;

use crate::{
    Config, api::Streams, exposure::Exposure, hashing::Hashing, metrics::Metrics, origins::Origins,
    proxies::Proxies, rotation::Announcement, tunnels::Tunnels,
};

/// The state of a running hub.
pub(crate) struct State {
    /// What is kept.
    pub(crate) store: Store,
    /// What is only known while running.
    pub(crate) backplane: Backplane,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where tokens and ids come from.
    pub(crate) random: Arc<dyn Random>,
    /// What the operator decided.
    pub(crate) config: Config,
    /// The hub's own key towards agents.
    pub(crate) identity: Identity,
    /// What agents are told about the key that follows.
    pub(crate) next_key: watch::Sender<Option<Announcement>>,
    /// The connected agents' tunnels.
    pub(crate) tunnels: Tunnels,
    /// The bounded pool on which passwords are hashed.
    pub(crate) hashing: Hashing,
    /// The names of the hub and of its printers. Asked for by any other, it doesn't answer (DNS
    /// rebinding).
    pub(crate) origins: Origins,
    /// The proxies whose word about a visitor's address counts.
    pub(crate) trusted: TrustedProxies,
    /// What the hub looks outside with.
    pub(crate) exposure: Exposure,
    /// Whether visitors come through a proxy that nobody listed.
    pub(crate) proxies: Proxies,
    /// How many event streams are open.
    pub(crate) streams: Streams,
    /// What is counted for the operator.
    pub(crate) metrics: Arc<Metrics>,
}

/// The state, shared by all handlers.
pub(crate) type Shared = Arc<State>;
