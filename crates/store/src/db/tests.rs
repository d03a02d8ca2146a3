use futures_util::future::join_all;

use super::*;

/// Reads a number and writes the next one: what two writers must not do at the same time.
async fn count(db: &Db) -> Result<()> {
    let mut tx = db.begin().await?;
    let row = tx.optional("SELECT expires FROM setup", params![]).await?.unwrap();
    let last: u32 = row.optional("expires")?.unwrap_or_default();
    tx.execute("UPDATE setup SET expires = $1", params![last + 1]).await?;
    tx.commit().await
}

#[tokio::test]
async fn two_processes_read_then_write_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("store.sqlite").display());
    let (one, other) = (Db::open(&url).await.unwrap(), Db::open(&url).await.unwrap());
    let counts = (0..40).map(|n| count(if n % 2 == 0 { &one } else { &other }));
    for outcome in join_all(counts).await {
        outcome.unwrap();
    }
    let row = other.optional("SELECT expires FROM setup", params![]).await.unwrap().unwrap();
    assert_eq!(row.get::<u32>("expires").unwrap(), 40);
}

#[tokio::test]
async fn a_statement_meant_to_read_writes() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("store.sqlite").display());
    let db = Db::open(&url).await.unwrap();
    assert!(db.all("UPDATE setup SET closed = TRUE", params![]).await.is_err());
}
