//! One interface to two databases. Everything that tells SQLite from PostgreSQL is in this file
//! and its children: opening, beginning a transaction, and three ways to run a statement.
//! Statements are literals with `$1`, `$2`, … that mean the same to both.

mod column;
mod open;
mod row;
mod value;

use std::time::Duration;

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use tokio::time::timeout;

pub(crate) use column::{Bind, Column};
pub(crate) use row::Row;
pub(crate) use value::{Value, params};

use crate::Result;

/// How long one step may take, with the wait for a connection before it. More than what PostgreSQL
/// allows a statement and SQLite a wait for a lock, so that those give up first and say why.
const STEP: Duration = Duration::from_secs(30);

/// The one place where the two databases part: the same body, compiled for each.
macro_rules! on {
    ($either:expr, $one:ident => $body:expr) => {
        match $either {
            Self::Sqlite($one) => $body,
            Self::Postgres($one) => $body,
        }
    };
}
pub(crate) use on;

/// A statement with its parameters bound.
macro_rules! bound {
    ($sql:expr, $parameters:expr) => {{
        let mut query = sqlx::query($sql);
        for parameter in $parameters {
            query = match parameter {
                Value::Uuid(value) => query.bind(value),
                Value::Integer(value) => query.bind(value),
                Value::Flag(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

/// The connections of a store. SQLite has one writer, so writers queue fairly here instead of
/// polling for the file's lock; readers never wait for it (WAL).
#[derive(Clone)]
pub(crate) struct Db {
    readers: Pool,
    writers: Pool,
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction that writes. Rolls back when dropped without [`Tx::commit`].
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Db {
    /// Whether it is SQLite.
    pub(crate) const fn is_file(&self) -> bool {
        matches!(self.readers, Pool::Sqlite(_))
    }

    /// Runs one statement that reads, and returns its rows.
    pub(crate) async fn all(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>> {
        self.readers.all(sql, values).await
    }

    /// Runs one statement that reads at most one row.
    pub(crate) async fn optional(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// Runs one statement that writes, and returns how many rows it touched.
    pub(crate) async fn execute(&self, sql: &'static str, values: Vec<Value>) -> Result<u64> {
        self.writers.execute(sql, values).await
    }

    /// Runs one statement that writes, and returns the rows that it names.
    pub(crate) async fn returning(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>> {
        self.writers.all(sql, values).await
    }

    /// Begins a transaction that writes. In SQLite it holds the file's write lock from the start,
    /// so that it can't fail half-way because another one was faster.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match &self.writers {
            Pool::Sqlite(pool) => Tx::Sqlite(in_time(pool.begin_with("BEGIN IMMEDIATE")).await?),
            Pool::Postgres(pool) => Tx::Postgres(in_time(pool.begin()).await?),
        })
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

impl Pool {
    async fn all(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>> {
        on!(self, pool => {
            let rows = in_time(bound!(sql, values).fetch_all(pool)).await?;
            Ok(rows.into_iter().map(Row::from).collect())
        })
    }

    async fn execute(&self, sql: &'static str, values: Vec<Value>) -> Result<u64> {
        on!(self, pool => Ok(in_time(bound!(sql, values).execute(pool)).await?.rows_affected()))
    }

    async fn close(&self) {
        on!(self, pool => pool.close().await);
    }
}

impl Tx {
    /// Runs one statement and returns its rows.
    pub(crate) async fn all(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>> {
        on!(self, tx => {
            let rows = in_time(bound!(sql, values).fetch_all(&mut **tx)).await?;
            Ok(rows.into_iter().map(Row::from).collect())
        })
    }

    /// Runs one statement that reads at most one row.
    pub(crate) async fn optional(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// Runs one statement and returns how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64> {
        on!(self, tx => {
            Ok(in_time(bound!(sql, values).execute(&mut **tx)).await?.rows_affected())
        })
    }

    /// Makes everything since the beginning permanent.
    pub(crate) async fn commit(self) -> Result<()> {
        on!(self, tx => Ok(in_time(tx.commit()).await?))
    }
}

/// Waits for a step of the database, but not for ever: on a connection whose other end has
/// vanished without a word nothing would ever come.
async fn in_time<T>(step: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let late = || std::io::Error::new(std::io::ErrorKind::TimedOut, "the database doesn't answer");
    timeout(STEP, step).await.unwrap_or_else(|_| Err(sqlx::Error::Io(late())))
}

#[cfg(test)]
mod tests;
