//! The agent's token for a browser that knew a printer's PIN (RL-9). In the browser it is a cookie
//! of the hub's, in the tunnel a header. The hub neither reads nor remembers it.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::cookies;
use crate::session::cookie;

/// The header in the tunnel.
pub(super) const PIN: HeaderName = HeaderName::from_static(wire::PIN_HEADER);

/// The cookie on one printer's origin.
pub(super) struct PinCookie(String);

impl PinCookie {
    pub(super) fn of(label: &str) -> Self {
        Self(cookies::pin_name(label))
    }

    /// What a browser shows, for the agent. Two of them are none.
    pub(super) fn shown(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut token = HeaderValue::from_str(cookie(headers, &self.0)?).ok()?;
        token.set_sensitive(true);
        Some(token)
    }

    /// What the agent wants a browser to keep until it is closed; the agent forgets it earlier.
    /// Nothing but base64url can get into the cookie.
    pub(super) fn kept(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let token = headers.get(PIN)?.to_str().ok()?;
        let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        (plain && token.len() <= MAX).then(|| cookies::set(&self.0, token)).flatten()
    }
}

/// The longest token, in bytes.
const MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &'static str) -> Option<HeaderValue> {
        let headers = HeaderMap::from_iter([(PIN, HeaderValue::from_static(value))]);
        PinCookie::of("abcdefgh234567ij").kept(&headers)
    }

    // covers: RL-9
    #[test]
    fn an_agents_token_becomes_a_cookie_that_no_script_and_no_printer_reads() {
        let cookie = told("Ab_-9").unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-ll-pin-abcdefgh234567ij=Ab_-9; "), "{cookie}");
        assert!(cookie.contains("HttpOnly") && cookie.contains("Secure"), "{cookie}");
        assert!(cookies::is_hubs(&cookies::pin_name("abcdefgh234567ij")));
    }

    // covers: RL-5
    #[test]
    fn agent_writes_more_than_a_token() {
        for value in ["a; Domain=example.org", "a b", "a=b", "a,b"] {
            assert_eq!(told(value), None, "{value}");
        }
    }
}
