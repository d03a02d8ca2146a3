//! Browsers that knew a PIN. Each token is bound to the printer, its PIN, the person and the
//! sign-in at the hub: another person's, or one for a PIN that was changed, opens nothing.

use std::{collections::HashMap, time::Duration};

use credentials::{PasswordHash, TokenDigest};
use printer::{AccountId, PrinterId, SessionId};

/// How long nobody is asked again.
pub(super) const LIFETIME: Duration = Duration::from_hours(12);

/// The most that are remembered. With more, the oldest is asked again.
const MOST: usize = 4096;

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) printer: PrinterId,
    pub(super) account: AccountId,
    /// The sign-in at the hub.
    pub(super) lease: SessionId,
    pub(super) pin: PasswordHash,
}

#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<TokenDigest, (Session, Duration)>);

impl Sessions {
    /// Begins a session. An older one of the same sign-in at the same printer ends.
    pub(super) fn begin(&mut self, token: TokenDigest, session: Session, now: Duration) {
        let same = |old: &Session| {
            (old.printer, old.account, old.lease)
                == (session.printer, session.account, session.lease)
        };
        self.0.retain(|_, (old, ends)| *ends > now && !same(old));
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, (_, ends))| *ends).map(|(token, _)| *token);
            oldest.map(|token| self.0.remove(&token));
        }
        self.0.insert(token, (session, now + LIFETIME));
    }

    /// Whether a token is that of exactly this session, and the session hasn't ended.
    pub(super) fn has(&self, token: &TokenDigest, session: &Session, now: Duration) -> bool {
        self.0.get(token).is_some_and(|(known, ends)| known == session && *ends > now)
    }
}

#[cfg(test)]
mod tests {
    use credentials::Ticket;
    use printer::{OsRandom, SystemClock};

    use super::*;

    fn session() -> Session {
        let clock = SystemClock::new();
        Session {
            printer: PrinterId::new(&clock, &OsRandom),
            account: AccountId::new(&clock, &OsRandom),
            lease: SessionId::new(&clock, &OsRandom),
            pin: PasswordHash::decoy().clone(),
        }
    }

    fn token() -> TokenDigest {
        Ticket::new(&OsRandom).digest()
    }

    // covers: RL-9
    #[test]
    fn a_session_ends_after_twelve_hours_and_with_the_next_one() {
        let (mut sessions, session, first) = (Sessions::default(), session(), token());
        sessions.begin(first, session.clone(), Duration::ZERO);
        assert!(sessions.has(&first, &session, Duration::from_hours(11)));
        assert!(!sessions.has(&first, &session, LIFETIME));
        let second = token();
        sessions.begin(second, session.clone(), Duration::from_secs(1));
        assert!(!sessions.has(&first, &session, Duration::from_secs(2)));
        assert!(sessions.has(&second, &session, Duration::from_secs(2)));
    }

    // covers: RL-9
    #[test]
    fn a_flood_of_sessions_is_bounded() {
        let mut sessions = Sessions::default();
        for second in 0..=MOST as u64 {
            sessions.begin(token(), session(), Duration::from_secs(second) / 10);
        }
        assert_eq!(sessions.0.len(), MOST);
    }
}
