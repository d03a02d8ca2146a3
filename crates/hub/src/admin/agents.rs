//! Linking the agent of the same process: whoever runs both needs no code.

use printer::{AgentId, Name};
use store::{Agent, NewAgent};
use tunnel::PublicKey;
use wire::Refusal;

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

    /// Links the agent of this machine at its first start. It belongs to the first account, or will
    /// once there is one. One that was linked before stays as it is: an agent that its owner
    /// unlinked, or whose place another machine has, isn't linked by a mere restart (LK-3).
    /// Returns why it is not linked, if it isn't.
    pub async fn link_local_agent(
        &self,
        key: &PublicKey,
        name: Name,
    ) -> Result<Option<Refusal>, Error> {
        if let Some(agent) = self.store.agent_by_key(key.as_spki()).await? {
            return Ok(agent.revoked.map(|_| Refusal::Revoked));
        }
        if self.store.is_former_key(key.as_spki()).await? {
            return Ok(Some(Refusal::Replaced));
        }
        self.link_local_agent_again(key, name).await.map(|()| None)
    }

    /// Links the agent of this machine, also when it was unlinked: somebody at the machine asked
    /// for it.
    pub async fn link_local_agent_again(&self, key: &PublicKey, name: Name) -> Result<(), Error> {
        let known = self.store.agent_by_key(key.as_spki()).await?;
        if known.is_some_and(|agent| agent.revoked.is_none()) {
            return Ok(());
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
        self.store.link_agent(&agent, self.clock.now()).await?;
        Ok(())
    }
}
