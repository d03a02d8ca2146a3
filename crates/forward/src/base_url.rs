//! Where a printer's web UI is: `http://host[:port][/path/]`, and nothing that would send more
//! than a visitor asked for.

use std::{fmt, str::FromStr};

use http::Uri;
use serde::{Deserialize, Serialize};

use crate::path::is_plain;

/// The base URL of a web server at home. HTTP only, for now.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl {
    host: String,
    port: u16,
    /// Begins and ends with a slash.
    path: String,
}

/// Why a text is no [`BaseUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It can't be read at all.
    #[error("{0:?} is no address; write it like http://192.168.1.20 or http://127.0.0.1:5000")]
    Malformed(String),
    /// Another scheme than `http`.
    #[error(
        "{0:?} doesn't begin with http://; printers are reached over HTTP only for now, \
         inside your own network"
    )]
    NotHttp(String),
    /// User name and password in front of the host.
    #[error("an address can't contain a user name or password")]
    Credentials,
    /// A question mark and more, or a path with dots and escapes.
    #[error("an address can have a plain path and nothing after it")]
    NotPlain,
}

/// The longest address, in bytes, as it is written.
const MAX: usize = 512;

impl BaseUrl {
    /// The name or address of the machine, in lower case. IPv6 addresses have brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What every request's path begins with; begins and ends with a slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Host and port as a `Host` field has them.
    pub fn authority(&self) -> String {
        match self.port {
            80 => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let malformed = || InvalidUrl::Malformed(text.to_owned());
        let uri: Uri = text.trim().parse().map_err(|_| malformed())?;
        let authority = uri.authority().ok_or_else(malformed)?;
        if uri.scheme_str() != Some("http") {
            return Err(InvalidUrl::NotHttp(text.to_owned()));
        }
        if authority.as_str().contains('@') {
            return Err(InvalidUrl::Credentials);
        }
        if uri.query().is_some() || text.contains('#') || !is_plain(uri.path()) {
            return Err(InvalidUrl::NotPlain);
        }
        let path = format!("{}/", uri.path().trim_end_matches('/'));
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
        let port = match authority.as_str().strip_prefix(host) {
            Some("") => 80,
            Some(rest) => {
                rest.strip_prefix(':').and_then(|port| port.parse().ok()).ok_or_else(malformed)?
            }
            None => return Err(malformed()),
        };
        let url = Self { host: host.to_ascii_lowercase(), port, path };
        // What is written has to be read again, and may be longer than what came.
        if port == 0 || url.to_string().len() > MAX {
            return Err(malformed());
        }
        Ok(url)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.path)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = InvalidUrl;

    fn try_from(text: String) -> Result<Self, InvalidUrl> {
        text.parse()
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: RL-8
    #[test]
    fn an_address_that_is_taken_can_be_read_again() {
        for length in [MAX - 1, MAX, MAX + 1] {
            for end in ["", "/"] {
                let text = format!("http://{}{end}", "h".repeat(length - 7 - end.len()));
                let taken = text.parse::<BaseUrl>();
                assert_eq!(taken.is_ok(), length - end.len() < MAX, "{length} bytes, {end:?}");
                if let Ok(url) = taken {
                    assert_eq!(url.to_string().parse(), Ok(url));
                }
            }
        }
    }
}
