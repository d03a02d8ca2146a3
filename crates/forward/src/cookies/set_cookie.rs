//! `Set-Cookie`, read as browsers read it (RFC 6265, 5.2), so that nobody can write one that we
//! take for another than they do.

use http::HeaderValue;

/// A cookie that an answer sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie<'a> {
    /// Its name: 1 to [`SetCookie::MAX_NAME`] printable ASCII characters.
    pub name: &'a str,
    /// Its value, quotes and all.
    pub value: &'a [u8],
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> SetCookie<'a> {
    /// The longest name, in bytes.
    pub const MAX_NAME: usize = 256;
    /// The longest path, in bytes.
    pub const MAX_PATH: usize = 256;

    /// Reads a field. `None` for what isn't passed on: a cookie without a name (browsers send its
    /// value as if it were `name=value`), a name that isn't printable ASCII or is too long, and an
    /// attribute that isn't.
    pub fn parse(field: &'a HeaderValue) -> Option<Self> {
        let mut pieces = field.as_bytes().split(|byte| *byte == b';');
        let (name, value) = super::named(pieces.next()?)?;
        let name = printable(name).filter(|name| name.len() <= Self::MAX_NAME)?;
        let attributes = pieces
            .map(|piece| {
                let piece = printable(piece.trim_ascii())?;
                let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
                Some((name.trim(), value.trim()))
            })
            .collect::<Option<_>>()?;
        Some(Self { name, value, attributes })
    }

    /// An attribute's value, empty if it has none. Of several the last one holds.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        let found = |(own, _): &&(&str, &str)| own.eq_ignore_ascii_case(name);
        self.attributes.iter().rev().find(found).map(|(_, value)| *value)
    }

    /// Where it applies: its `Path`, or what the path of the request stands for (RFC 6265, 5.1.4).
    /// `None` if that is too long to remember.
    pub fn path(&self, requested: &str) -> Option<String> {
        let own = self.attribute("path").filter(|path| path.starts_with('/'));
        let path = own.unwrap_or_else(|| default_path(requested));
        (path.len() <= Self::MAX_PATH).then(|| path.to_owned())
    }

    /// Whether it tells the browser to forget the cookie. `Expires` counts if it names the year
    /// 1970, as everyone's does who means to remove a cookie.
    pub fn removes(&self) -> bool {
        match self.attribute("max-age").filter(|age| is_number(age)) {
            Some(age) => age.starts_with('-') || age.bytes().all(|digit| digit == b'0'),
            None => self.attribute("expires").is_some_and(|date| date.contains("1970")),
        }
    }
}

/// Whether a cookie with this path is sent with a request for `requested` (RFC 6265, 5.1.4).
pub fn path_matches(path: &str, requested: &str) -> bool {
    requested
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}

fn default_path(requested: &str) -> &str {
    match requested.rsplit_once('/') {
        Some((folder, _)) if folder.starts_with('/') => folder,
        _ => "/",
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn printable(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(field: &[u8], look: impl FnOnce(Option<SetCookie<'_>>) -> T) -> T {
        look(SetCookie::parse(&HeaderValue::from_bytes(field).unwrap()))
    }

    #[test]
    fn a_field_is_read_as_browsers_read_it() {
        with(b" a = x=\"1\" ; HTTPONLY; path=/x ; SameSite=Lax;Path=/y", |cookie| {
            let cookie = cookie.unwrap();
            assert_eq!((cookie.name, cookie.value), ("a", &b"x=\"1\""[..]));
            assert_eq!(cookie.attribute("httponly"), Some(""));
            assert_eq!(cookie.attribute("samesite"), Some("Lax"));
            assert_eq!(cookie.path("/").as_deref(), Some("/y"));
            assert_eq!(cookie.attribute("domain"), None);
        });
        with("csrf_token_P3443=a|b\u{fc}".as_bytes(), |cookie| {
            assert_eq!(cookie.unwrap().value, "a|b\u{fc}".as_bytes());
        });
    }

    // covers: RL-5
    #[test]
    fn a_field_that_browsers_may_read_differently_is_none() {
        let long = [&[b'n'; 257][..], b"=1"].concat();
        for field in [&b"a"[..], b"=a=1", b"", b"; HttpOnly", b"\xff=1", b"a=1; P\xffth=/", &long] {
            assert!(with(field, |cookie| cookie.is_none()), "{}", field.escape_ascii());
        }
    }

    #[test]
    fn without_a_path_the_requests_folder_counts() {
        for (field, requested, expected) in [
            ("a=1", "/", "/"),
            ("a=1", "/login", "/"),
            ("a=1", "/plugin/x/login", "/plugin/x"),
            ("a=1; Path=", "/x/y", "/x"),
            ("a=1; Path=relative", "/x/y", "/x"),
            ("a=1; Path=/z/", "/x/y", "/z/"),
        ] {
            let path = with(field.as_bytes(), |cookie| cookie.unwrap().path(requested));
            assert_eq!(path.as_deref(), Some(expected), "{field} for {requested}");
        }
    }

    #[test]
    fn removals_are_recognised() {
        for (field, expected) in [
            ("a=; Max-Age=0", true),
            ("a=; Max-Age=-5", true),
            ("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/", true),
            ("a=; expires=Thu, 01-Jan-1970 00:00:01 GMT", true),
            ("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", false),
            ("a=1; Max-Age=soon", false),
            ("a=1; Expires=Fri, 01 Jan 2027 00:00:00 GMT", false),
            ("a=", false),
        ] {
            assert_eq!(with(field.as_bytes(), |c| c.unwrap().removes()), expected, "{field}");
        }
    }

    #[test]
    fn a_path_covers_what_lies_below_it() {
        for (path, requested, expected) in [
            ("/", "/", true),
            ("/", "/a/b", true),
            ("/a", "/a", true),
            ("/a", "/a/b", true),
            ("/a/", "/a/b", true),
            ("/a", "/ab", false),
            ("/a/", "/a", false),
            ("/a", "/", false),
        ] {
            assert_eq!(path_matches(path, requested), expected, "{path} {requested}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            field in proptest::collection::vec(32u8..=255, 0..80),
        ) {
            if let Ok(field) = HeaderValue::from_bytes(&field) {
                let cookie = SetCookie::parse(&field);
                if let Some(cookie) = cookie {
                    proptest::prop_assert!(!cookie.name.is_empty());
                    let _ = (cookie.path("/x"), cookie.removes());
                }
            }
        }
    }
}
