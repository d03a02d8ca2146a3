//! Cookies of messages, byte by byte, without re-encoding those that stay. They are split as
//! browsers join them (RFC 6265, 5.4): at every semicolon, quotes or not.

mod set_cookie;

pub use set_cookie::{SetCookie, path_matches};

use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};

/// The cookies of a request, name and value, in the order in which they came. Those without a
/// name or an equals sign are left out: servers don't agree on what they are.
pub fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|field| field.as_bytes().split(|byte| *byte == b';'))
        .filter_map(named)
}

/// Replaces all cookies of a request by these, in one field, because HTTP/2 may split them and
/// HTTP/1.1 may not.
pub fn replace(headers: &mut HeaderMap, pairs: &[(&[u8], &[u8])]) {
    let joined: Vec<_> = pairs.iter().map(|(name, value)| [*name, *value].join(&b'=')).collect();
    headers.remove(COOKIE);
    if let (false, Ok(mut value)) =
        (joined.is_empty(), HeaderValue::from_bytes(&joined.join(&b"; "[..])))
    {
        value.set_sensitive(true);
        headers.insert(COOKIE, value);
    }
}

/// Name and value of `name=value`; `None` without a name.
fn named(cookie: &[u8]) -> Option<(&[u8], &[u8])> {
    let cookie = cookie.trim_ascii();
    let at = cookie.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (cookie.get(..at)?.trim_ascii(), cookie.get(at + 1..)?.trim_ascii());
    (!name.is_empty()).then_some((name, value))
}

/// Removes the cookies of a request whose names are picked, and joins the others into one
/// field, because HTTP/2 may split them and HTTP/1.1 may not.
pub fn remove_cookies(headers: &mut HeaderMap, picked: impl Fn(&str) -> bool) {
    let mut kept = Vec::new();
    for field in headers.get_all(COOKIE) {
        for cookie in field.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
            if !cookie.is_empty() && !picked(&name_of(cookie)) {
                kept.push(cookie.to_owned());
            }
        }
    }
    headers.remove(COOKIE);
    if let (false, Ok(value)) = (kept.is_empty(), HeaderValue::from_bytes(&kept.join(&b"; "[..]))) {
        headers.insert(COOKIE, value);
    }
}

/// Removes the cookies that an answer sets whose names are picked.
pub fn remove_set_cookies(headers: &mut HeaderMap, picked: impl Fn(&str) -> bool) {
    let all: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for value in all {
        if !picked(&name_of(value.as_bytes())) {
            headers.append(SET_COOKIE, value);
        }
    }
}

/// The part before the first equals sign. A cookie without one has its text as a name, since
/// that is what a nameless cookie looks like to a server (`=name=value` is sent as `name=value`).
fn name_of(cookie: &[u8]) -> String {
    let cookie = cookie.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let cookie = cookie.strip_prefix(b"=").unwrap_or(cookie);
    let name = cookie.split(|byte| *byte == b'=').next().unwrap_or_default();
    String::from_utf8_lossy(name.trim_ascii()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HUB: &str = "__Host-layerlock";

    fn without_hub_cookie(fields: &[&[u8]]) -> Option<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(COOKIE, HeaderValue::from_bytes(field).unwrap());
        }
        remove_cookies(&mut headers, |name| name == HUB);
        assert!(headers.get_all(COOKIE).iter().count() <= 1);
        headers.get(COOKIE).map(|value| value.as_bytes().to_owned())
    }

    // covers: RL-5
    #[test]
    fn hub_cookie_never_reaches_a_printer() {
        for (fields, expected) in [
            (&["__Host-layerlock=s"][..], None),
            (&["a=1; __Host-layerlock=s; b=2"], Some("a=1; b=2")),
            (&["a=1", "__Host-layerlock=s", "b=2"], Some("a=1; b=2")),
            (&["a=1;__Host-layerlock=s;b=2"], Some("a=1; b=2")),
            (&["a=\"x; __Host-layerlock=s; y\""], Some("a=\"x; y\"")),
            (&["=__Host-layerlock=s; a=1"], Some("a=1")),
            (&["__Host-layerlock =s; a=1"], Some("a=1")),
            (&["__Host-layerlock; a=1"], Some("a=1")),
            (
                &["csrf_token_P3443=a|b; session_P3443=.eJx=="],
                Some("csrf_token_P3443=a|b; session_P3443=.eJx=="),
            ),
        ] {
            let fields: Vec<_> = fields.iter().map(|field| field.as_bytes()).collect();
            let left = without_hub_cookie(&fields).map(|left| String::from_utf8(left).unwrap());
            assert_eq!(left.as_deref(), expected, "{fields:?}");
        }
    }

    // covers: RL-5
    #[test]
    fn printer_sets_the_hubs_cookie() {
        let mut headers = HeaderMap::new();
        for value in
            ["__Host-layerlock=evil; Path=/; Secure", "theme=dark; Path=/", "=__Host-layerlock=x"]
        {
            headers.append(SET_COOKIE, value.parse().unwrap());
        }
        remove_set_cookies(&mut headers, |name| name == HUB);
        let left: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(left, ["theme=dark; Path=/"]);
    }

    #[test]
    fn cookies_are_read_and_written_as_they_are() {
        let mut headers = HeaderMap::new();
        for field in [&b"a=1; b = x=y ;c;=d;"[..], b"e=\xff|; f="] {
            headers.append(COOKIE, HeaderValue::from_bytes(field).unwrap());
        }
        let original = headers.clone();
        let read: Vec<_> = pairs(&original).collect();
        let expected: [(&[u8], &[u8]); 4] =
            [(b"a", b"1"), (b"b", b"x=y"), (b"e", b"\xff|"), (b"f", b"")];
        assert_eq!(read, expected);
        replace(&mut headers, &read);
        assert_eq!(headers.get_all(COOKIE).iter().count(), 1);
        assert_eq!(headers[COOKIE].as_bytes(), b"a=1; b=x=y; e=\xff|; f=");
        replace(&mut headers, &[]);
        assert!(!headers.contains_key(COOKIE));
    }

    proptest! {
        #[test]
        fn no_bytes_carry_the_hub_cookie_through(field in proptest::collection::vec(prop_oneof![Just(b';'), Just(b'='), Just(b' '), Just(b'"'), 32u8..127, 128u8..=255], 0..60), at in 0usize..60) {
            let at = at.min(field.len());
            let hidden = [&field[..at], b"; __Host-layerlock=secret;", &field[at..]].concat();
            let left = without_hub_cookie(&[&hidden]).unwrap_or_default();
            let found = left.windows(HUB.len()).any(|window| window == HUB.as_bytes());
            prop_assert!(!found);
        }

        #[test]
        fn foreign_cookies_pass_unchanged(cookies in proptest::collection::vec("[a-z]{1,8}=[a-zA-Z0-9|=/.\"]{0,20}", 1..6)) {
            let field = cookies.join("; ");
            let left = without_hub_cookie(&[field.as_bytes()]);
            prop_assert_eq!(left.as_deref(), Some(field.as_bytes()));
        }
    }
}
