//! The only crate that knows SQL. What a hub must not forget is kept here, in one SQLite file or
//! in PostgreSQL, from one SQL text. Each method is one unit of work: when it returns, all of it
//! is on disk; when it fails, none of it is.
//!
//! One file per noun holds its type, its statements and the one place where a row becomes a
//! value. Secrets arrive as digests or hashes and never leave in clear.

mod accounts;
mod agents;
mod db;
mod ends;
mod error;
mod grants;
mod links;
mod origin_sessions;
mod ports;
mod printer_cookies;
mod printers;
mod replacements;
mod revision;
mod sessions;
mod setup;

#[cfg(test)]
mod kill_nine;
#[cfg(test)]
mod testing;

pub use accounts::{Account, NewAccount};
pub use agents::{Agent, MAX_AGENTS, NewAgent, Rival};
pub use error::Error;
pub use grants::{Grant, GrantScope};
pub use links::{ClaimResult, LinkOffer, LinkState, MAX_WRONG_CODES};
pub use printer_cookies::PrinterCookie;
pub use printers::{Printer, ReportedPrinter};
pub use replacements::FormerKey;
pub use revision::Revision;
pub use sessions::{NewSession, Session};

/// A result of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a hub keeps. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Store {
    db: db::Db,
}

impl Store {
    /// Opens a database and brings its tables up to date. `sqlite:PATH` makes the file when it
    /// is missing, readable by this user alone; its directory must exist.
    /// `postgres://USER:PASSWORD@HOST/DATABASE` needs a database that exists.
    ///
    /// # Errors
    /// [`Error::Url`] for any other address, [`Error::File`] or [`Error::Database`] when it can't
    /// be opened.
    pub async fn open(url: &str) -> Result<Self> {
        Ok(Self { db: db::Db::open(url).await? })
    }

    /// Whether the database is a file of this machine, which no network can cut off.
    pub fn is_file(&self) -> bool {
        self.db.is_file()
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`Error::Database`] when there is none.
    pub async fn ping(&self) -> Result<()> {
        self.db.optional("SELECT 1 AS alive", Vec::new()).await.map(drop)
    }

    /// Closes all connections; every clone of this store is useless from then on.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}
