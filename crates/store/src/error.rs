//! What can go wrong in the store. The first group are answers that a caller acts on; the second
//! are failures that an operator reads.

use std::path::PathBuf;

use printer::PrinterId;
use sqlx::error::DatabaseError;

/// Why a unit of work was not done. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another account has this address.
    #[error("another account has this email address")]
    EmailTaken,
    /// The first account has been made already.
    #[error("setup is closed: the first account exists")]
    SetupClosed,
    /// The setup token is wrong, used, replaced or expired.
    #[error("this setup link is not valid any more")]
    SetupTokenInvalid,
    /// A linked agent has this key.
    #[error("an agent with this key is linked already")]
    KeyTaken,
    /// An agent reported a printer that another agent has.
    #[error("printer {0} belongs to another agent")]
    PrinterOfAnotherAgent(PrinterId),
    /// What should be changed is not there, or not in a state that allows it.
    #[error("{0}")]
    NotPossible(&'static str),

    /// No database address that is known here.
    #[error("{0:?} is no database address (expected sqlite:PATH or postgres://…)")]
    Url(String),
    /// The database file can't be made or protected.
    #[error("can't open the database file {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A stored value that no version of this program writes.
    #[error("the database holds an unreadable value in column {0}")]
    Unreadable(String),
    /// The database refused or is out of reach.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// Whether a row was refused because another one has the same unique value.
    pub(crate) fn is_taken(&self) -> bool {
        self.of_database().is_some_and(DatabaseError::is_unique_violation)
    }

    /// Whether a row was refused because what it refers to does not exist.
    pub(crate) fn is_missing_reference(&self) -> bool {
        self.of_database().is_some_and(DatabaseError::is_foreign_key_violation)
    }

    fn of_database(&self) -> Option<&(dyn DatabaseError + 'static)> {
        match self {
            Self::Database(error) => error.as_database_error(),
            _ => None,
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Database(error.into())
    }
}
