//! What another program changed in the store (`layerlock grant remove` beside a running hub), and
//! what the clock ends (a session, a grant with a date): whatever hangs on a right that is gone
//! ends here within a second. What this process changes itself counts at once, without this.

mod silence;

use std::{collections::HashSet, time::Duration};

use backplane::Event;
use printer::{AccountId, SessionId, Timestamp};
use store::Revision;
use tokio_util::sync::CancellationToken;

use self::silence::{Silence, Unanswered};
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

/// What the last look found. While looks fail everything is as old as it was before.
#[derive(Default)]
struct Seen {
    revision: Option<Revision>,
    /// When the clock next ends something.
    next_end: Option<Timestamp>,
    /// How many times since it was believed that nothing changed.
    skipped: u32,
}

impl Seen {
    /// Whether somebody or the clock has taken a right away since.
    fn is_old(&self, revision: Revision, now: Timestamp) -> bool {
        Some(revision) != self.revision || self.next_end.is_some_and(|end| end <= now)
    }
}

/// Looks again and again, until `shutdown`.
pub(super) async fn run(hub: &State, shutdown: &CancellationToken) {
    let (mut seen, mut silence) = (Seen::default(), Silence::new(hub.store.is_file()));
    let watching = async {
        loop {
            tokio::time::sleep(EVERY).await;
            let looked = round(hub, &mut seen, &silence).await;
            silence.judge(hub.backplane.leases(), looked);
        }
    };
    shutdown.run_until_cancelled(watching).await;
}

/// Asks whether something changed, and looks if it may have.
async fn round(hub: &State, seen: &mut Seen, silence: &Silence) -> Result<(), Unanswered> {
    let revision = silence.answer(hub.store.revision()).await?;
    let now = hub.clock.now();
    let is_old = seen.is_old(revision, now);
    seen.skipped += 1;
    if is_old || seen.skipped >= AT_MOST {
        let next_end = look(hub, silence, now, is_old).await?;
        *seen = Seen { revision: Some(revision), next_end, skipped: 0 };
    }
    Ok(())
}

/// Ends what hangs on agents that were unlinked and on sessions that are over, and lets the rest
/// look at its rights again. Returns when the clock next ends something.
async fn look(
    hub: &State,
    silence: &Silence,
    now: Timestamp,
    is_old: bool,
) -> Result<Option<Timestamp>, Unanswered> {
    if is_old {
        for agent in hub.tunnels.keep_only(&silence.answer(hub.store.linked_agents()).await?) {
            hub.backplane.publish(Event::AgentChanged(agent));
        }
    }
    let idle = hub.config.sessions.idle.duration();
    let next_end = silence.answer(hub.store.next_end(now, idle)).await?;
    let held = hub.backplane.leases().sessions();
    if held.is_empty() {
        return Ok(next_end);
    }
    let still = still_valid(hub, silence, &held.iter().copied().collect()).await?;
    for session in held.into_iter().filter(|session| !still.valid.contains(session)) {
        hub.backplane.end_session(session);
    }
    for account in still.accounts.into_iter().filter(|_| is_old) {
        hub.backplane.publish(Event::GrantsChanged(account));
    }
    Ok(next_end)
}

/// Which of these sessions are valid now, and whose they are.
async fn still_valid(
    hub: &State,
    silence: &Silence,
    held: &HashSet<SessionId>,
) -> Result<Held, Unanswered> {
    let idle = hub.config.sessions.idle.duration();
    let mut found = Held::default();
    let accounts = silence.answer(hub.store.accounts()).await?;
    for account in accounts.into_iter().filter(|account| !account.disabled) {
        let sessions = hub.store.sessions_of(account.id, hub.clock.now(), idle);
        let sessions = silence.answer(sessions).await?;
        for session in sessions.into_iter().filter(|session| held.contains(&session.id)) {
            found.valid.insert(session.id);
            found.accounts.insert(account.id);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use printer::{Clock, OsRandom, SystemClock};

    use super::*;
    use crate::{Config, Hub, Parts};

    // covers: AC-11
    #[tokio::test]
    async fn a_look_that_failed_is_taken_again() {
        let (data, clock) = (tempfile::tempdir().unwrap(), Arc::new(SystemClock::new()));
        let folder = data.path().to_owned();
        let parts = Parts { data: folder, clock: clock.clone(), random: Arc::new(OsRandom) };
        let hub = Hub::build(Config::default(), parts).await.unwrap().shared;
        let (mut seen, silence) = (Seen::default(), Silence::new(true));
        let (revision, now) = (hub.store.revision().await.unwrap(), clock.now());
        assert!(seen.is_old(revision, now), "nobody has looked yet");
        round(&hub, &mut seen, &silence).await.unwrap();
        assert!(!seen.is_old(revision, now));
        seen.next_end = Some(now);
        assert!(seen.is_old(revision, now), "the clock has ended something");
        hub.store.close().await;
        assert!(round(&hub, &mut seen, &silence).await.is_err());
        assert!(seen.is_old(revision, now), "and still has");
    }
}
