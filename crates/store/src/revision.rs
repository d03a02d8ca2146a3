//! A number that grows with every change that may take a right away, whichever program made it.
//! A hub that reads it often learns of what others did without looking at everything.

use crate::{
    Result, Store,
    db::{Column, params},
};

/// The state of everything that rights depend on. Two that are equal: nothing has changed between
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision(i64);

impl Column for Revision {
    type Raw = i64;

    fn to_raw(&self) -> i64 {
        self.0
    }

    fn from_raw(raw: i64) -> Option<Self> {
        Some(Self(raw))
    }
}

impl Store {
    /// What was the last change to a grant, an account's rights, an agent's owner or a printer's
    /// removal, or the last end of a session. The database itself counts, in the transaction of
    /// the change.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revision(&self) -> Result<Revision> {
        let row = self.db.optional("SELECT number FROM revision", params![]).await?;
        row.map_or(Ok(Revision(0)), |row| row.get("number"))
    }
}

#[cfg(test)]
mod tests {
    use printer::Level;

    use crate::{
        GrantScope,
        testing::{HERE, after, each_database, hash},
    };

    // covers: AC-11, PM-2
    #[tokio::test]
    async fn every_change_that_may_take_a_right_away_is_counted() {
        each_database(async |store| {
            let (ada, ben) = (store.person("ada").await, store.person("ben").await);
            let agent = store.agent_of(&ada, 1).await;
            let printer = store.one_printer(&agent).await;
            let session = store.session(&ada, 1).await;
            let mut last = store.revision().await.unwrap();
            let mut changed = async || {
                let now = store.revision().await.unwrap();
                std::mem::replace(&mut last, now) != now
            };
            store.touch_session(session.id, after(1), HERE).await.unwrap();
            assert!(!changed().await, "a session was used");
            let grant = store.grant(&ben, GrantScope::Printer(printer.id), Level::View).await;
            assert!(changed().await, "a grant was made");
            store.remove_grant(grant.id).await.unwrap();
            assert!(changed().await, "a grant was removed");
            store.end_session(ada.id, session.id).await.unwrap();
            assert!(changed().await, "a session ended");
            store.set_password(ada.id, &hash(2), None).await.unwrap();
            assert!(changed().await, "a password was set");
            store.revoke_agent(ada.id, agent.id, after(2)).await.unwrap();
            assert!(changed().await, "an agent was unlinked");
        })
        .await;
    }
}
