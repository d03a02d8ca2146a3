//! `layerlock grant`.

use credentials::Email;
use printer::{GrantId, Level, Name, PrinterId, Timestamp};
use store::{Grant, GrantScope, Printer};

use super::{Admin, Error};
use crate::inventory;

/// A grant to be made.
pub struct NewGrant {
    /// Who gets it.
    pub email: Email,
    /// For which printer: its id, or its name if no other has the same.
    pub printer: String,
    /// Up to which level.
    pub level: Level,
    /// Until when; `None` is until it is taken back.
    pub until: Option<Timestamp>,
}

/// A grant as the operator reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// The grant.
    pub id: GrantId,
    /// Who has it.
    pub email: Email,
    /// For which printer; `None` for all printers of an owner.
    pub printer: Option<(PrinterId, Name)>,
    /// Up to which level.
    pub level: Level,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl Admin {
    /// Lets a person use a printer up to a level, instead of what was granted for it before.
    pub async fn add_grant(&self, grant: NewGrant) -> Result<GrantRow, Error> {
        let now = self.clock.now();
        if grant.until.is_some_and(|until| until <= now) {
            return Err(Error::GrantInThePast);
        }
        let account = self.user(&grant.email).await?;
        let printer = self.find_printer(&grant.printer).await?;
        let made = Grant {
            id: GrantId::new(self.clock.as_ref(), self.random.as_ref()),
            account: account.id,
            scope: GrantScope::Printer(printer.id),
            level: grant.level,
            until: grant.until,
            created: now,
        };
        let earlier = self.store.grants_of(account.id).await?;
        self.store.add_grant(&made).await?;
        for grant in earlier.into_iter().filter(|grant| grant.scope == made.scope) {
            self.store.remove_grant(grant.id).await?;
        }
        let printer = Some((printer.id, printer.name));
        let Grant { id, level, until, .. } = made;
        Ok(GrantRow { id, email: account.email, printer, level, until })
    }

    /// Every grant.
    pub async fn grants(&self) -> Result<Vec<GrantRow>, Error> {
        let mut rows = Vec::new();
        for grant in self.store.grants().await? {
            rows.extend(self.row(grant).await?);
        }
        Ok(rows)
    }

    /// Takes a grant back.
    pub async fn remove_grant(&self, id: GrantId) -> Result<(), Error> {
        let removed = self.store.remove_grant(id).await?;
        removed.map(drop).ok_or(Error::NoSuchGrant(id))
    }

    async fn row(&self, grant: Grant) -> Result<Option<GrantRow>, Error> {
        let Some(account) = self.store.account(grant.account).await? else { return Ok(None) };
        let printer = match grant.scope {
            GrantScope::Printer(id) => self.store.printer(id).await?,
            GrantScope::AllOf(_) => None,
        };
        let printer = printer.map(|printer| (printer.id, printer.name));
        let Grant { id, level, until, .. } = grant;
        Ok(Some(GrantRow { id, email: account.email, printer, level, until }))
    }

    async fn find_printer(&self, wanted: &str) -> Result<Printer, Error> {
        let all = inventory::reachable(&self.store, self.clock.now()).await?;
        let known = all.iter().map(|printer| printer.name.to_string()).collect();
        let name = wanted.trim().to_lowercase();
        let is_wanted = |printer: &Printer| {
            printer.id.to_string() == name || printer.name.as_str().to_lowercase() == name
        };
        let mut found = all.into_iter().filter(is_wanted);
        match (found.next(), found.next()) {
            (Some(printer), None) => Ok(printer),
            (None, _) => Err(Error::NoSuchPrinter { wanted: wanted.to_owned(), known }),
            (Some(_), Some(_)) => Err(Error::AmbiguousPrinter(wanted.to_owned())),
        }
    }
}
