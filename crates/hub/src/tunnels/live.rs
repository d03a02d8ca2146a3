//! Which agent can be reached through which tunnel. An agent that reconnects replaces its own
//! older tunnel; the end of that one must not take the new one away.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use printer::AgentId;
use store::Agent;
use tokio_util::sync::CancellationToken;
use tunnel::Tunnel;

use super::{
    bulk::Bulk, link_caps::LinkCaps, share::Share, ticks::Ticks, unread::Unread,
    websocket::Unproven,
};

/// The tunnels of the agents that are connected here.
#[derive(Default)]
pub(crate) struct Tunnels {
    /// The bytes that wait for visitors who don't read.
    pub(crate) unread: Unread,
    live: Mutex<HashMap<AgentId, LiveTunnel>>,
    pub(super) links: LinkCaps,
    pub(super) unproven: Unproven,
    /// Agents of which a second one is at the door just now.
    doubted: Mutex<HashSet<AgentId>>,
    goodbye: CancellationToken,
}

/// A tunnel, and how its streams are shared. Clones share both.
#[derive(Clone)]
pub(crate) struct LiveTunnel {
    /// Where requests go.
    pub(crate) tunnel: Tunnel,
    /// Where large ones go, if they can.
    pub(crate) bulk: Arc<Bulk>,
    /// How many of them one person may have at a time.
    pub(crate) share: Arc<Share>,
    /// What the agent's clock says.
    pub(crate) ticks: Arc<Ticks>,
    /// The key that the agent has proven (SPKI).
    key: Arc<[u8]>,
    /// Which run of the agent's program it is.
    run: u64,
}

/// A tunnel's place in the list, for as long as its connection lasts.
pub(super) struct Entry<'a> {
    tunnels: &'a Tunnels,
    agent: AgentId,
    share: Arc<Share>,
}

impl Tunnels {
    /// No agent is connected yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// To be cancelled when this hub stops and no visitor needs the agents any more: they are told
    /// that their connections end.
    pub(crate) const fn goodbye(&self) -> &CancellationToken {
        &self.goodbye
    }

    /// The tunnel to an agent.
    pub(crate) fn of(&self, agent: AgentId) -> Option<LiveTunnel> {
        self.lock().get(&agent).filter(|live| !live.tunnel.is_closed()).cloned()
    }

    /// Closes an agent's tunnel, with everything in it.
    pub(crate) fn close(&self, agent: AgentId) {
        if let Some(live) = self.lock().remove(&agent) {
            live.tunnel.close();
        }
    }

    /// Closes every tunnel whose key is linked no more, and returns whose they were. What this
    /// process changes itself closes tunnels at once; this is for what others changed.
    pub(crate) fn keep_only(&self, linked: &[Agent]) -> Vec<AgentId> {
        let linked: HashMap<_, _> = linked.iter().map(|agent| (agent.id, &*agent.key)).collect();
        let is_linked =
            |id, live: &LiveTunnel| linked.get(&id).is_some_and(|key| **key == *live.key);
        let live = self.lock();
        let gone = live.iter().filter(|(id, live)| !is_linked(**id, live));
        let gone: Vec<_> = gone.map(|(id, _)| *id).collect();
        drop(live);
        for agent in &gone {
            self.close(*agent);
        }
        gone
    }

    /// Puts a tunnel into the list. An older one of the same agent is closed.
    pub(super) fn enter(
        &self,
        agent: &Agent,
        tunnel: Tunnel,
        ticks: Arc<Ticks>,
        bulk: Bulk,
    ) -> Entry<'_> {
        let share = Arc::new(Share::default());
        let key = agent.key.as_slice().into();
        let run = ticks.run();
        let bulk = Arc::new(bulk);
        let live = LiveTunnel { tunnel, bulk, share: Arc::clone(&share), ticks, key, run };
        if let Some(older) = self.lock().insert(agent.id, live) {
            older.tunnel.close();
        }
        Entry { tunnels: self, agent: agent.id, share }
    }

    /// The tunnel of another run of this agent's program with the same key, if there is one.
    pub(super) fn rival_of(&self, agent: &Agent, run: u64) -> Option<Tunnel> {
        let live = self.of(agent.id)?;
        (live.run != run && *live.key == *agent.key).then_some(live.tunnel)
    }

    /// The tunnel of the agent with this key (SPKI).
    pub(super) fn by_key(&self, key: &[u8]) -> Option<LiveTunnel> {
        self.lock().values().find(|live| *live.key == *key).cloned()
    }

    /// Lets one newcomer at a time find out about its rival. None while another one does.
    pub(super) fn doubt(&self, agent: AgentId) -> Option<Doubt<'_>> {
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        doubted.insert(agent).then_some(Doubt { tunnels: self, agent })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, LiveTunnel>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time in which a newcomer finds out about its rival.
pub(super) struct Doubt<'a> {
    tunnels: &'a Tunnels,
    agent: AgentId,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        let doubted = &self.tunnels.doubted;
        doubted.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.agent);
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut live = self.tunnels.lock();
        if live.get(&self.agent).is_some_and(|now| Arc::ptr_eq(&now.share, &self.share)) {
            live.remove(&self.agent);
        }
    }
}
