//! The browser's session: its cookie, and who is behind it.

use std::{net::IpAddr, time::Duration};

use credentials::{SessionToken, TokenDigest};
use http::{HeaderMap, HeaderValue, header::COOKIE};
use store::{Account, Session};

use crate::{problem::ApiError, state::State};

/// The name of the session cookie on the dashboard's origin.
pub(crate) const COOKIE_NAME: &str = "__Host-layerlock";

/// How often a session's "last seen" is written, at most.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Who.
    pub(crate) account: Account,
    /// Through which sign-in.
    pub(crate) session: Session,
    /// The digest of the session's token, to ask again whether it is still valid.
    pub(crate) digest: TokenDigest,
}

/// The session token that a request presents on the dashboard's origin. Two of them are none.
pub(crate) fn token(headers: &HeaderMap) -> Option<SessionToken> {
    SessionToken::parse(cookie(headers, COOKIE_NAME)?)
}

/// How many lines of cookies a request carries, whichever cookies they are.
pub(crate) fn cookie_lines(headers: &HeaderMap) -> usize {
    headers.get_all(COOKIE).iter().count()
}

/// The value of the one cookie of this name. Two of them are none.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = forward::cookies::pairs(headers)
        .filter(|(found, _)| *found == name.as_bytes())
        .map(|(_, value)| value);
    let first = values.next();
    let only = values.next().is_none().then_some(first).flatten();
    std::str::from_utf8(only?).ok()
}

/// Who is signed in on the dashboard's origin, if anyone. Notes that the session was used.
pub(crate) async fn visitor(
    state: &State,
    headers: &HeaderMap,
    client: IpAddr,
) -> Result<Option<Visitor>, ApiError> {
    let Some(token) = token(headers) else { return Ok(None) };
    let digest = token.digest();
    let now = state.clock.now();
    let idle = state.config.sessions.idle.duration();
    let found = state.store.session_by_token(&digest, now, idle).await?;
    let Some((session, account)) = found else { return Ok(None) };
    if session.last_seen.plus(TOUCH_EVERY) <= now {
        state.store.touch_session(session.id, now, client).await?;
    }
    Ok(Some(Visitor { account, session, digest }))
}

/// `Set-Cookie` for a new session.
pub(crate) fn set_cookie(
    token: &SessionToken,
    lifetime: Duration,
) -> Result<HeaderValue, ApiError> {
    let value = format!(
        "{COOKIE_NAME}={}; Path=/; Max-Age={}; HttpOnly; Secure; SameSite=Lax",
        token.encode(),
        lifetime.as_secs()
    );
    let mut header = HeaderValue::try_from(value).map_err(ApiError::internal)?;
    header.set_sensitive(true);
    Ok(header)
}

/// `Set-Cookie` that makes the browser forget its session.
pub(crate) fn forget_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-layerlock=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
}
