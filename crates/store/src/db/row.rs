//! A row of either database, read by column name.

use sqlx::{Decode, Postgres, Sqlite, Type, postgres::PgRow, sqlite::SqliteRow};

use super::{Column, on};
use crate::{Error, Result};

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

/// What both databases can read as one and the same Rust type.
pub(crate) trait Raw:
    Type<Sqlite> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + for<'r> Decode<'r, Postgres>
{
}

impl<T> Raw for T where
    T: Type<Sqlite> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + for<'r> Decode<'r, Postgres>
{
}

impl Row {
    /// The value of a column that is never NULL.
    pub(crate) fn get<C: Column>(&self, column: &str) -> Result<C> {
        self.optional(column)?.ok_or_else(|| Error::Unreadable(column.to_owned()))
    }

    /// The value of a column, or `None` where it is NULL.
    pub(crate) fn optional<C: Column>(&self, column: &str) -> Result<Option<C>> {
        let Some(raw) = self.raw::<C::Raw>(column)? else { return Ok(None) };
        let value = C::from_raw(raw);
        value.map(Some).ok_or_else(|| Error::Unreadable(column.to_owned()))
    }

    fn raw<R: Raw>(&self, column: &str) -> Result<Option<R>> {
        use sqlx::Row as _;
        on!(self, row => Ok(row.try_get::<Option<R>, _>(column)?))
    }
}
