//! Whether the visitor of a printer's origin may use that printer.

use std::{net::IpAddr, time::Duration};

use credentials::{SessionToken, TokenDigest};
use http::HeaderMap;
use printer::{AccountId, Level, PrinterId};
use store::{Account, Agent, Printer, Session};

use super::{
    cookies,
    hold::{Hold, Listening},
    site::PrinterOrigin,
};
use crate::{
    origins::Unavailable,
    pages::Notice,
    policy::{Action, Denied, Subject, allow},
    session::cookie,
    state::Shared,
};

/// How often it is noted that a session is in use, at most.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// Somebody who may use the printer.
pub(super) struct Admitted {
    pub(super) printer: Printer,
    pub(super) level: Level,
    pub(super) hold: Hold,
}

/// Why somebody may not.
pub(super) enum Denial {
    /// No valid session on this origin, or no such printer: nobody learns which before they have
    /// signed in.
    SignedOut,
    /// Anything else, in words.
    Told(Notice),
}

impl From<store::Error> for Denial {
    fn from(error: store::Error) -> Self {
        Self::Told(error.into())
    }
}

/// Lets the holder of this origin's session in, if the policy allows it. Whoever may not use the
/// printer's pages may still send single requests, of which the agent knows what each takes.
pub(super) async fn admit(
    state: &Shared,
    origin: &PrinterOrigin,
    headers: &HeaderMap,
    client: IpAddr,
    action: Action,
) -> Result<Admitted, Denial> {
    let digest = presented(headers, origin.label()).ok_or(Denial::SignedOut)?;
    let printer = state.store.printer_by_label(origin.label()).await?.ok_or(Denial::SignedOut)?;
    let (session, _) = find(state, &digest, printer.id).await?.ok_or(Denial::SignedOut)?;
    // Listen first, look again second: a sign-out that falls in between is noticed.
    let listening = Listening::begin(state, session.id);
    let (session, account) = find(state, &digest, printer.id).await?.ok_or(Denial::SignedOut)?;
    let now = state.clock.now();
    let level = state.store.level_on(account.id, printer.id, now).await?;
    let level = permit(&account, level, action)?;
    if origin.shares_cookies() && !has_one_owner(state, account.id).await? {
        let why = Unavailable::SeveralOwners;
        return Err(Denial::Told(Notice::no_origin(&why.to_string())));
    }
    if session.last_seen.plus(TOUCH_EVERY) <= now {
        state.store.touch_session(session.id, now, client).await?;
    }
    let hold = listening.hold(state, (session, account), (printer.id, level));
    Ok(Admitted { printer, level, hold })
}

/// Whether all printers that an account may use are one owner's. Only then may they share a cookie
/// jar.
pub(super) async fn has_one_owner(
    state: &Shared,
    account: AccountId,
) -> Result<bool, store::Error> {
    let printers = state.store.printers_for(account, state.clock.now()).await?;
    Ok(is_one_owners(&printers))
}

/// Whether these printers are all one owner's.
pub(crate) fn is_one_owners(printers: &[(Printer, Agent, Level)]) -> bool {
    let mut owners = printers.iter().map(|(_, agent, _)| agent.owner);
    owners.next().is_none_or(|first| owners.all(|owner| owner == first))
}

/// Asks the policy whether somebody with this level may do this with the printer.
pub(super) fn permit(
    account: &Account,
    level: Option<Level>,
    action: Action,
) -> Result<Level, Denial> {
    match allow(Subject::Account(account), action, level) {
        Ok(()) => level.ok_or(Denial::Told(Notice::no_such_printer())),
        Err(Denied::SignedOut) => Err(Denial::SignedOut),
        Err(Denied::NoAccess | Denied::NotAdministrator) => {
            Err(Denial::Told(Notice::no_such_printer()))
        }
        Err(Denied::Level(needed)) => Err(Denial::Told(Notice::not_allowed(needed))),
    }
}

fn presented(headers: &HeaderMap, label: &str) -> Option<TokenDigest> {
    let token = cookie(headers, &cookies::session_name(label))?;
    Some(SessionToken::parse(token)?.digest())
}

async fn find(
    state: &Shared,
    digest: &TokenDigest,
    printer: PrinterId,
) -> Result<Option<(Session, Account)>, store::Error> {
    let idle = state.config.sessions.idle.duration();
    state.store.origin_session(digest, printer, state.clock.now(), idle).await
}
