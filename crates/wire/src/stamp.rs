//! When a request left the hub, in the agent's own time (HZ-6). An agent's machine may have no
//! idea what time it is, so the hub speaks of the agent's clock: the agent tells its tick again
//! and again, and the hub counts on from there.

use std::fmt;

use printer::Random;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A moment on an agent's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// A random number that the agent makes when it starts. Ticks of different runs don't compare.
    pub run: u64,
    /// Milliseconds since the agent started, on a clock that never goes back.
    pub millis: u64,
}

/// What the hub writes on a request that may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// When the request reached the hub. Never later than it was, but for the drift of clocks.
    pub tick: Tick,
    /// What makes this request different from every other.
    pub nonce: Nonce,
}

/// A random number that is used once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(Uuid);

impl Nonce {
    /// A new one.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// Whether a request needs a [`Stamp`]: every one that may change something (RFC 9110, 9.2.1), and
/// the opening of a WebSocket.
pub fn needs_stamp(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS")
}
