//! Grants: who may do how much with which printer, until when. No grant means no access.

use printer::{AccountId, GrantId, Level, PrinterId, Timestamp};

use crate::{
    Error, Result, Store,
    db::{Row, params},
};

/// A level for one account on one printer, or on all printers of one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who gets it.
    pub account: AccountId,
    /// On what.
    pub scope: GrantScope,
    /// How much.
    pub level: Level,
    /// The moment from which it counts no more. `None`: until it is removed.
    pub until: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
}

/// What a grant is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantScope {
    /// One printer.
    Printer(PrinterId),
    /// All printers of this owner, later ones too.
    AllOf(AccountId),
}

impl GrantScope {
    fn columns(self) -> (Option<PrinterId>, Option<AccountId>) {
        match self {
            Self::Printer(printer) => (Some(printer), None),
            Self::AllOf(owner) => (None, Some(owner)),
        }
    }
}

macro_rules! grant_columns {
    () => {
        "id AS grant_id, account AS grant_account, printer AS grant_printer, \
         all_of AS grant_all_of, level AS grant_level, ends AS grant_ends, \
         created AS grant_created"
    };
}

/// The printers on which account `$1` has any level at the moment `$2`, as the end of a SELECT.
/// One row per grant; the owner's own printers have one even without a grant. Removed printers
/// and unlinked agents give nobody a level, and neither does a disabled account.
macro_rules! reachable {
    () => {
        " FROM printer JOIN agent ON agent.id = printer.agent \
         JOIN account ON account.id = $1 \
         LEFT JOIN access_grant ON access_grant.account = account.id \
         AND (access_grant.ends IS NULL OR access_grant.ends > $2) \
         AND (access_grant.printer = printer.id OR access_grant.all_of = agent.owner) \
         WHERE account.disabled = FALSE \
         AND printer.removed IS NULL AND agent.revoked IS NULL \
         AND (agent.owner = account.id OR access_grant.id IS NOT NULL)"
    };
}
pub(crate) use reachable;

/// The level in a row of `reachable`.
pub(crate) fn level_in(row: &Row, account: AccountId, owner: Option<AccountId>) -> Result<Level> {
    if owner == Some(account) {
        return Ok(Level::Admin);
    }
    row.get("grant_level")
}

impl Grant {
    fn read(row: &Row) -> Result<Self> {
        let scope = match (row.optional("grant_printer")?, row.optional("grant_all_of")?) {
            (Some(printer), None) => GrantScope::Printer(printer),
            (None, Some(owner)) => GrantScope::AllOf(owner),
            _ => return Err(Error::Unreadable("grant_printer".to_owned())),
        };
        Ok(Self {
            id: row.get("grant_id")?,
            account: row.get("grant_account")?,
            scope,
            level: row.get("grant_level")?,
            until: row.optional("grant_ends")?,
            created: row.get("grant_created")?,
        })
    }
}

impl Store {
    /// Adds a grant. It counts at once.
    ///
    /// # Errors
    /// [`Error::NotPossible`] when there is no such account or printer.
    pub async fn add_grant(&self, grant: &Grant) -> Result<()> {
        let (printer, all_of) = grant.scope.columns();
        let sql = "INSERT INTO access_grant (id, account, printer, all_of, level, ends, created) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let Grant { id, account, level, until, created, .. } = *grant;
        let values = params![id, account, printer, all_of, level, until, created];
        self.db
            .execute(sql, values)
            .await
            .map(drop)
            .map_err(|error| if error.is_missing_reference() { UNKNOWN } else { error })
    }

    /// Every grant, oldest first, ended ones too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn grants(&self) -> Result<Vec<Grant>> {
        let sql = concat!("SELECT ", grant_columns!(), " FROM access_grant ORDER BY created, id");
        self.db.all(sql, params![]).await?.iter().map(Grant::read).collect()
    }

    /// The grants that an account has, oldest first, ended ones too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn grants_of(&self, account: AccountId) -> Result<Vec<Grant>> {
        let sql = concat!(
            "SELECT ",
            grant_columns!(),
            " FROM access_grant WHERE account = $1 ORDER BY created, id"
        );
        self.db.all(sql, params![account]).await?.iter().map(Grant::read).collect()
    }

    /// Removes a grant and returns it. It counts no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_grant(&self, id: GrantId) -> Result<Option<Grant>> {
        let sql = concat!("DELETE FROM access_grant WHERE id = $1 RETURNING ", grant_columns!());
        self.db.returning(sql, params![id]).await?.first().map(Grant::read).transpose()
    }

    /// How much an account may do with a printer now. The owner of its agent: everything. Anyone
    /// else: the highest level granted. `None` means nothing at all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn level_on(
        &self,
        account: AccountId,
        printer: PrinterId,
        now: Timestamp,
    ) -> Result<Option<Level>> {
        let sql = concat!(
            "SELECT agent.owner AS agent_owner, access_grant.level AS grant_level",
            reachable!(),
            " AND printer.id = $3"
        );
        let rows = self.db.all(sql, params![account, now, printer]).await?;
        let levels = rows.iter().map(|row| level_in(row, account, row.optional("agent_owner")?));
        Ok(levels.collect::<Result<Vec<_>>>()?.into_iter().max())
    }
}

const UNKNOWN: Error = Error::NotPossible("there is no such account or printer");

#[cfg(test)]
mod tests;
