//! How a visitor looks to a printer. The relay describes real ones this way, and the check for a
//! login pretends to be one, so both must do the same.

use std::net::IpAddr;

use forward::address::{STRANGER, shown_to_printers};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{HOST, HeaderValue as Value},
};

/// What stands for [`STRANGER`] if a header could not hold an address, which all of them can.
const NOBODY: HeaderValue = HeaderValue::from_static("192.0.2.1");

/// Says for which host a request is and where it comes from. Everything else of that kind must
/// have been removed before.
pub(crate) fn describe(fields: &mut HeaderMap, host: &HeaderValue, client: IpAddr) {
    debug_assert_eq!(STRANGER.to_string(), NOBODY);
    let client = HeaderValue::from_str(&shown_to_printers(client).to_string()).unwrap_or(NOBODY);
    for (name, value) in [
        (HOST, host.clone()),
        (HeaderName::from_static("x-forwarded-host"), host.clone()),
        (HeaderName::from_static("x-forwarded-proto"), Value::from_static("https")),
        (HeaderName::from_static("x-scheme"), Value::from_static("https")),
        (HeaderName::from_static("x-forwarded-for"), client.clone()),
        (HeaderName::from_static("x-real-ip"), client),
    ] {
        fields.insert(name, value);
    }
}
