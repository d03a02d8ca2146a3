//! A new machine takes an agent's place (LK-3): the agent keeps its row, and with it its owner, its
//! printers, their labels and their grants. Only its key is another one from then on; the old one
//! is remembered, so that whoever still comes with it can be told what happened.

use printer::{AccountId, AgentId, Timestamp};

use crate::{
    Agent, Error, Result, Store,
    agents::{self, agent_columns},
    db::{Tx, params},
};

/// How many former keys of one agent are remembered.
const KEPT: u32 = 16;

/// A key that an agent had before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerKey {
    /// The public key (SPKI).
    pub key: Vec<u8>,
    /// When it was linked.
    pub linked: Timestamp,
    /// When another one took its place.
    pub ended: Timestamp,
}

impl Store {
    /// Whether this key was some agent's until another took its place.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_former_key(&self, key: &[u8]) -> Result<bool> {
        let sql = "SELECT ended FROM former_key WHERE key = $1 LIMIT 1";
        Ok(self.db.optional(sql, params![key.to_vec()]).await?.is_some())
    }

    /// The keys that an agent had before, the last one first; 16 at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn former_keys(&self, agent: AgentId) -> Result<Vec<FormerKey>> {
        let sql = "SELECT key, linked, ended FROM former_key WHERE agent = $1 ORDER BY ended DESC";
        let rows = self.db.all(sql, params![agent]).await?;
        let read = rows.iter().map(|row| {
            Ok(FormerKey {
                key: row.get("key")?,
                linked: row.get("linked")?,
                ended: row.get("ended")?,
            })
        });
        read.collect()
    }

    /// The agents of an account that were unlinked and still have printers which somebody may
    /// want back, the last one first; as many as an account may have agents.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unlinked_agents_of(&self, owner: AccountId) -> Result<Vec<Agent>> {
        let sql = concat!(
            "SELECT ",
            agent_columns!(),
            " FROM agent WHERE owner = $1 AND revoked IS NOT NULL AND EXISTS (\
             SELECT id FROM printer WHERE printer.agent = agent.id AND removed IS NULL) \
             ORDER BY revoked DESC, id LIMIT $2"
        );
        let most = u32::try_from(agents::MAX_AGENTS).unwrap_or(u32::MAX);
        self.db.all(sql, params![owner, most]).await?.iter().map(Agent::read).collect()
    }
}

/// Gives an agent of this owner another key. Its old one opens nothing from then on, and each of
/// its printers waits until the new machine reports it.
pub(crate) async fn replace(
    tx: &mut Tx,
    owner: AccountId,
    agent: AgentId,
    key: &[u8],
    now: Timestamp,
) -> Result<Agent> {
    let remember = "INSERT INTO former_key (agent, key, linked, ended) \
                    SELECT id, key, linked, $4 FROM agent \
                    WHERE id = $1 AND owner = $2 AND key <> $3";
    let forget = "DELETE FROM former_key WHERE agent = $1 AND ended NOT IN (\
                  SELECT ended FROM former_key WHERE agent = $1 ORDER BY ended DESC LIMIT $2)";
    // `revoked` is named even where it is null already: it makes the database count (`revision`).
    let change = concat!(
        "UPDATE agent SET key = $3, linked = $4, version = NULL, last_seen = NULL, \
         revoked = NULL, rival = NULL, rival_address = NULL, hub_key = NULL \
         WHERE id = $1 AND owner = $2 RETURNING ",
        agent_columns!()
    );
    let vacate = "UPDATE printer SET vacant = $2 WHERE agent = $1 AND removed IS NULL";
    let key = key.to_vec();
    tx.execute(remember, params![agent, owner, key, now]).await?;
    tx.execute(forget, params![agent, KEPT]).await?;
    let changed = tx
        .all(change, params![agent, owner, key, now])
        .await
        .map_err(|error| if error.is_taken() { Error::KeyTaken } else { error })?;
    let changed = changed.first().map(Agent::read).ok_or(NOT_THEIRS)??;
    tx.execute(vacate, params![agent, now]).await?;
    agents::check_count(tx, Some(owner)).await?;
    Ok(changed)
}

const NOT_THEIRS: Error = Error::NotPossible("the account has no such agent to replace");

#[cfg(test)]
mod tests;
