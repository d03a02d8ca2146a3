//! What may enter a tunnel. The other side ends the whole connection over some mistakes, so they
//! are found here, where they cost only the request that makes them.

use http::{HeaderMap, Method, StatusCode, Uri, header, request, response};

use crate::{Error, Protocol};

/// The most headers of one message.
pub(crate) const HEADERS: usize = 128;

/// The largest header list that is sent, in bytes as RFC 9113 counts them (names, values and 32
/// for each). Three quarters of what the other side reads.
pub(crate) const HEADER_BYTES: usize = 48 * 1024;

/// The longest method name, in bytes.
const METHOD: usize = 32;

/// Headers about one hop, which HTTP/2 doesn't allow (RFC 9113, section 8.2.2).
const PER_HOP: [&str; 5] =
    ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// Checks a request.
pub(crate) fn check_request(parts: &request::Parts, is_empty: bool) -> Result<Length, Error> {
    if parts.method.as_str().len() > METHOD {
        return Err(Error::Invalid("the method is too long"));
    }
    let is_extended = parts.extensions.get::<Protocol>().is_some();
    if is_extended != (parts.method == Method::CONNECT) {
        return Err(Error::Invalid("CONNECT and a protocol belong together"));
    }
    if parts.uri.scheme().is_none() || parts.uri.authority().is_none() {
        return Err(Error::Invalid("the address is not absolute"));
    }
    check_headers(&parts.headers, uri_length(&parts.uri))?;
    let length = Length::of(&parts.headers)?;
    if is_empty && length.is_more_than_nothing() {
        return Err(Error::Invalid("Content-Length without a body"));
    }
    Ok(length)
}

/// Checks the head of an answer to a request of this method.
pub(crate) fn check_response(parts: &response::Parts, method: &Method) -> Result<Length, Error> {
    if parts.status.is_informational() {
        return Err(Error::Invalid("an interim answer is no answer"));
    }
    check_headers(&parts.headers, 0)?;
    let length = Length::of(&parts.headers)?;
    let has_body = *method != Method::HEAD
        && parts.status != StatusCode::NO_CONTENT
        && parts.status != StatusCode::NOT_MODIFIED;
    Ok(if has_body { length } else { Length(Some(0)) })
}

fn uri_length(uri: &Uri) -> usize {
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    authority + path
}

fn check_headers(headers: &HeaderMap, already: usize) -> Result<(), Error> {
    if headers.len() > HEADERS {
        return Err(Error::Invalid("too many headers"));
    }
    let listed = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32);
    if listed.sum::<usize>() + already > HEADER_BYTES {
        return Err(Error::Invalid("the headers are too large"));
    }
    let other_te = headers.get(header::TE).is_some_and(|te| te != "trailers");
    if other_te || PER_HOP.iter().any(|name| headers.contains_key(*name)) {
        return Err(Error::Invalid("a header is for one hop only"));
    }
    Ok(())
}

/// How many bytes of a body are still to come, if its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length(Option<u64>);

impl Length {
    fn of(headers: &HeaderMap) -> Result<Self, Error> {
        const WRONG: Error = Error::Invalid("Content-Length is not one number");
        let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
        let Some(first) = lengths.next() else { return Ok(Self(None)) };
        if lengths.next().is_some() || !first.as_bytes().iter().all(u8::is_ascii_digit) {
            return Err(WRONG);
        }
        let text = first.to_str().map_err(|_| WRONG)?;
        text.parse().map(|length| Self(Some(length))).map_err(|_| WRONG)
    }

    /// Whether there is nothing to wait for.
    pub(crate) const fn is_nothing(self) -> bool {
        matches!(self.0, Some(0))
    }

    const fn is_more_than_nothing(self) -> bool {
        matches!(self.0, Some(1..))
    }

    /// Takes the next bytes of the body into account.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Error> {
        let Some(left) = self.0.as_mut() else { return Ok(()) };
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        *left = left
            .checked_sub(bytes)
            .ok_or(Error::Invalid("the body is longer than its Content-Length"))?;
        Ok(())
    }

    /// The body has ended.
    pub(crate) const fn end(self) -> Result<(), Error> {
        if self.is_more_than_nothing() {
            return Err(Error::Invalid("the body is shorter than its Content-Length"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request, Response};
    use proptest::prelude::*;

    use super::*;

    fn length_of(values: &[&[u8]]) -> Result<Length, Error> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.append(header::CONTENT_LENGTH, value);
        }
        Length::of(&headers)
    }

    // covers: RL-7
    #[test]
    fn a_length_is_one_number() {
        assert_eq!(length_of(&[]).unwrap(), Length(None));
        assert_eq!(length_of(&[b"0"]).unwrap(), Length(Some(0)));
        assert_eq!(length_of(&[b"18446744073709551615"]).unwrap(), Length(Some(u64::MAX)));
        for wrong in
            [b"".as_slice(), b"+1", b"1 ", b"1,1", b"0x1", b"\xff", b"18446744073709551616"]
        {
            assert!(length_of(&[wrong]).is_err(), "{wrong:?}");
        }
        assert!(length_of(&[b"1", b"1"]).is_err());
    }

    #[test]
    fn an_interim_answer_is_refused() {
        let (parts, ()) = Response::builder().status(101).body(()).unwrap().into_parts();
        assert!(check_response(&parts, &Method::GET).is_err());
    }

    proptest! {
        // covers: RL-7
        #[test]
        fn what_passes_is_smaller_than_what_the_other_side_reads(
            values in proptest::collection::vec(proptest::collection::vec(32_u8..127, 0..9_000), 0..12),
        ) {
            let mut request = Request::builder().uri("http://agent.internal/");
            for value in &values {
                request = request.header("x-any", value.as_slice());
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let size: usize = values.iter().map(|value| value.len() + 5 + 32).sum();
            if check_request(&parts, true).is_ok() {
                prop_assert!(size <= HEADER_BYTES);
            } else {
                prop_assert!(size + 100 > HEADER_BYTES);
            }
        }
    }
}
