//! Agents: which keys may open a tunnel, and whose they are.

use std::net::IpAddr;

use printer::{AccountId, AgentId, Name, Timestamp};

use crate::{
    Error, Result, Store,
    db::{Row, Tx, params},
};

/// An agent that is or was linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its id. A new one each time that it is linked.
    pub id: AgentId,
    /// Whose printers it has. None until the hub has a first account.
    pub owner: Option<AccountId>,
    /// Its name.
    pub name: Name,
    /// Its public key (SPKI).
    pub key: Vec<u8>,
    /// Which version it said it is.
    pub version: Option<String>,
    /// When its key was linked.
    pub linked: Timestamp,
    /// When it was last heard.
    pub last_seen: Option<Timestamp>,
    /// When it was unlinked. Its key opens nothing from then on.
    pub revoked: Option<Timestamp>,
    /// The last visit of a second machine with the same key.
    pub rival: Option<Rival>,
    /// The fingerprint of the hub's next key, once the agent has accepted it.
    pub hub_key: Option<Vec<u8>>,
}

/// A second machine that came with the key of an agent that was connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rival {
    /// When it came last.
    pub came: Timestamp,
    /// From where.
    pub address: IpAddr,
}

/// An agent to be linked.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Its id.
    pub id: AgentId,
    /// Whose printers it has.
    pub owner: Option<AccountId>,
    /// Its name.
    pub name: Name,
    /// Its public key (SPKI), as proven by its TLS handshake.
    pub key: Vec<u8>,
}

/// The most agents of one account. Each may make the hub hold megabytes that nobody reads.
pub const MAX_AGENTS: usize = 32;

/// The longest version text that is kept, in characters.
const MAX_VERSION: usize = 64;

macro_rules! agent_columns {
    () => {
        "agent.id AS agent_id, agent.owner AS agent_owner, agent.name AS agent_name, \
         agent.key AS agent_key, agent.version AS agent_version, agent.linked AS agent_linked, \
         agent.last_seen AS agent_last_seen, agent.revoked AS agent_revoked, \
         agent.rival AS agent_rival, agent.rival_address AS agent_rival_address, \
         agent.hub_key AS agent_hub_key"
    };
}
pub(crate) use agent_columns;

impl Agent {
    /// Reads the columns that `agent_columns` names.
    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get("agent_id")?,
            owner: row.optional("agent_owner")?,
            name: row.get("agent_name")?,
            key: row.get("agent_key")?,
            version: row.optional("agent_version")?,
            linked: row.get("agent_linked")?,
            last_seen: row.optional("agent_last_seen")?,
            revoked: row.optional("agent_revoked")?,
            rival: Rival::read(row)?,
            hub_key: row.optional("agent_hub_key")?,
        })
    }
}

impl Rival {
    fn read(row: &Row) -> Result<Option<Self>> {
        let came: Option<Timestamp> = row.optional("agent_rival")?;
        let address: Option<IpAddr> = row.optional("agent_rival_address")?;
        Ok(came.zip(address).map(|(came, address)| Self { came, address }))
    }
}

impl Store {
    /// The agent with this id, unlinked ones too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agent(&self, id: AgentId) -> Result<Option<Agent>> {
        let sql = concat!("SELECT ", agent_columns!(), " FROM agent WHERE id = $1");
        self.db.optional(sql, params![id]).await?.as_ref().map(Agent::read).transpose()
    }

    /// The agent with this key: the linked one if there is one, else the last that was unlinked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agent_by_key(&self, key: &[u8]) -> Result<Option<Agent>> {
        let sql = concat!(
            "SELECT ",
            agent_columns!(),
            " FROM agent WHERE key = $1 ORDER BY (revoked IS NULL) DESC, linked DESC LIMIT 1"
        );
        let row = self.db.optional(sql, params![key.to_vec()]).await?;
        row.as_ref().map(Agent::read).transpose()
    }

    /// The linked agents of an account, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agents_of(&self, owner: AccountId) -> Result<Vec<Agent>> {
        let sql = concat!(
            "SELECT ",
            agent_columns!(),
            " FROM agent WHERE owner = $1 AND revoked IS NULL ORDER BY linked, id"
        );
        self.db.all(sql, params![owner]).await?.iter().map(Agent::read).collect()
    }

    /// Links an agent. A key that was unlinked may be linked again.
    ///
    /// # Errors
    /// [`Error::KeyTaken`] while the key belongs to a linked agent; [`Error::NotPossible`] when
    /// the owner has [`MAX_AGENTS`].
    pub async fn link_agent(&self, new: &NewAgent, now: Timestamp) -> Result<Agent> {
        let mut tx = self.db.begin().await?;
        let agent = insert(&mut tx, new, now).await?;
        tx.commit().await?;
        Ok(agent)
    }

    /// Notes that an agent was heard. Returns whether it is linked, and with this key: a machine
    /// whose place another has says nothing about it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agent_seen(&self, agent: &Agent, version: &str, now: Timestamp) -> Result<bool> {
        let version: String = version.chars().take(MAX_VERSION).collect();
        let sql = "UPDATE agent SET version = $3, last_seen = $4 \
                   WHERE id = $1 AND key = $2 AND revoked IS NULL";
        Ok(self.db.execute(sql, params![agent.id, agent.key, version, now]).await? == 1)
    }

    /// Notes that a second machine came with an agent's key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rival_seen(&self, id: AgentId, address: IpAddr, now: Timestamp) -> Result<()> {
        let sql = "UPDATE agent SET rival = $2, rival_address = $3 WHERE id = $1";
        self.db.execute(sql, params![id, now, address]).await.map(drop)
    }

    /// Notes that an agent has accepted the hub's next key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hub_key_accepted(&self, agent: &Agent, fingerprint: &[u8; 32]) -> Result<()> {
        let sql = "UPDATE agent SET hub_key = $3 WHERE id = $1 AND key = $2";
        let values = params![agent.id, agent.key, fingerprint.to_vec()];
        self.db.execute(sql, values).await.map(drop)
    }

    /// Every linked agent of this hub, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn linked_agents(&self) -> Result<Vec<Agent>> {
        let sql = concat!(
            "SELECT ",
            agent_columns!(),
            " FROM agent WHERE revoked IS NULL ORDER BY linked, id"
        );
        self.db.all(sql, params![]).await?.iter().map(Agent::read).collect()
    }

    /// Unlinks an agent of this owner. Returns whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_agent(
        &self,
        owner: AccountId,
        id: AgentId,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE agent SET revoked = $3 WHERE owner = $1 AND id = $2 AND revoked IS NULL";
        Ok(self.db.execute(sql, params![owner, id, now]).await? == 1)
    }
}

impl Store {
    /// Unlinks an agent, whoever owns it. Returns whether it was linked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_any_agent(&self, id: AgentId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE agent SET revoked = $2 WHERE id = $1 AND revoked IS NULL";
        Ok(self.db.execute(sql, params![id, now]).await? == 1)
    }
}

/// Writes the row of a newly linked agent.
pub(crate) async fn insert(tx: &mut Tx, new: &NewAgent, now: Timestamp) -> Result<Agent> {
    let sql = concat!(
        "INSERT INTO agent (id, owner, name, key, linked) VALUES ($1, $2, $3, $4, $5) RETURNING ",
        agent_columns!()
    );
    let values = params![new.id, new.owner, new.name, new.key, now];
    let rows = tx
        .all(sql, values)
        .await
        .map_err(|error| if error.is_taken() { Error::KeyTaken } else { error })?;
    check_count(tx, new.owner).await?;
    rows.first().map(Agent::read).ok_or(Error::NotPossible("the agent was not linked"))?
}

pub(crate) async fn check_count(tx: &mut Tx, owner: Option<AccountId>) -> Result<()> {
    let sql = "SELECT COUNT(*) AS many FROM agent WHERE owner = $1 AND revoked IS NULL";
    let row = tx.optional(sql, params![owner]).await?;
    let many: u32 = row.map_or(Ok(0), |row| row.get("many"))?;
    if usize::try_from(many).is_ok_and(|many| many > MAX_AGENTS) { Err(TOO_MANY) } else { Ok(()) }
}

const TOO_MANY: Error = Error::NotPossible("the account has too many agents");

#[cfg(test)]
mod tests;
