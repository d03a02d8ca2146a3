//! Printers, as their agents report them, and the labels of their origins.

mod report;

use printer::{AccountId, AgentId, Kind, Level, Name, PrinterId, Timestamp};

use crate::{
    Agent, Result, Store,
    agents::agent_columns,
    db::{Row, params},
    grants::reachable,
};

/// A printer that an agent reported at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printer {
    /// Its id, made by the agent that reported it first.
    pub id: PrinterId,
    /// The id by which its agent knows it: another one where a new machine took an agent's place.
    pub at_agent: PrinterId,
    /// The agent that reaches it.
    pub agent: AgentId,
    /// Its name at the agent.
    pub name: Name,
    /// What answers there.
    pub kind: Kind,
    /// The label of its origin. Never another printer's, not even after this one is gone.
    pub label: String,
    /// Since when the agent no longer reports it.
    pub removed: Option<Timestamp>,
}

/// A printer as its agent reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedPrinter {
    /// Its id.
    pub id: PrinterId,
    /// Its name.
    pub name: Name,
    /// What answers there.
    pub kind: Kind,
}

impl ReportedPrinter {
    fn is_called_like(&self, other: &Self) -> bool {
        self.name == other.name && self.kind == other.kind
    }
}

macro_rules! printer_columns {
    () => {
        "printer.id AS printer_id, printer.at_agent AS printer_at_agent, \
         printer.agent AS printer_agent, \
         printer.name AS printer_name, printer.kind AS printer_kind, \
         printer.label AS printer_label, printer.removed AS printer_removed"
    };
}
pub(crate) use printer_columns;

impl Printer {
    /// Reads the columns that `printer_columns` names.
    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get("printer_id")?,
            at_agent: row.get("printer_at_agent")?,
            agent: row.get("printer_agent")?,
            name: row.get("printer_name")?,
            kind: row.get("printer_kind")?,
            label: row.get("printer_label")?,
            removed: row.optional("printer_removed")?,
        })
    }
}

impl Store {
    /// The printer with this id, removed ones too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn printer(&self, id: PrinterId) -> Result<Option<Printer>> {
        let sql = concat!("SELECT ", printer_columns!(), " FROM printer WHERE id = $1");
        self.db.optional(sql, params![id]).await?.as_ref().map(Printer::read).transpose()
    }

    /// The printer at this label, if it is not removed and its agent is linked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn printer_by_label(&self, label: &str) -> Result<Option<Printer>> {
        let sql = concat!(
            "SELECT ",
            printer_columns!(),
            " FROM printer JOIN agent ON agent.id = printer.agent \
             WHERE label = $1 AND removed IS NULL AND revoked IS NULL"
        );
        let row = self.db.optional(sql, params![label.to_owned()]).await?;
        row.as_ref().map(Printer::read).transpose()
    }

    /// The printers that an agent reports, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn printers_of(&self, agent: AgentId) -> Result<Vec<Printer>> {
        let sql = concat!(
            "SELECT ",
            printer_columns!(),
            " FROM printer WHERE agent = $1 AND removed IS NULL ORDER BY name, id"
        );
        self.db.all(sql, params![agent]).await?.iter().map(Printer::read).collect()
    }

    /// The printers on which an account has a level now, with that level, by name. All others
    /// stay unknown to it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn printers_for(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<(Printer, Agent, Level)>> {
        let sql = concat!(
            "SELECT ",
            printer_columns!(),
            ", ",
            agent_columns!(),
            ", access_grant.level AS grant_level",
            reachable!(),
            " ORDER BY printer.name, printer.id"
        );
        let rows = self.db.all(sql, params![account, now]).await?;
        let mut printers: Vec<(Printer, Agent, Level)> = Vec::new();
        for row in &rows {
            let (printer, agent) = (Printer::read(row)?, Agent::read(row)?);
            let level = crate::grants::level_in(row, account, agent.owner)?;
            match printers.last_mut() {
                // One row per grant: the same printer again.
                Some((last, _, highest)) if last.id == printer.id => *highest = level.max(*highest),
                _ => printers.push((printer, agent, level)),
            }
        }
        Ok(printers)
    }
}

#[cfg(test)]
mod tests;
