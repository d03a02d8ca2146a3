//! What the fuzz targets see of how a request's user name is read.

use http::HeaderMap;

use crate::basic;

/// Who a request says it is from; an error if it says so twice.
///
/// # Errors
/// There is more than one `Authorization`.
#[expect(clippy::result_unit_err, reason = "nobody asks which error it is")]
pub fn user(headers: &HeaderMap) -> Result<Option<String>, ()> {
    basic::read(headers).map(|pair| pair.map(|pair| pair.user)).map_err(|_| ())
}

/// Takes out what isn't for the printer.
pub fn remove_user(headers: &mut HeaderMap) {
    basic::remove(headers);
}
