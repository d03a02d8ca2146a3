//! Offers to link an agent by code (LK-1). The code is short, so everything about it is counted
//! here, in statements that no two requests can pass at once.

use std::{fmt, str::FromStr, time::Duration};

use credentials::TokenDigest;
use printer::{AccountId, AgentId, Name, Timestamp};

use crate::{
    Agent, Error, NewAgent, Result, Store, agents,
    db::{Row, Tx, params},
    replacements,
};

/// How many wrong codes end an offer.
pub const MAX_WRONG_CODES: u32 = 5;

/// The most offers of one account that an agent can come for at a time, and the most that are kept
/// whatever became of them.
const MAX_OPEN: u32 = 5;
const MAX_KEPT: u32 = 20;

/// How long an offer can still be looked at after it expired.
const KEPT_AFTER_EXPIRY: Duration = Duration::from_hours(1);

/// An offer of an account to link one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOffer {
    /// The public part of its code: `ABCD`.
    pub id: String,
    /// Who would own the agent.
    pub owner: AccountId,
    /// What is kept of the whole code.
    pub code: TokenDigest,
    /// The moment from which it is worth nothing.
    pub expires: Timestamp,
    /// How many wrong codes were tried.
    pub wrong_codes: u32,
    /// How far it got.
    pub state: LinkState,
    /// The public key (SPKI) of the agent that knew the code.
    pub agent_key: Option<Vec<u8>>,
    /// What that agent calls itself.
    pub agent_name: Option<Name>,
    /// Fingerprint words of which one set is that agent's: the owner picks. Each without line
    /// breaks.
    pub choices: Option<Vec<String>>,
    /// The agent whose place the one that comes takes. A code that was made for this links nothing
    /// else.
    pub replaces: Option<AgentId>,
}

/// How far an offer got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// No agent has shown the code.
    Waiting,
    /// One has, and the owner must approve it.
    Claimed,
    /// The agent is linked.
    Linked,
    /// The owner turned it down.
    Declined,
    /// Too many wrong codes.
    Ended,
}

/// What came of showing a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ClaimResult {
    /// The offer is this agent's now, if the owner approves.
    Claimed,
    /// It already was: the same agent asks again with the right code.
    AlreadyYours,
    /// A wrong code, and counted.
    Wrong,
    /// No such offer, or used, expired or ended.
    Gone,
}

impl LinkState {
    const ALL: [Self; 5] =
        [Self::Waiting, Self::Claimed, Self::Linked, Self::Declined, Self::Ended];

    /// The word for storage and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed => "claimed",
            Self::Linked => "linked",
            Self::Declined => "declined",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LinkState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| Error::Unreadable("state".to_owned()))
    }
}

impl LinkOffer {
    fn read(row: &Row) -> Result<Self> {
        let choices: Option<String> = row.optional("choices")?;
        Ok(Self {
            id: row.get("id")?,
            owner: row.get("owner")?,
            code: row.get("code")?,
            expires: row.get("expires")?,
            wrong_codes: row.get("wrong_codes")?,
            state: row.get("state")?,
            agent_key: row.optional("agent_key")?,
            agent_name: row.optional("agent_name")?,
            choices: choices.map(|text| text.lines().map(str::to_owned).collect()),
            replaces: row.optional("replaces")?,
        })
    }
}

impl Store {
    /// Keeps a new offer. One that expired under the same id makes way, and so do the oldest of
    /// the same account where it has five open ones. Returns the ids of those.
    ///
    /// # Errors
    /// [`Error::NotPossible`] when the id is in use: try another.
    pub async fn put_link_offer(&self, offer: &LinkOffer, now: Timestamp) -> Result<Vec<String>> {
        let make_way = "DELETE FROM link_offer WHERE id = $1 AND expires <= $2";
        let insert = "INSERT INTO link_offer \
                      (id, owner, code, expires, wrong_codes, state, agent_key, agent_name, choices, \
                      replaces) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let LinkOffer { owner, code, expires, wrong_codes, state, replaces, .. } = *offer;
        let choices = offer.choices.as_deref().map(|choices| choices.join("\n"));
        let (key, name) = (&offer.agent_key, &offer.agent_name);
        let id = &offer.id;
        let values =
            params![*id, owner, code, expires, wrong_codes, state, *key, *name, choices, replaces];
        let mut tx = self.db.begin().await?;
        tx.execute(make_way, params![offer.id, now]).await?;
        tx.execute(insert, values)
            .await
            .map_err(|error| if error.is_taken() { ID_IN_USE } else { error })?;
        let ended = end_oldest(&mut tx, owner, now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// The offer with this id, whatever became of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn link_offer(&self, id: &str) -> Result<Option<LinkOffer>> {
        let sql = "SELECT * FROM link_offer WHERE id = $1";
        let row = self.db.optional(sql, params![id.to_owned()]).await?;
        row.as_ref().map(LinkOffer::read).transpose()
    }

    /// An agent shows a code. The right one claims the offer once; each wrong one is counted, and
    /// the fifth ends the offer, also for the right code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_link_offer(
        &self,
        id: &str,
        code: &TokenDigest,
        key: &[u8],
        name: &Name,
        choices: &[String],
        now: Timestamp,
    ) -> Result<ClaimResult> {
        let (id, key) = (id.to_owned(), key.to_vec());
        let claim = "UPDATE link_offer \
                     SET state = 'claimed', agent_key = $4, agent_name = $5, choices = $6 \
                     WHERE id = $1 AND state = 'waiting' AND expires > $2 AND code = $3";
        let count = "UPDATE link_offer SET wrong_codes = wrong_codes + 1, \
                     state = CASE WHEN wrong_codes + 1 >= $4 THEN 'ended' ELSE state END \
                     WHERE id = $1 AND state = 'waiting' AND expires > $2 AND code <> $3";
        let mut tx = self.db.begin().await?;
        let values = params![id, now, *code, key, *name, choices.join("\n")];
        let result = if tx.execute(claim, values).await? == 1 {
            ClaimResult::Claimed
        } else if tx.execute(count, params![id, now, *code, MAX_WRONG_CODES]).await? == 1 {
            ClaimResult::Wrong
        } else if has_claimed(&mut tx, &id, code, &key, now).await? {
            ClaimResult::AlreadyYours
        } else {
            ClaimResult::Gone
        };
        tx.commit().await?;
        Ok(result)
    }

    /// The owner approves the agent that claimed an offer: it is linked, and owned by `owner`,
    /// whatever `agent` says. Where the offer was made to replace an agent, it becomes that one,
    /// with its id, its name and its printers, and the key that was linked before is good for
    /// nothing.
    ///
    /// # Errors
    /// [`Error::NotPossible`] unless `agent` is the one that claimed this offer of this owner, the
    /// offer has not expired, and the agent to be replaced is the owner's; [`Error::KeyTaken`].
    pub async fn approve_link_offer(
        &self,
        owner: AccountId,
        id: &str,
        agent: &NewAgent,
        now: Timestamp,
    ) -> Result<Agent> {
        let approve = "UPDATE link_offer SET state = 'linked' WHERE id = $1 AND owner = $2 \
                       AND agent_key = $3 AND state = 'claimed' AND expires > $4 \
                       RETURNING replaces";
        let mut tx = self.db.begin().await?;
        let approved = tx.all(approve, params![id.to_owned(), owner, agent.key, now]).await?;
        let replaces = approved.first().ok_or(NOT_TO_APPROVE)?.optional("replaces")?;
        let agent = if let Some(old) = replaces {
            replacements::replace(&mut tx, owner, old, &agent.key, now).await?
        } else {
            let agent = NewAgent { owner: Some(owner), ..agent.clone() };
            agents::insert(&mut tx, &agent, now).await?
        };
        tx.commit().await?;
        Ok(agent)
    }

    /// The owner turns an offer down, claimed or not. Returns whether there was anything to turn
    /// down.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decline_link_offer(&self, owner: AccountId, id: &str) -> Result<bool> {
        let sql = "UPDATE link_offer SET state = 'declined' \
                   WHERE owner = $1 AND id = $2 AND state IN ('waiting', 'claimed')";
        Ok(self.db.execute(sql, params![owner, id.to_owned()]).await? == 1)
    }

    /// Deletes offers that expired more than an hour ago. Returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_link_offers(&self, now: Timestamp) -> Result<u64> {
        let sql = "DELETE FROM link_offer WHERE expires <= $1";
        self.db.execute(sql, params![now.minus(KEPT_AFTER_EXPIRY)]).await
    }
}

/// Ends the offers of an account that it has too many of. Returns their ids.
async fn end_oldest(tx: &mut Tx, owner: AccountId, now: Timestamp) -> Result<Vec<String>> {
    let end = "UPDATE link_offer SET state = 'ended' WHERE owner = $1 AND expires > $2 \
               AND state IN ('waiting', 'claimed') AND id NOT IN (\
               SELECT id FROM link_offer WHERE owner = $1 AND expires > $2 \
               AND state IN ('waiting', 'claimed') ORDER BY expires DESC, id LIMIT $3) RETURNING id";
    let forget = "DELETE FROM link_offer WHERE owner = $1 AND state NOT IN ('waiting', 'claimed') \
                  AND id NOT IN (SELECT id FROM link_offer WHERE owner = $1 \
                  ORDER BY expires DESC, id LIMIT $2)";
    let ended = tx.all(end, params![owner, now, MAX_OPEN]).await?;
    tx.execute(forget, params![owner, MAX_KEPT]).await?;
    ended.iter().map(|row| row.get("id")).collect()
}

/// Whether the agent with this key has claimed the offer with the right code.
async fn has_claimed(
    tx: &mut Tx,
    id: &str,
    code: &TokenDigest,
    key: &[u8],
    now: Timestamp,
) -> Result<bool> {
    let sql = "SELECT id FROM link_offer WHERE id = $1 AND code = $2 AND agent_key = $3 \
               AND (state = 'linked' OR (state = 'claimed' AND expires > $4))";
    let row = tx.optional(sql, params![id.to_owned(), *code, key.to_vec(), now]).await?;
    Ok(row.is_some())
}

const ID_IN_USE: Error = Error::NotPossible("another offer uses this id");
const NOT_TO_APPROVE: Error =
    Error::NotPossible("no agent waits for this approval: it expired, or was used already");

#[cfg(test)]
mod tests;
