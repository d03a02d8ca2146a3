//! A short name for one request, which its answer, our log and a person's report share.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderName, HeaderValue};

/// The header in which an answer carries it.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// 16 lower-case hexadecimal digits. Made by us for every request: a visitor's own are ignored, so
/// that nobody writes into our log. Found among a request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

/// Makes them: numbers in their order, mixed with a key that is drawn once, so that nobody learns
/// from two of them how many lie between. Clones go on counting together.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestIds(Arc<(RandomState, AtomicU64)>);

impl RequestIds {
    /// A new one.
    pub(crate) fn next(&self) -> RequestId {
        let (key, count) = &*self.0;
        RequestId(key.hash_one(count.fetch_add(1, Ordering::Relaxed)))
    }
}

impl RequestId {
    /// As the value of `x-request-id`.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ_and_show_no_order() {
        let ids = RequestIds::default();
        let some: Vec<_> = (0..1_000).map(|_| ids.clone().next().0).collect();
        assert_eq!(some.iter().collect::<HashSet<_>>().len(), some.len());
        assert!(!some.is_sorted());
        assert_ne!(RequestIds::default().next(), RequestIds::default().next(), "a key of its own");
    }
}
