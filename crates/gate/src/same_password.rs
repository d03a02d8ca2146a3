//! Noticing that one pair of user name and password opens both the gate and the printer: whoever
//! learns the one then has the other. The gate sends no password anywhere to find out. It looks at
//! what people send to the printer's own sign-in anyway, and compares once the printer has said
//! that it was right.

use forward::Body;
use http::{Method, StatusCode, header::CONTENT_LENGTH, request::Parts};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::basic::Pair;

/// Where `OctoPrint` and Moonraker take a user name and a password.
const SIGN_INS: [&str; 2] = ["/api/login", "/access/login"];
/// A longer body is no sign-in.
const LONGEST: usize = 8 * 1024;

/// The body of a sign-in.
#[derive(Deserialize)]
struct SignIn {
    #[serde(alias = "username")]
    user: String,
    #[serde(alias = "password")]
    pass: String,
}

/// Whether a request may be a sign-in at the printer.
pub(crate) fn may_be_sign_in(parts: &Parts) -> bool {
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length = length.and_then(|length| length.parse::<usize>().ok());
    parts.method == Method::POST
        && SIGN_INS.iter().any(|path| parts.uri.path().ends_with(path))
        && length.is_some_and(|length| length <= LONGEST)
}

/// Reads a body that is short, and gives it back unchanged.
pub(crate) async fn look(body: Body) -> Result<(Option<Pair>, Body), forward::BoxError> {
    let bytes = forward::collect(body, LONGEST).await?;
    Ok((pair(&bytes), forward::full(bytes)))
}

/// Whether the printer took what was sent.
pub(crate) fn was_right(status: StatusCode) -> bool {
    status.is_success()
}

fn pair(bytes: &[u8]) -> Option<Pair> {
    let SignIn { user, pass } = serde_json::from_slice(bytes).ok()?;
    let pass = Zeroizing::new(pass);
    Some(Pair { user, password: pass.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: GT-2
    #[test]
    fn sign_ins_of_both_kinds_are_read() {
        for body in [
            r#"{"user":"ada","pass":"x","remember":false}"#,
            r#"{"username":"ada","password":"x","source":"moonraker"}"#,
        ] {
            assert_eq!(pair(body.as_bytes()).unwrap().user, "ada");
        }
        assert!(pair(br#"{"passive":true}"#).is_none());
        assert!(pair(b"user=ada&pass=x").is_none());
    }
}
