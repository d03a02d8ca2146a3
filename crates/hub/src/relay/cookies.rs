//! Cookies on printers' origins. The hub's own: what they are called, how they are set, and which
//! names a printer may never use; `__Host-` names can't be set by sibling names or for a domain.
//! And the printers' (in the files below): each gets back what it set itself, and nothing else.

mod hidden;
mod inbound;
mod jar;
mod outbound;

use http::HeaderValue;

pub(super) use jar::Jar;

const RESERVED: [&str; 2] = ["__host-layerlock", "__host-ll-"];

/// The cookie that proves a session on one printer's origin.
pub(crate) fn session_name(label: &str) -> String {
    format!("__Host-ll-{label}")
}

/// The cookie that a printer's origin gets before anyone has signed in there; tickets are bound
/// to it.
pub(crate) fn pre_name(label: &str) -> String {
    format!("__Host-ll-pre-{label}")
}

/// The cookie that proves to the printer's agent that somebody knew its PIN. What is in it is the
/// agent's; its name is the hub's, so that no printer gets it or sets it.
pub(crate) fn pin_name(label: &str) -> String {
    format!("__Host-ll-pin-{label}")
}

/// Whether a cookie of this name is the hub's.
pub(crate) fn is_hubs(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    RESERVED.iter().any(|reserved| name.starts_with(reserved))
}

/// A `Set-Cookie` that keeps `value` until the browser is closed.
pub(crate) fn set(name: &str, value: &str) -> Option<HeaderValue> {
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    let mut cookie = HeaderValue::try_from(cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// A `Set-Cookie` that removes the cookie.
pub(crate) fn remove(name: &str) -> Option<HeaderValue> {
    let cookie = format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    HeaderValue::try_from(cookie).ok()
}
