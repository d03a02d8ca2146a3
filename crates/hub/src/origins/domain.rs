//! The domain below which printers have their names.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest domain that leaves room for a label (RFC 1035: 253 in all).
const MAX_LENGTH: usize = 253 - 17;

/// A DNS name in lower case, with at least two labels, that isn't reserved for this machine or for
/// its own network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

/// Why a domain can't be that of printers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDomain {
    /// Not a name.
    #[error("{0:?} is no domain; write it like \"printers.example\", without \"*.\" and port")]
    NoName(String),
    /// Its names never lead to this hub from elsewhere.
    #[error("{0:?} is reserved: names below it work without being configured")]
    Reserved(String),
    /// The hub goes by that name itself.
    #[error(
        "hub.origins.domain {0:?} is a name of the hub itself; printers need a domain of their own"
    )]
    Hubs(String),
    /// The hub's own name is one that a printer could have.
    #[error(
        "the hub's own name {hub:?} lies below hub.origins.domain {domain:?}; a printer's page \
         could set cookies for the hub, so give printers a domain that the hub isn't part of"
    )]
    AboveHub {
        /// The domain.
        domain: String,
        /// The hub's name below it.
        hub: String,
    },
    /// Nobody could be sent from a printer's page to the dashboard.
    #[error(
        "hub.origins.domain needs the dashboard's own name: set hub.names to it, the public one first"
    )]
    NoDashboard,
}

impl Domain {
    /// As it is written in a host name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks it against the hub's own names.
    pub(super) fn check(&self, dashboard: bool, names: &[String]) -> Result<(), InvalidDomain> {
        if names.contains(&self.0) {
            return Err(InvalidDomain::Hubs(self.0.clone()));
        }
        if let Some(hub) = names.iter().find(|name| super::below(name, &self.0).is_some()) {
            return Err(InvalidDomain::AboveHub { domain: self.0.clone(), hub: hub.clone() });
        }
        if dashboard { Ok(()) } else { Err(InvalidDomain::NoDashboard) }
    }
}

impl FromStr for Domain {
    type Err = InvalidDomain;

    fn from_str(text: &str) -> Result<Self, InvalidDomain> {
        let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let plain = edge::names::is_dns_name(&name) && name.len() <= MAX_LENGTH;
        let last = name.rsplit('.').next().unwrap_or_default();
        if matches!(last, "localhost" | "local") {
            return Err(InvalidDomain::Reserved(name));
        }
        // Browsers read a name whose last label is a number as an address.
        let numeric =
            last.bytes().all(|byte| byte.is_ascii_digit()) || name.parse::<IpAddr>().is_ok();
        if !plain || numeric || !name.contains('.') {
            return Err(InvalidDomain::NoName(text.to_owned()));
        }
        Ok(Self(name))
    }
}

impl TryFrom<String> for Domain {
    type Error = InvalidDomain;

    fn try_from(text: String) -> Result<Self, InvalidDomain> {
        text.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(domain: &str, names: &[&str]) -> Result<(), InvalidDomain> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        domain.parse::<Domain>()?.check(!names.is_empty(), &names)
    }

    // covers: RL-2
    #[test]
    fn a_domain_is_a_name_of_its_own() {
        assert_eq!(check("Printers.Example.", &["hub.example"]), Ok(()));
        for odd in
            ["", "*.printers.example", "printers", "a..b", "192.168.1.5", "a.1", "a.b:443", "ä.de"]
        {
            assert_eq!(check(odd, &[]), Err(InvalidDomain::NoName(odd.to_owned())), "{odd}");
        }
        for reserved in ["localhost", "x.localhost", "local", "x.local"] {
            let error = Err(InvalidDomain::Reserved(reserved.to_owned()));
            assert_eq!(check(reserved, &["hub.example"]), error);
        }
    }

    // covers: RL-2, SV-3
    #[test]
    fn a_printers_name_is_never_the_hubs() {
        let same = check("hub.example", &["hub.example"]).unwrap_err();
        assert_eq!(same, InvalidDomain::Hubs("hub.example".to_owned()));
        let below = check("example.org", &["abcdefgh234567ij.example.org"]).unwrap_err();
        assert!(below.to_string().contains("lies below"), "{below}");
        assert_eq!(check("ample.org", &["example.org"]), Ok(()));
    }

    // covers: RL-2
    #[test]
    fn a_domain_needs_the_dashboards_name() {
        assert_eq!(check("printers.example", &[]), Err(InvalidDomain::NoDashboard));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
            let _ = text.parse::<Domain>();
        }
    }
}
