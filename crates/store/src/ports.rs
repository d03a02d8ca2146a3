//! Ports of printers' origins, where a hub has to tell printers apart by them. Like a label, a port
//! is given to one printer and never to another.

use std::{collections::HashSet, ops::RangeInclusive};

use printer::Timestamp;

use crate::{Result, Store, db::params};

impl Store {
    /// The port of the printer with this label, among `ports`: the one that it has, or the lowest
    /// that no printer ever had. `None` when all of them were given out.
    ///
    /// # Errors
    /// When there is no such label, or the database fails.
    pub async fn port_of(
        &self,
        label: &str,
        ports: RangeInclusive<u16>,
        now: Timestamp,
    ) -> Result<Option<u16>> {
        let (first, last) = (*ports.start(), *ports.end());
        let own = "SELECT port FROM port WHERE label = $1 AND port BETWEEN $2 AND $3 \
                   ORDER BY port LIMIT 1";
        let known = self.db.optional(own, params![label.to_owned(), first, last]).await?;
        if let Some(row) = known {
            return row.get("port").map(Some);
        }
        let given = "SELECT port FROM port WHERE port BETWEEN $1 AND $2";
        let insert = "INSERT INTO port (port, label, created) VALUES ($1, $2, $3) \
                      ON CONFLICT (port) DO NOTHING";
        let given = self.db.all(given, params![first, last]).await?;
        let given: HashSet<u16> = given.iter().map(|row| row.get("port")).collect::<Result<_>>()?;
        for port in ports.filter(|port| !given.contains(port)) {
            // Another hub on the same database may have been quicker.
            if self.db.execute(insert, params![port, label.to_owned(), now]).await? == 1 {
                return Ok(Some(port));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
