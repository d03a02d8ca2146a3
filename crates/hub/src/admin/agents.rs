//! Linking the agent of the same process: whoever runs both needs no code.

use printer::{AgentId, Name};
use store::{Agent, NewAgent};
use tunnel::PublicKey;

use super::{Admin, Error};

impl Admin {
    /// The linked agents of this hub, oldest first.
    pub async fn agents(&self) -> Result<Vec<Agent>, Error> {
        Ok(self.store.linked_agents().await?)
    }

    /// Unlinks an agent by its id. A hub that runs closes its tunnel within a second. Returns
    /// whether it was linked.
    pub async fn unlink_agent(&self, agent: AgentId) -> Result<bool, Error> {
        Ok(self.store.revoke_any_agent(agent, self.clock.now()).await?)
    }

    /// Links an agent that runs on this machine, unless it is linked already. It belongs to the
    /// first account, or will once there is one.
    pub async fn link_local_agent(&self, key: &PublicKey, name: Name) -> Result<Agent, Error> {
        let known = self.store.agent_by_key(key.as_spki()).await?;
        if let Some(agent) = known.filter(|agent| agent.revoked.is_none()) {
            return Ok(agent);
        }
        let accounts = self.store.accounts().await?;
        let first = accounts
            .into_iter()
            .filter(|account| account.administrator)
            .min_by_key(|account| account.created);
        let agent = NewAgent {
            id: AgentId::new(self.clock.as_ref(), self.random.as_ref()),
            owner: first.map(|account| account.id),
            name,
            key: key.as_spki().to_vec(),
        };
        Ok(self.store.link_agent(&agent, self.clock.now()).await?)
    }
}
