//! Sessions: who is signed in, from where, and until when. A session that is expired, idle, or of
//! a disabled account is not found, whether or not its row still exists.

use std::{net::IpAddr, time::Duration};

use credentials::TokenDigest;
use printer::{AccountId, SessionId, Timestamp};

use crate::{
    Account, Result, Store,
    accounts::account_columns,
    db::{Row, Tx, params},
};

/// A sign-in of one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// What the browser calls itself.
    pub device: String,
    /// From where it was last used.
    pub address: IpAddr,
    /// When the person signed in.
    pub created: Timestamp,
    /// When it was last used.
    pub last_seen: Timestamp,
    /// When it ends, used or not.
    pub expires: Timestamp,
}

/// A session to be made.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// What the browser calls itself. Only the first [`NewSession::MAX_DEVICE`] characters that
    /// can be seen are kept.
    pub device: String,
    /// From where the person signs in.
    pub address: IpAddr,
    /// When it ends, used or not.
    pub expires: Timestamp,
    /// What is kept of the token in its cookie.
    pub token: TokenDigest,
}

impl NewSession {
    /// The longest device text, in characters.
    pub const MAX_DEVICE: usize = 256;
}

macro_rules! session_columns {
    () => {
        "session.id AS session_id, session.account AS session_account, \
         session.device AS session_device, session.address AS session_address, \
         session.created AS session_created, session.last_seen AS session_last_seen, \
         session.expires AS session_expires"
    };
}
pub(crate) use session_columns;

/// The condition under which a session is alive: `$1` is now, `$2` the moment before which a
/// session that was not used has gone idle.
macro_rules! session_is_alive {
    () => {
        "account.disabled = FALSE AND session.expires > $1 AND session.last_seen > $2"
    };
}
pub(crate) use session_is_alive;

impl Session {
    /// Reads the columns that `session_columns` names.
    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get("session_id")?,
            account: row.get("session_account")?,
            device: row.get("session_device")?,
            address: row.get("session_address")?,
            created: row.get("session_created")?,
            last_seen: row.get("session_last_seen")?,
            expires: row.get("session_expires")?,
        })
    }
}

impl Store {
    /// Makes a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_session(&self, new: &NewSession, now: Timestamp) -> Result<Session> {
        let device = visible(&new.device);
        let sql = "INSERT INTO session \
                   (id, account, token, device, address, created, last_seen, expires) \
                   VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";
        let values = params![new.id, new.account, new.token, device, new.address, now, new.expires];
        self.db.execute(sql, values).await?;
        let NewSession { id, account, address, expires, .. } = *new;
        Ok(Session { id, account, device, address, created: now, last_seen: now, expires })
    }

    /// The live session of a token, with its account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session_by_token(
        &self,
        token: &TokenDigest,
        now: Timestamp,
        idle: Duration,
    ) -> Result<Option<(Session, Account)>> {
        let sql = concat!(
            "SELECT ",
            session_columns!(),
            ", ",
            account_columns!(),
            " FROM session JOIN account ON account.id = session.account WHERE ",
            session_is_alive!(),
            " AND session.token = $3"
        );
        let row = self.db.optional(sql, params![now, now.minus(idle), *token]).await?;
        row.map(|row| Ok((Session::read(&row)?, Account::read(&row)?))).transpose()
    }

    /// Notes that a session was used. An older moment than the one noted changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch_session(
        &self,
        id: SessionId,
        now: Timestamp,
        address: IpAddr,
    ) -> Result<()> {
        let sql =
            "UPDATE session SET last_seen = $2, address = $3 WHERE id = $1 AND last_seen <= $2";
        self.db.execute(sql, params![id, now, address]).await.map(drop)
    }

    /// The live sessions of an account, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions_of(
        &self,
        account: AccountId,
        now: Timestamp,
        idle: Duration,
    ) -> Result<Vec<Session>> {
        let sql = concat!(
            "SELECT ",
            session_columns!(),
            " FROM session JOIN account ON account.id = session.account WHERE ",
            session_is_alive!(),
            " AND session.account = $3 ORDER BY session.created DESC, session.id DESC"
        );
        let rows = self.db.all(sql, params![now, now.minus(idle), account]).await?;
        rows.iter().map(Session::read).collect()
    }

    /// Ends one session of an account. Returns whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(&self, account: AccountId, id: SessionId) -> Result<bool> {
        let sql = "DELETE FROM session WHERE account = $1 AND id = $2";
        Ok(self.db.execute(sql, params![account, id]).await? == 1)
    }

    /// Ends every session of an account but `keep`. Returns the ended ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_sessions(
        &self,
        account: AccountId,
        keep: Option<SessionId>,
    ) -> Result<Vec<SessionId>> {
        let mut tx = self.db.begin().await?;
        let ended = end_all(&mut tx, account, keep).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends the sessions of an account that were not used for the longest time, all but `keep` of
    /// them. Returns the ended ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_oldest_sessions(
        &self,
        account: AccountId,
        keep: u32,
    ) -> Result<Vec<SessionId>> {
        let sql = "DELETE FROM session WHERE account = $1 AND id NOT IN (\
                   SELECT id FROM session WHERE account = $1 \
                   ORDER BY last_seen DESC, created DESC, id DESC LIMIT $2) RETURNING id";
        let rows = self.db.returning(sql, params![account, keep]).await?;
        rows.iter().map(|row| row.get("id")).collect()
    }

    /// Deletes what has expired or gone idle. Returns how many sessions that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_expired_sessions(&self, now: Timestamp, idle: Duration) -> Result<u64> {
        let sql = "DELETE FROM session WHERE expires <= $1 OR last_seen <= $2";
        self.db.execute(sql, params![now, now.minus(idle)]).await
    }
}

/// Ends every session of an account but `keep`.
pub(crate) async fn end_all(
    tx: &mut Tx,
    account: AccountId,
    keep: Option<SessionId>,
) -> Result<Vec<SessionId>> {
    let sql = "DELETE FROM session WHERE account = $1 AND ($2 IS NULL OR id <> $2) RETURNING id";
    tx.all(sql, params![account, keep]).await?.iter().map(|row| row.get("id")).collect()
}

/// What a browser said about itself, without anything that could garble a page or a terminal.
fn visible(device: &str) -> String {
    device.chars().filter(|c| !c.is_control()).take(NewSession::MAX_DEVICE).collect()
}

#[cfg(test)]
mod tests;
