//! Taking an agent's report of its printers into the store.

use std::{collections::HashSet, time::Duration};

use printer::{PrinterId, Timestamp};

use super::{Printer, ReportedPrinter, printer_columns};
use crate::{
    Error, Result, Store,
    agents::{Agent, agent_columns},
    db::{Tx, Value, params},
};

/// How often another label is tried when one was given out before. Labels are random, so that
/// even a second try is a sign of something wrong.
const LABEL_TRIES: usize = 8;

/// The most printers that an agent ever has, removed ones included: their labels are kept.
const MAX_EVER: u32 = 1024;

/// The most labels that an agent's printers are given in an hour. Enough for a first report of as
/// many printers as an agent may have.
const MAX_PER_HOUR: u32 = 256;
const HOUR: Duration = Duration::from_hours(1);

/// For how long a printer waits to be found again by its name, after a new machine took its
/// agent's place.
const VACANT: Duration = Duration::from_hours(30 * 24);

impl Store {
    /// Takes in the complete list of an agent's printers. New ones get a label from `labels`;
    /// those that are missing are marked as removed, and keep their label for when they come
    /// back. Returns the printers that the agent has now, in the order of the report.
    ///
    /// A printer of an agent that was unlinked comes along when the same key is linked again. If
    /// it has another owner then, it gets a new label, and what the former owner granted is gone.
    ///
    /// When a new machine took this agent's place, what it reports is matched with what the agent
    /// had: by id, or else by name and kind, for 30 days. Printers of other agents take no part.
    ///
    /// # Errors
    /// [`Error::PrinterOfAnotherAgent`], or [`Error::NotPossible`] when the agent is not linked with
    /// this key any more, or has had too many printers: 1,024 ever, or 256 new ones within an hour.
    /// Nothing is written then.
    pub async fn report_printers(
        &self,
        agent: &Agent,
        reported: &[ReportedPrinter],
        labels: &(dyn Fn() -> String + Sync),
        now: Timestamp,
    ) -> Result<Vec<Printer>> {
        let mut tx = self.db.begin().await?;
        let agent = lock_agent(&mut tx, agent, now).await?;
        let mut report = Report { tx, agent, labels, now, has_new: false };
        let printers = report.take_in(reported).await?;
        report.mark_missing(&printers).await?;
        report.check_count().await?;
        report.tx.commit().await?;
        Ok(printers)
    }
}

/// Lets reports of one agent wait for each other, and refuses those of unlinked ones.
async fn lock_agent(tx: &mut Tx, agent: &Agent, now: Timestamp) -> Result<Agent> {
    let sql = concat!(
        "UPDATE agent SET last_seen = $3 WHERE id = $1 AND key = $2 AND revoked IS NULL RETURNING ",
        agent_columns!()
    );
    let rows = tx.all(sql, params![agent.id, agent.key, now]).await?;
    rows.first().map(Agent::read).ok_or(Error::NotPossible("the agent is not linked"))?
}

/// A report that is being taken in.
struct Report<'a> {
    tx: Tx,
    agent: Agent,
    labels: &'a (dyn Fn() -> String + Sync),
    now: Timestamp,
    /// Whether a label was given out.
    has_new: bool,
}

impl Report<'_> {
    /// Ids count before everything else, so that a printer which is found by its name is none that
    /// the same report names by its id.
    async fn take_in(&mut self, reported: &[ReportedPrinter]) -> Result<Vec<Printer>> {
        let mut found = Vec::with_capacity(reported.len());
        for one in reported {
            found.push(self.by_id(one).await?);
        }
        for (one, place) in reported.iter().zip(&mut found) {
            if place.is_none() {
                *place = self.by_id_at_agent(one).await?;
            }
        }
        let mut printers = Vec::with_capacity(reported.len());
        for (one, place) in reported.iter().zip(found) {
            let twins = reported.iter().filter(|other| other.is_called_like(one)).count();
            printers.push(match place {
                Some(printer) => printer,
                None if twins == 1 => self.by_name(one).await?,
                None => self.insert(one).await?,
            });
        }
        Ok(printers)
    }

    async fn by_id(&mut self, reported: &ReportedPrinter) -> Result<Option<Printer>> {
        let known = concat!(
            "SELECT ",
            printer_columns!(),
            ", ",
            agent_columns!(),
            " FROM printer JOIN agent ON agent.id = printer.agent WHERE printer.id = $1"
        );
        let row = self.tx.optional(known, params![reported.id]).await?;
        let Some(row) = row else { return Ok(None) };
        let (known, agent) = (Printer::read(&row)?, Agent::read(&row)?);
        self.take_over(reported, known, &agent).await.map(Some)
    }

    /// A printer that this agent reports by another id than ours since it took an agent's place.
    async fn by_id_at_agent(&mut self, reported: &ReportedPrinter) -> Result<Option<Printer>> {
        let known = concat!(
            "SELECT ",
            printer_columns!(),
            ", ",
            agent_columns!(),
            " FROM printer JOIN agent ON agent.id = printer.agent \
             WHERE printer.at_agent = $1 AND printer.id <> $1 \
             AND (agent.id = $2 OR (agent.revoked IS NOT NULL AND agent.key = $3))"
        );
        let values = params![reported.id, self.agent.id, self.agent.key];
        let row = self.tx.optional(known, values).await?;
        let Some(row) = row else { return Ok(None) };
        let (known, agent) = (Printer::read(&row)?, Agent::read(&row)?);
        self.take_over(reported, known, &agent).await.map(Some)
    }

    /// The only printer of that name and kind which waits for a new machine's report, or a new
    /// one.
    async fn by_name(&mut self, reported: &ReportedPrinter) -> Result<Printer> {
        let vacant = concat!(
            "SELECT ",
            printer_columns!(),
            " FROM printer WHERE agent = $1 AND name = $2 AND kind = $3 AND vacant > $4 LIMIT 2"
        );
        let ReportedPrinter { name, kind, .. } = reported.clone();
        let values = params![self.agent.id, name, kind, self.now.minus(VACANT)];
        match self.tx.all(vacant, values).await?.as_slice() {
            [row] => {
                let known = Printer::read(row)?;
                self.update(reported, known).await
            }
            _ => self.insert(reported).await,
        }
    }

    async fn take_over(
        &mut self,
        reported: &ReportedPrinter,
        known: Printer,
        agent: &Agent,
    ) -> Result<Printer> {
        if agent.id == self.agent.id {
            return self.update(reported, known).await;
        }
        if !self.is_former_self(agent) {
            return Err(Error::PrinterOfAnotherAgent(reported.id));
        }
        let known = self.label_after(known, agent).await?;
        self.update(reported, known).await
    }

    /// Whether this agent was linked as `other` before: it proves the same key.
    fn is_former_self(&self, other: &Agent) -> bool {
        other.revoked.is_some() && other.key == self.agent.key
    }

    /// The printer with the label that it has from now on: its own, or a new one under a new
    /// owner, who inherits none of the former owner's grants either.
    async fn label_after(&mut self, known: Printer, former: &Agent) -> Result<Printer> {
        if former.owner == self.agent.owner {
            return Ok(known);
        }
        let forget = "DELETE FROM access_grant WHERE printer = $1";
        self.tx.execute(forget, params![known.id]).await?;
        let label = self.new_label(known.id).await?;
        Ok(Printer { label, ..known })
    }

    async fn insert(&mut self, reported: &ReportedPrinter) -> Result<Printer> {
        let ReportedPrinter { id, name, kind } = reported.clone();
        let label = self.new_label(id).await?;
        let sql = "INSERT INTO printer (id, at_agent, agent, name, kind, label) \
                   VALUES ($1, $1, $2, $3, $4, $5)";
        let agent = self.agent.id;
        let values = params![id, agent, name, kind, label];
        // Two agents that report one new printer at the same moment: the second has lost.
        self.tx.execute(sql, values).await.map_err(|error| {
            if error.is_taken() { Error::PrinterOfAnotherAgent(id) } else { error }
        })?;
        Ok(Printer { id, at_agent: id, agent, name, kind, label, removed: None })
    }

    async fn update(&mut self, reported: &ReportedPrinter, known: Printer) -> Result<Printer> {
        let ReportedPrinter { id: at_agent, name, kind } = reported.clone();
        let sql = "UPDATE printer SET agent = $2, at_agent = $3, name = $4, kind = $5, label = $6, \
                   removed = NULL, vacant = NULL WHERE id = $1";
        let (id, label, agent) = (known.id, known.label, self.agent.id);
        self.tx.execute(sql, params![id, agent, at_agent, name, kind, label]).await?;
        Ok(Printer { id, at_agent, agent, name, kind, label, removed: None })
    }

    /// Refuses the whole report where it made too many new printers.
    async fn check_count(&mut self) -> Result<()> {
        if !self.has_new {
            return Ok(());
        }
        let ever = "SELECT COUNT(*) AS many FROM printer WHERE agent = $1";
        let lately = "SELECT COUNT(*) AS many FROM label JOIN printer ON printer.id = label.printer \
                      WHERE printer.agent = $1 AND label.created > $2";
        let (agent, hour) = (self.agent.id, self.now.minus(HOUR));
        let ever = self.count(ever, params![agent]).await?;
        let lately = self.count(lately, params![agent, hour]).await?;
        if ever > MAX_EVER || lately > MAX_PER_HOUR {
            return Err(Error::NotPossible("the agent reports too many new printers"));
        }
        Ok(())
    }

    async fn count(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u32> {
        let row = self.tx.optional(sql, values).await?;
        row.map_or(Ok(0), |row| row.get("many"))
    }

    /// A label that no printer ever had.
    async fn new_label(&mut self, printer: PrinterId) -> Result<String> {
        let sql = "INSERT INTO label (label, printer, created) VALUES ($1, $2, $3) \
                   ON CONFLICT (label) DO NOTHING";
        for _ in 0..LABEL_TRIES {
            let label = (self.labels)();
            if self.tx.execute(sql, params![label, printer, self.now]).await? == 1 {
                self.has_new = true;
                return Ok(label);
            }
        }
        Err(Error::NotPossible("no label that was never used was found"))
    }

    async fn mark_missing(&mut self, present: &[Printer]) -> Result<()> {
        let present: HashSet<PrinterId> = present.iter().map(|printer| printer.id).collect();
        let all = "SELECT id FROM printer WHERE agent = $1 AND removed IS NULL";
        let remove = "UPDATE printer SET removed = $2 WHERE id = $1";
        for row in self.tx.all(all, params![self.agent.id]).await? {
            let id: PrinterId = row.get("id")?;
            if !present.contains(&id) {
                self.tx.execute(remove, params![id, self.now]).await?;
            }
        }
        Ok(())
    }
}
