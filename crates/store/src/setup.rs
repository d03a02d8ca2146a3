//! The first account of a hub, made with a one-time token (AC-12).

use credentials::TokenDigest;
use printer::Timestamp;

use crate::{
    Account, Error, NewAccount, Result, Store, accounts,
    db::{Tx, params},
};

impl Store {
    /// Keeps the digest of a new setup token, in place of any earlier one.
    ///
    /// # Errors
    /// [`Error::SetupClosed`] once an account exists.
    pub async fn put_setup_token(&self, token: &TokenDigest, expires: Timestamp) -> Result<()> {
        let sql = "UPDATE setup SET token = $1, expires = $2 WHERE closed = FALSE";
        match self.db.execute(sql, params![*token, expires]).await? {
            0 => Err(Error::SetupClosed),
            _ => Ok(()),
        }
    }

    /// Whether this token would make the first account now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn setup_token_is_valid(&self, token: &TokenDigest, now: Timestamp) -> Result<bool> {
        let sql = "SELECT one FROM setup WHERE closed = FALSE AND token = $1 AND expires > $2";
        Ok(self.db.optional(sql, params![*token, now]).await?.is_some())
    }

    /// Makes the first account: an administrator, and owner of every agent that has no owner yet.
    ///
    /// # Errors
    /// [`Error::SetupClosed`] when an account exists, [`Error::SetupTokenInvalid`] when the token
    /// is wrong, used, replaced or expired.
    pub async fn create_first_account(
        &self,
        new: &NewAccount,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Account> {
        let mut tx = self.db.begin().await?;
        close_setup(&mut tx, token, now).await?;
        let administrator = NewAccount { administrator: true, ..new.clone() };
        let account = accounts::insert(&mut tx, &administrator, now).await?;
        let adopt = "UPDATE agent SET owner = $1 WHERE owner IS NULL AND revoked IS NULL";
        tx.execute(adopt, params![account.id]).await?;
        tx.commit().await?;
        Ok(account)
    }
}

/// Closes setup for ever. Whoever comes second, even at the same moment, finds it closed.
async fn close_setup(tx: &mut Tx, token: &TokenDigest, now: Timestamp) -> Result<()> {
    let close = "UPDATE setup SET closed = TRUE, token = NULL \
                 WHERE closed = FALSE AND token = $1 AND expires > $2";
    if tx.execute(close, params![*token, now]).await? == 1 {
        return Ok(());
    }
    let closed = tx.optional("SELECT closed FROM setup", params![]).await?;
    match closed.map(|row| row.get("closed")).transpose()? {
        Some(false) => Err(Error::SetupTokenInvalid),
        _ => Err(Error::SetupClosed),
    }
}

#[cfg(test)]
mod tests;
