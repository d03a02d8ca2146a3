//! The hub's cookies on printers' origins: what they are called, how they are set, and which names
//! a printer may never use. `__Host-` names can't be set by sibling names or for a domain.

use http::{HeaderMap, HeaderValue, header::SET_COOKIE};

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

/// Removes from a printer's answer each `Set-Cookie` that would set a cookie of the hub, or one
/// for a whole domain.
pub(crate) fn filter_printers(headers: &mut HeaderMap) {
    let http::header::Entry::Occupied(entry) = headers.entry(SET_COOKIE) else { return };
    let (name, values) = entry.remove_entry_mult();
    let kept: Vec<_> = values.filter(may_set).collect();
    for value in kept {
        headers.append(name.clone(), value);
    }
}

/// A cookie without a name is refused too: browsers send its value as if it were `name=value`.
fn may_set(cookie: &HeaderValue) -> bool {
    let text = String::from_utf8_lossy(cookie.as_bytes());
    let mut fields = text.split(';');
    let name = fields.next().and_then(|pair| pair.split_once('=')).map(|(name, _)| name.trim());
    let named = name.is_some_and(|name| !name.is_empty() && !is_hubs(name));
    let attribute = |field: &str| field.split('=').next().unwrap_or_default().trim().to_owned();
    named && !fields.any(|field| attribute(field).eq_ignore_ascii_case("domain"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(values: &[&str]) -> usize {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(SET_COOKIE, value.parse().unwrap());
        }
        filter_printers(&mut headers);
        headers.get_all(SET_COOKIE).iter().count()
    }

    // covers: RL-5
    #[test]
    fn printer_sets_the_hubs_session() {
        let session = format!("{}=x; Path=/; Secure", session_name("abcdefgh234567ij"));
        let attacks = [
            session.as_str(),
            "__Host-layerlock=x; Secure; Path=/",
            "__HOST-LL-x=y; Secure",
            " __Host-ll-x =y",
            "=__Host-ll-x=y",
            "__Host-ll-x",
        ];
        assert_eq!(kept(&attacks), 0);
    }

    // covers: RL-5
    #[test]
    fn domain_cookie_tossed_by_printer() {
        assert_eq!(
            kept(&["a=1; Domain=localhost", "a=1; path=/; domain = localhost", "a=1;DOMAIN"]),
            0
        );
        assert_eq!(kept(&["session_P3443=1; HttpOnly; Path=/", "theme=dark"]), 2);
    }
}
