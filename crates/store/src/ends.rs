//! When the clock next takes a right away: a session that expires or goes idle, a grant that
//! reaches its date. Nobody writes anything then, so the [`revision`](Store::revision) says nothing.

use std::time::Duration;

use printer::Timestamp;

use crate::{Result, Store, db::params};

impl Store {
    /// The first moment after `now` at which a session or a grant ends by itself, unless somebody
    /// uses that session before. `None`: nothing does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_end(&self, now: Timestamp, idle: Duration) -> Result<Option<Timestamp>> {
        let sql = "SELECT \
                   (SELECT MIN(expires) FROM session WHERE expires > $1) AS expires, \
                   (SELECT MIN(last_seen) FROM session WHERE last_seen > $2) AS unused, \
                   (SELECT MIN(ends) FROM access_grant WHERE ends > $1) AS ends";
        let row = self.db.optional(sql, params![now, now.minus(idle)]).await?;
        let Some(row) = row else { return Ok(None) };
        let unused: Option<Timestamp> = row.optional("unused")?;
        let unused = unused.map(|last_seen| last_seen.plus(idle));
        let ends = [row.optional("expires")?, unused, row.optional("ends")?];
        Ok(ends.into_iter().flatten().min())
    }
}

#[cfg(test)]
mod tests {
    use printer::Level;

    use crate::{
        Grant, GrantScope,
        testing::{HERE, IDLE, NOW, after, each_database, new_grant},
    };

    // covers: AC-11, PM-2
    #[tokio::test]
    async fn the_clock_ends_the_soonest_of_sessions_and_grants() {
        each_database(async |store| {
            assert_eq!(store.next_end(NOW, IDLE).await.unwrap(), None);
            let ada = store.person("ada").await;
            let agent = store.agent_of(&ada, 1).await;
            let printer = store.one_printer(&agent).await;
            let session = store.session(&ada, 1).await;
            let idle = session.last_seen.plus(IDLE);
            assert_eq!(store.next_end(NOW, IDLE).await.unwrap(), Some(idle));
            store.touch_session(session.id, session.expires.minus(IDLE / 2), HERE).await.unwrap();
            assert_eq!(store.next_end(NOW, IDLE).await.unwrap(), Some(session.expires));

            let grant = new_grant(&ada, GrantScope::Printer(printer.id), Level::View);
            store.add_grant(&Grant { until: Some(after(60)), ..grant }).await.unwrap();
            assert_eq!(store.next_end(NOW, IDLE).await.unwrap(), Some(after(60)));
            assert_eq!(store.next_end(after(60), IDLE).await.unwrap(), Some(session.expires));
            let over = session.expires.plus(IDLE);
            assert_eq!(store.next_end(over, IDLE).await.unwrap(), None);
        })
        .await;
    }
}
