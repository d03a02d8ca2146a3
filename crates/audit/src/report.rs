//! What an audit saw, as its reader gets it. The JSON of docs/audit.md is these types.

use std::{collections::BTreeSet, fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{Finding, Foreign, Severity};

/// Which software answers at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Software {
    /// OctoPrint.
    OctoPrint,
    /// Moonraker, under Mainsail or Fluidd.
    Moonraker,
    /// PrusaLink.
    PrusaLink,
    /// A Bambu Lab printer's own services.
    Bambu,
    /// An Elegoo printer's own services.
    Elegoo,
    /// A camera: mjpg-streamer, µStreamer, go2rtc and the like.
    Camera,
    /// A hub or gate of Layerlock.
    Layerlock,
    /// Something else that speaks HTTP.
    Web,
    /// Something that wasn't recognised.
    Unknown,
}

impl fmt::Display for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OctoPrint => "OctoPrint",
            Self::Moonraker => "Moonraker",
            Self::PrusaLink => "PrusaLink",
            Self::Bambu => "Bambu Lab printer",
            Self::Elegoo => "Elegoo printer",
            Self::Camera => "camera",
            Self::Layerlock => "Layerlock",
            Self::Web => "another web server",
            Self::Unknown => "not recognised",
        })
    }
}

/// What answers at one open port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// The TCP port.
    pub port: u16,
    /// What it is.
    pub software: Software,
    /// Its version, if it says so to strangers.
    pub version: Option<Foreign>,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

/// One address that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    /// Its address.
    pub address: IpAddr,
    /// The name by which it was given, if it was.
    pub name: Option<String>,
    /// Whether anything came back from it at all, be it that a port is closed.
    pub answered: bool,
    /// What answers at its open ports.
    pub services: Vec<Service>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// What could not be found out, in sentences.
    pub unsure: BTreeSet<String>,
}

/// A door that a router opened to the Internet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// The port that the Internet sees.
    pub external_port: u16,
    /// Where it leads.
    pub to: IpAddr,
    /// And to which port.
    pub to_port: u16,
    /// Whether the router says that it is on.
    pub enabled: bool,
    /// Who asked for it, in its own words.
    pub description: Foreign,
}

/// A router that tells its port mappings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Router {
    /// Its address.
    pub address: IpAddr,
    /// What it calls itself.
    pub name: Foreign,
    /// The mappings that the router shows (UPnP). Those that were set by hand may be missing.
    pub mappings: Vec<Mapping>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// What could not be found out, in sentences.
    pub unsure: BTreeSet<String>,
}

/// What was named and isn't looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The target.
    pub target: String,
    /// Why.
    pub reason: String,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many addresses were looked at.
    pub looked_at: usize,
    /// Those that answered.
    pub hosts: Vec<Host>,
    /// Those from which nothing came back: off, not there, or behind a firewall.
    pub silent: Vec<IpAddr>,
    /// What was named and isn't looked at.
    pub skipped: Vec<Skipped>,
    /// The routers that told their port mappings.
    pub routers: Vec<Router>,
    /// What no audit of this kind can see, in sentences.
    pub not_checked: Vec<String>,
    /// What was to be looked at and couldn't be, or not whole, in sentences. Where this isn't empty,
    /// no findings don't mean that all is well.
    pub unseen: Vec<String>,
}

impl Report {
    /// Everything that was found, the gravest first.
    pub fn findings(&self) -> Vec<(IpAddr, &Finding)> {
        let of_hosts = self.hosts.iter().map(|host| (host.address, &host.findings));
        let of_routers = self.routers.iter().map(|router| (router.address, &router.findings));
        let mut all: Vec<_> = of_hosts
            .chain(of_routers)
            .flat_map(|(address, findings)| findings.iter().map(move |found| (address, found)))
            .collect();
        all.sort_by_key(|(address, finding)| (std::cmp::Reverse(finding.severity), *address));
        all
    }

    /// Notes what of it all wasn't seen.
    pub(crate) fn say_what_was_unseen(&mut self) {
        let unsure = |what: &BTreeSet<String>| !what.is_empty();
        let hosts = self.hosts.iter().filter(|host| unsure(&host.unsure)).map(|host| host.address);
        let routers = self.routers.iter().filter(|it| unsure(&it.unsure)).map(|it| it.address);
        let not_whole: Vec<_> = hosts.chain(routers).map(|address| address.to_string()).collect();
        if self.looked_at > 0 && self.hosts.is_empty() {
            self.unseen.push("None of the addresses answered.".to_owned());
        }
        if !self.skipped.is_empty() {
            self.unseen.push("Some of what was named was not looked at (see above).".to_owned());
        }
        if !not_whole.is_empty() {
            self.unseen.push(format!("Not all of {} (see above).", not_whole.join(", ")));
        }
    }

    /// How grave the gravest is.
    pub fn worst(&self) -> Option<Severity> {
        self.findings().first().map(|(_, finding)| finding.severity)
    }
}
