//! Ports as the last way to tell printers apart, where none of their names leads to the hub. All
//! ports of a host share one cookie jar, so printers are kept apart less well than by names.

use std::{
    collections::HashMap,
    fmt,
    ops::RangeInclusive,
    str::FromStr,
    sync::{OnceLock, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};

/// The lowest port that needs no privileges.
const LOWEST: u16 = 1024;
/// The most ports that one hub listens at.
const MOST: u16 = 1000;

/// The ports that printers may have, as `first-last`: none below 1024, and 1,000 at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange(RangeInclusive<u16>);

/// Why ports can't be those of printers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPorts {
    /// Not two numbers.
    #[error("{0:?} are no ports; write them like \"40000-40099\", none of them below 1024")]
    NoRange(String),
    /// More than a hub should listen at.
    #[error("{0:?} are more than 1,000 ports")]
    TooMany(String),
    /// The hub is there itself.
    #[error("port {0} of hub.origins.ports is the hub's own; printers need others")]
    Hubs(u16),
}

impl PortRange {
    /// All of them.
    pub(crate) fn all(&self) -> RangeInclusive<u16> {
        self.0.clone()
    }

    /// Checks them against the hub's own ports.
    pub(super) fn check(&self, own: &[u16]) -> Result<(), InvalidPorts> {
        let taken = own.iter().find(|port| self.0.contains(port));
        taken.map_or(Ok(()), |port| Err(InvalidPorts::Hubs(*port)))
    }
}

impl FromStr for PortRange {
    type Err = InvalidPorts;

    fn from_str(text: &str) -> Result<Self, InvalidPorts> {
        let no_range = || InvalidPorts::NoRange(text.to_owned());
        let (first, last) = text.split_once('-').ok_or_else(no_range)?;
        let number = |part: &str| part.trim().parse::<u16>().map_err(|_| no_range());
        let (first, last) = (number(first)?, number(last)?);
        if first < LOWEST || last < first {
            return Err(no_range());
        }
        if last - first >= MOST {
            return Err(InvalidPorts::TooMany(text.to_owned()));
        }
        Ok(Self(first..=last))
    }
}

impl TryFrom<String> for PortRange {
    type Error = InvalidPorts;

    fn try_from(text: String) -> Result<Self, InvalidPorts> {
        text.parse()
    }
}

impl From<PortRange> for String {
    fn from(ports: PortRange) -> Self {
        ports.to_string()
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0.start(), self.0.end())
    }
}

/// Which printer is at which port now.
#[derive(Debug)]
pub(crate) struct Ports {
    range: PortRange,
    /// The port of the dashboard, once it is open.
    dashboard: OnceLock<u16>,
    labels: RwLock<HashMap<u16, String>>,
}

impl Ports {
    pub(super) fn new(range: PortRange) -> Self {
        Self { range, dashboard: OnceLock::new(), labels: RwLock::default() }
    }

    /// The ports that printers may have.
    pub(crate) const fn range(&self) -> &PortRange {
        &self.range
    }

    /// Whether only a printer may be at this port, even if there is none now.
    pub(crate) fn are_printers(&self, port: u16) -> bool {
        self.range.0.contains(&port)
    }

    /// Notes where the dashboard is. The first note counts.
    pub(crate) fn dashboard_is_at(&self, port: u16) {
        let _ = self.dashboard.set(port);
    }

    /// Where the dashboard is.
    pub(crate) fn dashboard(&self) -> Option<u16> {
        self.dashboard.get().copied()
    }

    /// Notes which printers are at which ports now, by their labels.
    pub(crate) fn set(&self, labels: HashMap<u16, String>) {
        *self.labels.write().unwrap_or_else(PoisonError::into_inner) = labels;
    }

    /// The label of the printer at a port.
    pub(crate) fn label(&self, port: u16) -> Option<String> {
        self.labels.read().unwrap_or_else(PoisonError::into_inner).get(&port).cloned()
    }

    /// The port at which the printer with this label is.
    pub(crate) fn port(&self, label: &str) -> Option<u16> {
        let labels = self.labels.read().unwrap_or_else(PoisonError::into_inner);
        labels.iter().find(|(_, known)| *known == label).map(|(port, _)| *port)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // covers: RL-2
    #[test]
    fn ports_are_a_range_of_free_ones() {
        let ports: PortRange = "40000 - 40099".parse().unwrap();
        assert_eq!(ports.to_string(), "40000-40099");
        assert_eq!(ports.check(&[3443, 3000]), Ok(()));
        assert_eq!(ports.check(&[3443, 40_099]), Err(InvalidPorts::Hubs(40_099)));
        for odd in ["", "40000", "40000-", "-1", "443-500", "5000-4000", "1-2-3", "60000-70000"] {
            assert_eq!(odd.parse::<PortRange>(), Err(InvalidPorts::NoRange(odd.to_owned())));
        }
        let many = "10000-11000";
        assert_eq!(many.parse::<PortRange>(), Err(InvalidPorts::TooMany(many.to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9 -]{0,16}") {
            let _ = text.parse::<PortRange>();
        }
    }
}
