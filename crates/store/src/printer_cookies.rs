//! Which cookies a printer has set in a visitor's session, so that it gets these back and no
//! others (RL-5). Names and paths only: values stay in the browser. They are kept here and not in
//! memory because a hub that starts again must not sign anybody out of their printer.

use printer::{PrinterId, SessionId};

use crate::{
    Error, Result, Store,
    db::{Row, Tx, params},
};

/// A cookie that a printer has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrinterCookie {
    /// Its name, as the printer knows it.
    pub name: String,
    /// Where it applies at the printer.
    pub path: String,
    /// Whether scripts must not see it (`HttpOnly`).
    pub hidden: bool,
}

impl PrinterCookie {
    /// How many of them are remembered for one session at one printer.
    pub const MAX_COUNT: usize = 64;
}

impl Store {
    /// The cookies that a printer has set in a session, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn printer_cookies(
        &self,
        session: SessionId,
        printer: PrinterId,
    ) -> Result<Vec<PrinterCookie>> {
        let rows = self.db.all(SELECT, params![session, printer]).await?;
        rows.iter().map(read).collect()
    }

    /// Forgets some cookies, remembers others, and returns all that are remembered then. A name
    /// that is known gets the new path; beyond [`PrinterCookie::MAX_COUNT`] no new name is taken,
    /// so that a printer which sets hundreds doesn't lose the one that it is signed in with.
    ///
    /// # Errors
    /// [`Error::NotPossible`] when the session has ended or there is no such printer.
    pub async fn change_printer_cookies(
        &self,
        session: SessionId,
        printer: PrinterId,
        forgotten: &[String],
        set: &[PrinterCookie],
    ) -> Result<Vec<PrinterCookie>> {
        let mut tx = self.db.begin().await?;
        hold_session(&mut tx, session).await?;
        for name in forgotten {
            tx.execute(FORGET, params![session, printer, *name]).await?;
        }
        let rows = tx.all(SELECT, params![session, printer]).await?;
        let mut known: Vec<_> = rows.iter().map(read).collect::<Result<_>>()?;
        for cookie in set {
            if !take(&mut known, cookie) {
                continue;
            }
            let PrinterCookie { name, path, hidden } = cookie;
            let values = params![session, printer, *name, *path, *hidden];
            let remembered = tx.execute(REMEMBER, values).await;
            remembered.map_err(|error| if error.is_missing_reference() { ENDED } else { error })?;
        }
        tx.commit().await?;
        Ok(known)
    }
}

const SELECT: &str = "SELECT name, path, hidden FROM printer_cookie \
                      WHERE session = $1 AND printer = $2 ORDER BY name";
const FORGET: &str = "DELETE FROM printer_cookie WHERE session = $1 AND printer = $2 AND name = $3";
const REMEMBER: &str = "INSERT INTO printer_cookie (session, printer, name, path, hidden) \
                        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (session, printer, name) \
                        DO UPDATE SET path = excluded.path, hidden = excluded.hidden";

const ENDED: Error = Error::NotPossible("the session has ended, or there is no such printer");

/// Two answers of one printer that arrive together are written one after the other.
async fn hold_session(tx: &mut Tx, session: SessionId) -> Result<()> {
    let sql = "UPDATE session SET expires = expires WHERE id = $1";
    if tx.execute(sql, params![session]).await? == 0 { Err(ENDED) } else { Ok(()) }
}

/// Whether there is room for this cookie; then it is among the known ones.
fn take(known: &mut Vec<PrinterCookie>, cookie: &PrinterCookie) -> bool {
    if let Some(same) = known.iter_mut().find(|same| same.name == cookie.name) {
        same.clone_from(cookie);
        return true;
    }
    let room = known.len() < PrinterCookie::MAX_COUNT;
    if room {
        known.push(cookie.clone());
    }
    room
}

fn read(row: &Row) -> Result<PrinterCookie> {
    Ok(PrinterCookie { name: row.get("name")?, path: row.get("path")?, hidden: row.get("hidden")? })
}

#[cfg(test)]
mod tests;
