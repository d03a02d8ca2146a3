//! Accounts: who people are to this hub.

use credentials::{Email, PasswordHash};
use printer::{AccountId, Name, SessionId, Timestamp};

use crate::{
    Error, Result, Store,
    db::{Row, Tx, params},
    sessions,
};

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What the person signs in with. Unique.
    pub email: Email,
    /// What others see instead of the address.
    pub name: Option<Name>,
    /// Whether the person administers the hub. Gives no right on any printer.
    pub administrator: bool,
    /// A disabled account can't sign in and has no level on any printer.
    pub disabled: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// What the person signs in with.
    pub email: Email,
    /// What others see instead of the address.
    pub name: Option<Name>,
    /// The hash of the password.
    pub password: PasswordHash,
    /// Whether the person administers the hub.
    pub administrator: bool,
}

macro_rules! account_columns {
    () => {
        "account.id AS account_id, account.email AS account_email, account.name AS account_name, \
         account.administrator AS account_administrator, account.disabled AS account_disabled, \
         account.created AS account_created"
    };
}
pub(crate) use account_columns;

impl Account {
    /// Reads the columns that `account_columns` names.
    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get("account_id")?,
            email: row.get("account_email")?,
            name: row.optional("account_name")?,
            administrator: row.get("account_administrator")?,
            disabled: row.get("account_disabled")?,
            created: row.get("account_created")?,
        })
    }
}

impl Store {
    /// Makes an account. From then on setup is closed.
    ///
    /// # Errors
    /// [`Error::EmailTaken`].
    pub async fn create_account(&self, new: &NewAccount, now: Timestamp) -> Result<Account> {
        let mut tx = self.db.begin().await?;
        tx.execute("UPDATE setup SET closed = TRUE, token = NULL", params![]).await?;
        let account = insert(&mut tx, new, now).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// The account with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        let sql = concat!("SELECT ", account_columns!(), " FROM account WHERE id = $1");
        self.db.optional(sql, params![id]).await?.as_ref().map(Account::read).transpose()
    }

    /// The account with this address, with the hash to check a password against.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_by_email(&self, email: &Email) -> Result<Option<(Account, PasswordHash)>> {
        let sql =
            concat!("SELECT ", account_columns!(), ", password FROM account WHERE email = $1");
        let row = self.db.optional(sql, params![*email]).await?;
        row.map(|row| Ok((Account::read(&row)?, row.get("password")?))).transpose()
    }

    /// The hash of an account's password.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn password_of(&self, id: AccountId) -> Result<Option<PasswordHash>> {
        let row =
            self.db.optional("SELECT password FROM account WHERE id = $1", params![id]).await?;
        row.map(|row| row.get("password")).transpose()
    }

    /// Every account, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let sql = concat!("SELECT ", account_columns!(), " FROM account ORDER BY created, id");
        self.db.all(sql, params![]).await?.iter().map(Account::read).collect()
    }

    /// Whether anyone has an account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_accounts(&self) -> Result<bool> {
        Ok(self.db.optional("SELECT id FROM account LIMIT 1", params![]).await?.is_some())
    }

    /// Changes a password and ends every session of the account but `keep`. Returns the ended
    /// ones.
    ///
    /// # Errors
    /// [`Error::NotPossible`] when there is no such account.
    pub async fn set_password(
        &self,
        id: AccountId,
        password: &PasswordHash,
        keep: Option<SessionId>,
    ) -> Result<Vec<SessionId>> {
        let sql = "UPDATE account SET password = $2 WHERE id = $1";
        let mut tx = self.db.begin().await?;
        if tx.execute(sql, params![id, *password]).await? == 0 {
            return Err(Error::NotPossible("there is no such account"));
        }
        let ended = sessions::end_all(&mut tx, id, keep).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Replaces a weak hash by a better one of the same password, unless the password was changed
    /// meanwhile. Ends no session. Returns whether it was replaced.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn upgrade_password_hash(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool> {
        let sql = "UPDATE account SET password = $3 WHERE id = $1 AND password = $2";
        Ok(self.db.execute(sql, params![id, *old, *new]).await? == 1)
    }

    /// Disables or enables an account. Disabling ends every session; the ended ones are returned.
    ///
    /// # Errors
    /// [`Error::NotPossible`] when there is no such account.
    pub async fn set_disabled(&self, id: AccountId, disabled: bool) -> Result<Vec<SessionId>> {
        let sql = "UPDATE account SET disabled = $2 WHERE id = $1";
        let mut tx = self.db.begin().await?;
        if tx.execute(sql, params![id, disabled]).await? == 0 {
            return Err(Error::NotPossible("there is no such account"));
        }
        let ended = if disabled { sessions::end_all(&mut tx, id, None).await? } else { Vec::new() };
        tx.commit().await?;
        Ok(ended)
    }
}

/// Writes the row of a new account.
pub(crate) async fn insert(tx: &mut Tx, new: &NewAccount, now: Timestamp) -> Result<Account> {
    let sql = concat!(
        "INSERT INTO account (id, email, name, password, administrator, disabled, created) \
         VALUES ($1, $2, $3, $4, $5, FALSE, $6) RETURNING ",
        account_columns!()
    );
    let values = params![new.id, new.email, new.name, new.password, new.administrator, now];
    let rows = tx
        .all(sql, values)
        .await
        .map_err(|error| if error.is_taken() { Error::EmailTaken } else { error })?;
    rows.first().map(Account::read).ok_or(Error::NotPossible("the account was not made"))?
}

#[cfg(test)]
mod tests;
