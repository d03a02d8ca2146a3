//! Opening a database: where it is, how safely it writes, and bringing its tables up to date.

use std::{fs::OpenOptions, io::ErrorKind, path::Path, str::FromStr, time::Duration};

use sqlx::{
    Connection, Executor, PgConnection,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::timeout;

use super::{Db, Pool};
use crate::{Error, Result};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a unit of work waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);
/// How long SQLite waits for another process (`layerlock user add`, say) to finish writing.
const BUSY: Duration = Duration::from_secs(10);
/// How long PostgreSQL works on a statement, waits for its locks, or holds those of a transaction
/// in which nothing happens: the hub that began it may be gone.
const GIVE_UP: &str =
    "SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s'";
/// How long a used connection to PostgreSQL has to show that it still works.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

impl Db {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return open_sqlite(Path::new(path.strip_prefix("//").unwrap_or(path))).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return open_postgres(url).await;
        }
        Err(Error::Url(without_credentials(url)))
    }
}

/// The part of an address that may be shown.
fn without_credentials(url: &str) -> String {
    url.rsplit_once('@').map_or(url, |(_, rest)| rest).to_owned()
}

async fn open_sqlite(path: &Path) -> Result<Db> {
    if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
        return Err(Error::Url(format!("sqlite:{}", path.display())));
    }
    make_private(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE);

    let writer = pool().max_connections(1).connect_with(options.clone()).await?;
    SQLITE.run(&writer).await?;
    let read_only = options.pragma("query_only", "ON");
    let readers = pool().max_connections(SQLITE_READERS).connect_with(read_only).await?;
    Ok(Db { readers: Pool::Sqlite(readers), writers: Pool::Sqlite(writer) })
}

/// Makes the file if it is missing, and keeps other users of this machine out of it. SQLite gives
/// the files beside it (`-wal`, `-shm`) the same mode.
///
/// An existing file is never opened here: closing it again would drop the locks that SQLite holds
/// on it in this process.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => restrict(path),
        made => made.map(drop),
    }
}

fn restrict(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

async fn open_postgres(url: &str) -> Result<Db> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| Error::Url(without_credentials(url)))?
        .application_name("layerlock");
    // The tables take the time that they need.
    let mut connection = PgConnection::connect_with(&options).await?;
    POSTGRES.run(&mut connection).await?;
    connection.close().await?;
    let pool = PgPoolOptions::new()
        .acquire_timeout(ACQUIRE)
        .max_connections(POSTGRES_CONNECTIONS)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(GIVE_UP).await.map(drop) })
        })
        .after_release(|connection, _| Box::pin(still_there(connection)))
        .connect_with(options)
        .await?;
    Ok(Db { readers: Pool::Postgres(pool.clone()), writers: Pool::Postgres(pool) })
}

/// Whether a connection that was used can be used again. One on which nothing comes is thrown away,
/// or it would keep its place among the others for as long as TCP believes in it.
async fn still_there(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let answered = timeout(SIGN_OF_LIFE, connection.ping()).await;
    answered.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut)).map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    async fn pragma(store: &Db, sql: &'static str) -> String {
        let Pool::Sqlite(pool) = &store.writers else { panic!("not SQLite") };
        let row = sqlx::query(sql).fetch_one(pool).await.unwrap();
        sqlx::Row::try_get_unchecked::<String, _>(&row, 0).unwrap()
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn other_users_of_the_machine_read_the_database() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.sqlite");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        for entry in std::fs::read_dir(directory.path()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        }
        store.close().await;
    }

    #[tokio::test]
    async fn a_commit_waits_for_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("store.sqlite").display());
        let db = Db::open(&url).await.unwrap();
        assert_eq!(pragma(&db, "PRAGMA journal_mode").await, "wal");
        assert_eq!(pragma(&db, "PRAGMA synchronous").await, "2");
        assert_eq!(pragma(&db, "PRAGMA foreign_keys").await, "1");
        db.close().await;
    }

    // covers: AC-11
    #[tokio::test]
    async fn postgres_gives_up_on_what_takes_too_long() {
        crate::testing::each_database(async |store| {
            let db = Db::open(&store.url).await.unwrap();
            let Pool::Postgres(pool) = &db.writers else { return };
            for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
                let show = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
                let value: String = show.fetch_one(pool).await.unwrap();
                assert_eq!(value, "10s", "{setting}");
            }
            db.close().await;
        })
        .await;
    }

    #[tokio::test]
    async fn other_addresses_are_refused_without_showing_a_password() {
        for url in ["", "mysql://root:hunter2@db/x", "sqlite:", "sqlite::memory:", "store.sqlite"] {
            let error = Store::open(url).await.unwrap_err();
            assert!(matches!(error, Error::Url(_)), "{url}: {error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        let missing = Store::open("sqlite:/does/not/exist/store.sqlite").await.unwrap_err();
        assert!(missing.to_string().contains("/does/not/exist"), "{missing}");
    }
}
