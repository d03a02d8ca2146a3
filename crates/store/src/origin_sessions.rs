//! Sessions of one printer's own origin. Each hangs on a session of the dashboard: it is alive
//! only as long as its parent is, and goes with it.

use std::time::Duration;

use credentials::TokenDigest;
use printer::{PrinterId, SessionId, Timestamp};

use crate::{
    Account, Error, Result, Session, Store,
    accounts::account_columns,
    db::params,
    sessions::{session_columns, session_is_alive},
};

/// How many cookies one browser may hold for one printer. More than one, because two tabs that
/// are opened together each get a cookie and the browser keeps either.
const MAX_PER_PRINTER: u32 = 8;

impl Store {
    /// Lets a session into one printer's origin. The oldest of more than eight is forgotten.
    ///
    /// # Errors
    /// [`Error::NotPossible`] when the session has ended or there is no such printer.
    pub async fn create_origin_session(
        &self,
        session: SessionId,
        printer: PrinterId,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<()> {
        let insert = "INSERT INTO origin_session (token, session, printer, created) \
                      VALUES ($1, $2, $3, $4)";
        let forget = "DELETE FROM origin_session WHERE session = $1 AND printer = $2 \
                      AND token NOT IN (SELECT token FROM origin_session \
                      WHERE session = $1 AND printer = $2 ORDER BY created DESC LIMIT $3)";
        let mut tx = self.db.begin().await?;
        tx.execute(insert, params![*token, session, printer, now])
            .await
            .map_err(|error| if error.is_missing_reference() { ENDED } else { error })?;
        tx.execute(forget, params![session, printer, MAX_PER_PRINTER]).await?;
        tx.commit().await
    }

    /// The parent session of a token at a printer's origin, while it is alive, with its account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn origin_session(
        &self,
        token: &TokenDigest,
        printer: PrinterId,
        now: Timestamp,
        idle: Duration,
    ) -> Result<Option<(Session, Account)>> {
        let sql = concat!(
            "SELECT ",
            session_columns!(),
            ", ",
            account_columns!(),
            " FROM origin_session JOIN session ON session.id = origin_session.session \
             JOIN account ON account.id = session.account WHERE ",
            session_is_alive!(),
            " AND origin_session.token = $3 AND origin_session.printer = $4"
        );
        let values = params![now, now.minus(idle), *token, printer];
        let row = self.db.optional(sql, values).await?;
        row.map(|row| Ok((Session::read(&row)?, Account::read(&row)?))).transpose()
    }
}

const ENDED: Error = Error::NotPossible("the session has ended, or there is no such printer");

#[cfg(test)]
mod tests;
