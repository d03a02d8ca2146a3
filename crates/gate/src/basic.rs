//! The user name and password of a request (RFC 7617), and taking them out before the printer
//! sees it.

use base64::{Engine, engine::general_purpose::STANDARD};
use credentials::Password;
use http::{HeaderMap, header::AUTHORIZATION};
use zeroize::Zeroizing;

/// The longest user name, in bytes.
pub(crate) const MAX_USER: usize = 256;

/// A user name and a password, as somebody sent them.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) user: String,
    pub(crate) password: Password,
}

/// More than one `Authorization`: two programs could each believe another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// Reads them. `None` without any, or if nobody could have such ones.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Pair>, Ambiguous> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let first = fields.next();
    if fields.next().is_some() {
        return Err(Ambiguous);
    }
    Ok(first.and_then(|field| decode(field.as_bytes())))
}

/// Removes them, and leaves other kinds of proof, which are the printer's business.
pub(crate) fn remove(headers: &mut HeaderMap) {
    if headers.get(AUTHORIZATION).is_some_and(|field| encoded(field.as_bytes()).is_some()) {
        headers.remove(AUTHORIZATION);
    }
}

fn decode(field: &[u8]) -> Option<Pair> {
    let decoded = Zeroizing::new(STANDARD.decode(encoded(field)?).ok()?);
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let valid = !user.is_empty() && user.len() <= MAX_USER && !user.contains(char::is_control);
    let password = password.parse().ok()?;
    valid.then(|| Pair { user: user.to_owned(), password })
}

/// What follows the word `Basic`.
fn encoded(field: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = field.split_at_checked(5)?;
    let is_basic = scheme.eq_ignore_ascii_case(b"basic");
    let ends = rest.first().is_none_or(|byte| *byte == b' ' || *byte == b'\t');
    (is_basic && ends).then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(AUTHORIZATION, HeaderValue::from_str(field).unwrap());
        }
        headers
    }

    fn user(field: &str) -> Option<String> {
        read(&headers(&[field])).unwrap().map(|pair| pair.user)
    }

    // covers: GT-1
    #[test]
    fn a_pair_is_read_as_browsers_write_it() {
        assert_eq!(user("Basic YWRhOnJhdHRsaW5nOnRlYXBvdA=="), Some("ada".to_owned()));
        assert_eq!(user("bASIC  YWRhOng="), Some("ada".to_owned()));
        for odd in
            ["Basic", "Basic !", "Basic YWRh", "Basic Ong=", "BasicYWRhOng=", "Bearer YWRhOng="]
        {
            assert_eq!(user(odd), None, "{odd}");
        }
        let long = STANDARD.encode(format!("ada:{}", "x".repeat(1025)));
        assert_eq!(user(&format!("Basic {long}")), None);
    }

    // covers: GT-1
    #[test]
    fn duplicate_authorization() {
        let two = headers(&["Basic YWRhOng=", "Bearer x"]);
        assert_eq!(read(&two).unwrap_err(), Ambiguous);
    }

    // covers: GT-1
    #[test]
    fn the_printer_sees_only_what_is_for_it() {
        for (field, left) in [("Basic YWRhOng=", false), ("basic", false), ("Bearer x", true)] {
            let mut headers = headers(&[field]);
            remove(&mut headers);
            assert_eq!(headers.contains_key(AUTHORIZATION), left, "{field}");
        }
    }
}
