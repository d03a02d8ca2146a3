//! A short name for one request, which its answer, our log and a person's report share.

use std::fmt;

use http::{HeaderName, HeaderValue};
use printer::Random;

/// The header in which an answer carries it.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// 16 lower-case hexadecimal digits. Made by us for every request: a visitor's own are ignored, so
/// that nobody writes into our log. Found among a request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// A new one.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        Self(u64::from_be_bytes(bytes))
    }

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
