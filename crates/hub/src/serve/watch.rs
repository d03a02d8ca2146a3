//! What another program changed in the store (`layerlock grant remove` beside a running hub), and
//! what the clock ends (a session, a grant with a date): whatever hangs on a right that is gone
//! ends here within a second. What this process changes itself counts at once, without this.

use std::{collections::HashSet, time::Duration};

use backplane::Event;
use printer::{AccountId, SessionId, Timestamp};
use store::Revision;
use tokio_util::sync::CancellationToken;

use crate::state::State;

/// How often it is asked whether something changed.
const EVERY: Duration = Duration::from_millis(500);

/// How many times in a row it is believed that nothing did. A session that is newer than the last
/// look may end by the clock before any that was there then.
const AT_MOST: u32 = 10;

/// The sessions on which something hangs.
#[derive(Default)]
struct Held {
    valid: HashSet<SessionId>,
    accounts: HashSet<AccountId>,
}

/// What the last look found.
#[derive(Default)]
struct Seen {
    revision: Option<Revision>,
    /// When the clock next ends something.
    next_end: Option<Timestamp>,
}

impl Seen {
    /// Whether somebody or the clock has taken a right away since.
    fn is_old(&self, revision: Option<Revision>, now: Timestamp) -> bool {
        let changed = revision.is_some() && revision != self.revision;
        changed || self.next_end.is_some_and(|end| end <= now)
    }

    /// Remembers what a look found. After one that failed everything is as old as it was before,
    /// and is looked at again.
    fn looked(
        &mut self,
        revision: Option<Revision>,
        found: store::Result<Option<Timestamp>>,
    ) -> store::Result<()> {
        self.next_end = found?;
        self.revision = revision.or(self.revision);
        Ok(())
    }
}

/// Looks again and again, until `shutdown`.
pub(super) async fn run(hub: &State, shutdown: &CancellationToken) {
    let (mut seen, mut skipped) = (Seen::default(), 0);
    while shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        let revision = hub.store.revision().await.ok();
        let now = hub.clock.now();
        let is_old = seen.is_old(revision, now);
        skipped += 1;
        if !is_old && skipped < AT_MOST {
            continue;
        }
        skipped = 0;
        if let Err(error) = seen.looked(revision, look(hub, now, is_old).await) {
            tracing::warn!(%error, "sessions can't be looked at");
        }
    }
}

/// Ends what hangs on agents that were unlinked and on sessions that are over, and lets the rest
/// look at its rights again. Returns when the clock next ends something.
async fn look(hub: &State, now: Timestamp, is_old: bool) -> store::Result<Option<Timestamp>> {
    if is_old {
        for agent in hub.tunnels.keep_only(&hub.store.linked_agents().await?) {
            hub.backplane.publish(Event::AgentChanged(agent));
        }
    }
    let next_end = hub.store.next_end(now, hub.config.sessions.idle.duration()).await?;
    let held = hub.backplane.leases().sessions();
    if held.is_empty() {
        return Ok(next_end);
    }
    let still = still_valid(hub, &held.iter().copied().collect()).await?;
    for session in held.into_iter().filter(|session| !still.valid.contains(session)) {
        hub.backplane.end_session(session);
    }
    for account in still.accounts.into_iter().filter(|_| is_old) {
        hub.backplane.publish(Event::GrantsChanged(account));
    }
    Ok(next_end)
}

/// Which of these sessions are valid now, and whose they are.
async fn still_valid(hub: &State, held: &HashSet<SessionId>) -> store::Result<Held> {
    let idle = hub.config.sessions.idle.duration();
    let mut found = Held::default();
    let accounts = hub.store.accounts().await?;
    for account in accounts.into_iter().filter(|account| !account.disabled) {
        let sessions = hub.store.sessions_of(account.id, hub.clock.now(), idle).await?;
        for session in sessions.into_iter().filter(|session| held.contains(&session.id)) {
            found.valid.insert(session.id);
            found.accounts.insert(account.id);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use printer::{Clock, SystemClock};
    use store::Store;

    use super::*;

    // covers: AC-11
    #[tokio::test]
    async fn a_look_that_failed_is_taken_again() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("store.sqlite");
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let revision = store.revision().await.ok();
        let now = SystemClock::new().now();
        let mut seen = Seen::default();
        assert!(seen.is_old(revision, now), "nobody has looked yet");
        assert!(seen.looked(revision, Err(store::Error::SetupClosed)).is_err());
        assert!(seen.is_old(revision, now), "what was changed is still to be looked at");
        seen.looked(revision, Ok(Some(now))).unwrap();
        assert!(seen.is_old(revision, now), "the clock has ended something");
        assert!(seen.looked(revision, Err(store::Error::SetupClosed)).is_err());
        assert!(seen.is_old(revision, now), "and still has");
        seen.looked(revision, Ok(None)).unwrap();
        assert!(!seen.is_old(revision, now));
        // The revision can't be read for a while: that says nothing about what changed.
        seen.looked(None, Ok(None)).unwrap();
        assert!(!seen.is_old(None, now) && !seen.is_old(revision, now));
    }
}
