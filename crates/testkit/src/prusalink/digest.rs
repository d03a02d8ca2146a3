//! Digest authentication (RFC 7616) as a browser answers PrusaLink's challenge: MD5, tied to the
//! session, one answer per challenge.

use anyhow::{Context, Result, ensure};
use md5::{Digest, Md5};

const OUR_NONCE: &str = "0a4f113b";

/// The value of `Authorization` for a request.
pub(super) fn authorization(
    challenge: &str,
    method: &str,
    path: &str,
    (user, password): (&str, &str),
) -> Result<String> {
    let algorithm = parameter(challenge, "algorithm")?;
    ensure!(algorithm == "MD5-sess", "another algorithm: {challenge}");
    ensure!(parameter(challenge, "qop")? == "auth", "another protection: {challenge}");
    let (realm, nonce) = (parameter(challenge, "realm")?, parameter(challenge, "nonce")?);
    let opaque = parameter(challenge, "opaque")?;
    let person = hash(&format!("{user}:{realm}:{password}"));
    let session = hash(&format!("{person}:{nonce}:{OUR_NONCE}"));
    let request = hash(&format!("{method}:{path}"));
    let response = hash(&format!("{session}:{nonce}:00000001:{OUR_NONCE}:auth:{request}"));
    Ok(format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{path}\", \
         algorithm={algorithm}, response=\"{response}\", opaque=\"{opaque}\", qop=auth, \
         nc=00000001, cnonce=\"{OUR_NONCE}\""
    ))
}

/// A parameter of a challenge, quoted or not.
fn parameter<'a>(challenge: &'a str, name: &str) -> Result<&'a str> {
    let parameters = challenge.split_once(' ').map_or("", |(_, parameters)| parameters);
    let mut pairs = parameters.split(',').filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find_map(|(key, value)| (key == name).then_some(value));
    Ok(value.with_context(|| format!("no {name} in {challenge:?}"))?.trim_matches('"'))
}

fn hash(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_quoted_or_not() {
        let challenge = r#"Digest realm="A b", algorithm=MD5-sess, nonce="x=""#;
        assert_eq!(parameter(challenge, "realm").unwrap(), "A b");
        assert_eq!(parameter(challenge, "algorithm").unwrap(), "MD5-sess");
        assert_eq!(parameter(challenge, "nonce").unwrap(), "x=");
        assert!(parameter(challenge, "qop").is_err());
    }

    #[test]
    fn the_hash_is_written_in_hexadecimal() {
        assert_eq!(hash(""), "d41d8cd98f00b204e9800998ecf8427e");
    }
}
