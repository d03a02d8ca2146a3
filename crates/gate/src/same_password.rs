//! Noticing that one pair of user name and password opens both the gate and the printer: whoever
//! learns the one then has the other. The gate sends no password anywhere to find out. It looks at
//! what people send to the printer's own sign-in anyway, and compares once the printer has said
//! that it was right.

use bytes::BytesMut;
use forward::{Body, BoxError};
use http::{Method, StatusCode, header::CONTENT_LENGTH, request::Parts};
use http_body_util::BodyExt;
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

/// Whether a request may be a sign-in at the printer. Not everybody says how long it is.
pub(crate) fn may_be_sign_in(parts: &Parts) -> bool {
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let is_longer = |length: &str| length.parse::<usize>().is_ok_and(|length| length > LONGEST);
    parts.method == Method::POST
        && SIGN_INS.iter().any(|path| parts.uri.path().ends_with(path))
        && !length.is_some_and(is_longer)
}

/// Reads a body if it is short, and gives it back unchanged.
pub(crate) async fn look(mut body: Body) -> Result<(Option<Pair>, Body), BoxError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else { continue };
        read.extend_from_slice(&piece);
        if read.len() > LONGEST {
            return Ok((None, forward::begun(read.freeze(), body)));
        }
    }
    let read = read.freeze();
    Ok((pair(&read), forward::full(read)))
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

    fn request(length: Option<&str>) -> Parts {
        let request = http::Request::post("/api/login");
        let request = match length {
            Some(length) => request.header(CONTENT_LENGTH, length),
            None => request,
        };
        request.body(()).unwrap().into_parts().0
    }

    // covers: GT-2
    #[tokio::test]
    async fn a_sign_in_may_be_silent_about_its_length_and_nothing_is_lost_of_a_long_one() {
        assert!(may_be_sign_in(&request(Some("8192"))) && may_be_sign_in(&request(None)));
        assert!(!may_be_sign_in(&request(Some("8193"))));
        for (letters, is_sign_in) in [(10, true), (LONGEST, false), (LONGEST * 9, false)] {
            let sent = format!(r#"{{"user":"ada","pass":"x","more":"{}"}}"#, "x".repeat(letters));
            let (first, rest) = sent.split_at(7);
            let body = forward::begun(first.to_owned().into(), forward::full(rest.to_owned()));
            let (pair, body) = look(body).await.unwrap();
            assert_eq!(pair.is_some(), is_sign_in, "{letters}");
            assert_eq!(body.collect().await.unwrap().to_bytes(), sent);
        }
    }

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
