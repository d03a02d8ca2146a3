//! What a visitor sends from the PIN page, bounded before it is read.

use std::time::Duration;

use credentials::Password;
use forward::Body;
use http::{HeaderMap, header::CONTENT_TYPE};
use tokio::time::timeout;

use crate::inside::Problem;

/// The longest form, in bytes: PIN and path, each byte escaped.
const MAX: usize = 16 * 1024;

/// The longest path that is remembered, in bytes.
const MAX_PATH: usize = 4 * 1024;

/// How long it may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A PIN that somebody typed, and where they wanted to go.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) pin: Password,
    pub(super) next: String,
}

impl Form {
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
        if !kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
            return Err(Problem::Unreadable);
        }
        let bytes = timeout(PATIENCE, forward::collect(body, MAX)).await;
        let bytes = bytes.ok().and_then(Result::ok).ok_or(Problem::Unreadable)?;
        let pin = form_urlencoded::parse(&bytes).find(|(name, _)| name == "pin");
        let pin = pin.and_then(|(_, pin)| Password::try_from(pin.into_owned()).ok());
        Ok(Self { pin: pin.ok_or(Problem::Unreadable)?, next: next(&bytes) })
    }
}

/// Where a query says that the visitor wanted to go.
pub(super) fn next_in(query: &str) -> String {
    next(query.as_bytes())
}

/// A path on this origin, whatever was asked for: browsers read `//` and `/\` as another site.
fn next(form: &[u8]) -> String {
    let path = form_urlencoded::parse(form).find(|(name, _)| name == "next").map(|(_, path)| path);
    let local = |path: &str| {
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        plain && path.starts_with('/') && !path.starts_with("//") && path.len() <= MAX_PATH
    };
    path.filter(|path| local(path)).map_or_else(|| "/".to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // covers: RL-9
    #[test]
    fn pin_page_next_double_slash() {
        for text in ["next=//evil.example", "next=/%5Cevil", "next=https://evil", "next=/%0d", ""] {
            assert_eq!(next_in(text), "/", "{text}");
        }
        assert_eq!(next_in("x=1&next=%2Ffiles%3Fa%3Db"), "/files?a=b");
    }

    proptest! {
        #[test]
        fn any_form_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let next = next(&bytes);
            prop_assert!(next.starts_with('/') && !next.starts_with("//"));
        }
    }
}
