//! Which agent can be reached through which tunnel. An agent that reconnects replaces its own
//! older tunnel; the end of that one must not take the new one away.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use edge::Stop;
use printer::AgentId;
use store::Agent;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::task_tracker::TaskTrackerToken};
use tunnel::Tunnel;
use wire::HelloAnswer;

use super::{
    bulk::Bulk, link_caps::LinkCaps, share::Share, ticks::Ticks, unproven::Unproven, unread::Unread,
};

/// How long after its start a hub takes its agents to be on their way.
const ARRIVING: Duration = Duration::from_secs(15);

/// How long a request waits for an agent that is on its way.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tunnels of the agents that are connected here.
pub(crate) struct Tunnels {
    /// The bytes that wait for visitors who don't read.
    pub(crate) unread: Unread,
    live: Mutex<HashMap<AgentId, LiveTunnel>>,
    pub(super) links: LinkCaps,
    pub(super) unproven: Unproven,
    /// Agents of which a second one is at the door just now.
    doubted: Mutex<HashSet<AgentId>>,
    began: Instant,
    /// Who has been here since then.
    been: watch::Sender<HashSet<AgentId>>,
    parting: Stop,
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
    /// Cancelled when another run has taken over from this one.
    succeeded: CancellationToken,
    /// Somebody has it, and may ask something through it.
    _in_use: Option<TaskTrackerToken>,
}

/// A tunnel's place in the list, for as long as its connection lasts.
pub(super) struct Entry<'a> {
    tunnels: &'a Tunnels,
    agent: AgentId,
    share: Arc<Share>,
    succeeded: CancellationToken,
}

impl Entry<'_> {
    /// Waits until another run of the agent's program has taken this one's place.
    pub(super) async fn succeeded(&self) {
        self.succeeded.cancelled().await;
    }

    /// Leaves the place, and waits until nothing is under way through the tunnel.
    pub(super) async fn finish(self) {
        let share = Arc::clone(&self.share);
        drop(self);
        share.unused().await;
    }
}

impl Tunnels {
    /// No agent is connected yet.
    pub(crate) fn new() -> Self {
        Self {
            unread: Unread::default(),
            live: Mutex::default(),
            links: LinkCaps::default(),
            unproven: Unproven::default(),
            doubted: Mutex::default(),
            began: Instant::now(),
            been: watch::Sender::default(),
            parting: Stop::default(),
        }
    }

    /// How this hub parts from its agents: when it is left for another process they are asked to
    /// connect to that one, and when no visitor needs them any more their connections end.
    pub(crate) const fn parting(&self) -> &Stop {
        &self.parting
    }

    /// The tunnel to an agent.
    pub(crate) fn of(&self, agent: AgentId) -> Option<LiveTunnel> {
        let live = self.lock();
        let live = live.get(&agent).filter(|live| !live.tunnel.is_closed())?;
        Some(LiveTunnel { _in_use: Some(live.share.in_use()), ..live.clone() })
    }

    /// Waits 5 s at most for an agent's tunnel.
    pub(crate) async fn awaited(&self, agent: AgentId) -> Option<LiveTunnel> {
        let mut been = self.been.subscribe();
        let arrived = timeout(PATIENCE, been.wait_for(|been| been.contains(&agent)));
        arrived.await.ok()?.ok()?;
        self.of(agent)
    }

    /// Whether an agent may be on its way: this hub has only just started, and it wasn't here yet.
    pub(crate) fn may_arrive(&self, agent: AgentId) -> bool {
        self.began.elapsed() < ARRIVING && !self.been.borrow().contains(&agent)
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

    /// Puts a tunnel into the list. An older one of the same agent is closed, but for the one from
    /// which this one was made to take over (by its run): that one is told, gets nothing new, and
    /// may finish.
    pub(super) fn enter(
        &self,
        agent: &Agent,
        tunnel: Tunnel,
        ticks: Arc<Ticks>,
        bulk: Bulk,
        succeeds: Option<u64>,
    ) -> Entry<'_> {
        let (share, bulk) = (Arc::new(Share::default()), Arc::new(bulk));
        let (key, run) = (agent.key.as_slice().into(), ticks.run());
        let succeeded = CancellationToken::new();
        let entry = Entry {
            tunnels: self,
            agent: agent.id,
            share: share.clone(),
            succeeded: succeeded.clone(),
        };
        let live = LiveTunnel { tunnel, bulk, share, ticks, key, run, succeeded, _in_use: None };
        match self.lock().insert(agent.id, live) {
            Some(older) if succeeds == Some(older.run) => older.succeeded.cancel(),
            Some(older) => older.tunnel.close(),
            None => {}
        }
        self.been.send_if_modified(|been| been.insert(agent.id));
        entry
    }

    /// The tunnel of another run of this agent's program with the same key, if there is one.
    pub(super) fn rival_of(&self, agent: &Agent, newcomer: &HelloAnswer) -> Option<Tunnel> {
        let live = self.of(agent.id)?;
        let is_one = live.run == newcomer.tick.run || newcomer.succeeds == Some(live.run);
        (!is_one && *live.key == *agent.key).then(|| live.tunnel.clone())
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
