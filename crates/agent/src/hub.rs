//! The hub that an agent is linked to, and the way there.

use std::{fmt, io, str::FromStr, time::Duration};

use http::Uri;
use printer::Name;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpStream, time::timeout};
use tunnel::Fingerprint;

use crate::{Closed, Transport};

/// How long a TCP connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the agent remembers of its hub (`hub.toml`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// Where it is.
    pub url: HubUrl,
    /// The key that it must prove.
    pub key: Fingerprint,
    /// What this agent is called there.
    pub name: Name,
    /// How it is reached.
    pub transport: Transport,
    /// Why the agent opens nothing until it is linked again.
    pub closed: Option<Closed>,
    /// The key that the hub has named as its next.
    pub next_key: Option<Fingerprint>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: HubUrl,
    key: String,
    name: Name,
    #[serde(default)]
    transport: Transport,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<Closed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_key: Option<String>,
}

impl Hub {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        let key = written.key.parse().map_err(|_| "key is no fingerprint".to_owned())?;
        let next_key = written.next_key.map(|text| text.parse()).transpose();
        let next_key = next_key.map_err(|_| "next_key is no fingerprint".to_owned())?;
        let Written { url, name, transport, closed, .. } = written;
        Ok(Self { url, key, name, transport, closed, next_key })
    }

    pub(crate) fn to_toml(&self) -> String {
        let Self { url, key, name, transport, closed, next_key } = self.clone();
        let (key, next_key) = (key.to_string(), next_key.map(|key| key.to_string()));
        let written = Written { url, key, name, transport, closed, next_key };
        toml::to_string(&written).unwrap_or_default()
    }
}

/// Where a hub is: `https://host[:port]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HubUrl {
    host: String,
    port: u16,
}

/// A text that is no [`HubUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no hub; write it like https://hub.example.org or https://192.168.1.10:3443")]
pub struct InvalidHubUrl(String);

impl HubUrl {
    /// The hub's name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its TCP port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Host and port, for people.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// What to ask for in the TLS handshake. The key is what counts; the name is for proxies.
pub(crate) fn server_name(host: &str) -> ServerName<'static> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    ServerName::try_from(bare)
        .unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()))
}

/// Connects to a hub over TCP: what [`crate::run()`] is given to dial with.
///
/// # Errors
/// Nobody answers there within 10 s.
pub async fn dial_tcp(hub: &HubUrl) -> io::Result<TcpStream> {
    let stream = timeout(PATIENCE, TcpStream::connect((hub.bare_host(), hub.port))).await??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl FromStr for HubUrl {
    type Err = InvalidHubUrl;

    fn from_str(text: &str) -> Result<Self, InvalidHubUrl> {
        let invalid = || InvalidHubUrl(text.to_owned());
        let uri: Uri = text.trim().parse().map_err(|_| invalid())?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().ok_or_else(invalid)?.as_str();
        if uri.scheme_str() != Some("https") || !bare || authority.contains('@') {
            return Err(invalid());
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(invalid)?;
        let port = match authority.strip_prefix(host) {
            Some("") => Some(443),
            Some(rest) => rest.strip_prefix(':').and_then(|port| port.parse().ok()),
            None => None,
        };
        let port = port.filter(|port| *port != 0).ok_or_else(invalid)?;
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for HubUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            443 => write!(f, "https://{}", self.host),
            port => write!(f, "https://{}:{port}", self.host),
        }
    }
}

impl TryFrom<String> for HubUrl {
    type Error = InvalidHubUrl;

    fn try_from(text: String) -> Result<Self, InvalidHubUrl> {
        text.parse()
    }
}

impl From<HubUrl> for String {
    fn from(url: HubUrl) -> Self {
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_survives_its_file() {
        let hub = Hub {
            url: "https://hub.example.org:3443/".parse().unwrap(),
            key: Fingerprint::from_bytes([7; 32]),
            name: "workshop".parse().unwrap(),
            transport: Transport::WebSocket,
            closed: Some(Closed::Replaced),
            next_key: Some(Fingerprint::from_bytes([8; 32])),
        };
        let old = format!("url = \"https://a\"\nkey = \"{}\"\nname = \"a\"", hub.key);
        assert_eq!(Hub::parse(&old).unwrap().transport, Transport::Auto);
        assert_eq!(Hub::parse(&hub.to_toml()), Ok(hub));
        assert!(Hub::parse("url = \"https://a\"\nkey = \"x\"\nname = \"a\"").is_err());
    }

    #[test]
    fn only_plain_https_is_a_hub() {
        assert_eq!("https://A".parse::<HubUrl>().unwrap().to_string(), "https://a");
        assert_eq!("https://[::1]:3443".parse::<HubUrl>().unwrap().bare_host(), "::1");
        for text in ["http://a", "a", "https://u:p@a", "https://a/x", "https://a?b", "https://a:0"]
        {
            assert!(text.parse::<HubUrl>().is_err(), "{text}");
        }
    }
}
