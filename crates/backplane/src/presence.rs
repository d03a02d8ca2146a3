//! Which agents are connected, and which of their printers answer. An agent that reconnects may
//! arrive before its old connection was noticed to be dead, so leaving counts only for the
//! arrival that it belongs to.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use printer::{AgentId, Lock, PrinterId};

use crate::{Event, events::Events};

/// Who is there. Clones share it.
#[derive(Clone)]
pub struct Presence(Arc<Shared>);

struct Shared {
    agents: Mutex<HashMap<AgentId, Connected>>,
    arrivals: AtomicU64,
    events: Events,
}

struct Connected {
    arrival: u64,
    printers: Vec<PrinterId>,
    locks: HashMap<PrinterId, Lock>,
}

/// What is known about an agent now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present {
    /// Whether the agent is connected.
    pub online: bool,
    /// Those of its printers that answered the agent's last probe.
    pub printers: Vec<PrinterId>,
    /// What the agent says about their second locks.
    pub locks: HashMap<PrinterId, Lock>,
}

/// How many are there now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Census {
    /// Agents that are connected.
    pub agents: usize,
    /// Printers of theirs that answered.
    pub printers: usize,
}

/// An agent's stay: it is present until this is dropped or a newer arrival replaces it.
pub struct Arrival {
    agent: AgentId,
    number: u64,
    presence: Presence,
}

impl Presence {
    pub(crate) fn new(events: Events) -> Self {
        let agents = Mutex::default();
        Self(Arc::new(Shared { agents, arrivals: AtomicU64::new(0), events }))
    }

    /// An agent has connected; none of its printers is known to be online yet. Publishes
    /// [`Event::AgentChanged`], as does the end of the stay.
    pub fn arrive(&self, agent: AgentId) -> Arrival {
        let number = self.0.arrivals.fetch_add(1, Ordering::Relaxed);
        let (printers, locks) = (Vec::new(), HashMap::new());
        self.lock().insert(agent, Connected { arrival: number, printers, locks });
        self.0.events.publish(Event::AgentChanged(agent));
        Arrival { agent, number, presence: self.clone() }
    }

    /// What is known about an agent now.
    pub fn of(&self, agent: AgentId) -> Present {
        self.lock().get(&agent).map_or_else(Present::default, |connected| Present {
            online: true,
            printers: connected.printers.clone(),
            locks: connected.locks.clone(),
        })
    }

    /// Whether a printer of this agent can be reached now.
    pub fn is_online(&self, agent: AgentId, printer: PrinterId) -> bool {
        self.lock().get(&agent).is_some_and(|connected| connected.printers.contains(&printer))
    }

    /// How many are there now.
    pub fn census(&self) -> Census {
        let agents = self.lock();
        let printers = agents.values().map(|connected| connected.printers.len()).sum();
        Census { agents: agents.len(), printers }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, Connected>> {
        self.0.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival {
    /// Says which printers are online and what their locks are, and publishes [`Event::PrintersChanged`]. Store the report
    /// first, so that those who listen find its names. A stay that was replaced says nothing.
    pub fn report(&self, printers: Vec<PrinterId>, locks: HashMap<PrinterId, Lock>) {
        {
            let mut agents = self.presence.lock();
            let Some(connected) = agents.get_mut(&self.agent) else { return };
            if connected.arrival != self.number {
                return;
            }
            connected.printers = printers;
            connected.locks = locks;
        }
        self.presence.0.events.publish(Event::PrintersChanged(self.agent));
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        {
            let mut agents = self.presence.lock();
            if agents.get(&self.agent).is_none_or(|now| now.arrival != self.number) {
                return;
            }
            agents.remove(&self.agent);
        }
        self.presence.0.events.publish(Event::AgentChanged(self.agent));
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;

    fn agent() -> AgentId {
        AgentId::new(&SystemClock::new(), &OsRandom)
    }

    fn printer() -> PrinterId {
        PrinterId::new(&SystemClock::new(), &OsRandom)
    }

    #[test]
    fn an_agent_is_present_while_it_stays() {
        let presence = Presence::new(Events::new());
        let (agent, printer) = (agent(), printer());
        let arrival = presence.arrive(agent);
        arrival.report(vec![printer], HashMap::new());
        assert!(presence.is_online(agent, printer));
        drop(arrival);
        assert_eq!(presence.of(agent), Present::default());
    }

    #[test]
    fn a_dead_connection_noticed_late_does_not_remove_the_new_one() {
        let presence = Presence::new(Events::new());
        let (agent, printer) = (agent(), printer());
        let old = presence.arrive(agent);
        let new = presence.arrive(agent);
        new.report(vec![printer], HashMap::new());
        old.report(vec![], HashMap::new());
        drop(old);
        assert!(presence.is_online(agent, printer));
    }

    #[test]
    fn coming_reporting_and_going_are_news() {
        let events = Events::new();
        let mut news = events.subscribe();
        let presence = Presence::new(events);
        let agent = agent();
        let arrival = presence.arrive(agent);
        arrival.report(vec![], HashMap::new());
        drop(arrival);
        let heard: Vec<_> = std::iter::from_fn(|| news.try_recv().ok()).collect();
        assert_eq!(
            heard,
            [Event::AgentChanged(agent), Event::PrintersChanged(agent), Event::AgentChanged(agent)]
        );
    }
}
