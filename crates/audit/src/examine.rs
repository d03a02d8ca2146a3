//! One host: which ports are open, what answers there, and what is wrong with it.

mod camera;
mod devices;
mod layerlock;
mod moonraker;
mod octoprint;
mod prusalink;
mod web;

use std::{
    collections::BTreeSet,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::StreamExt;
use tokio::time::timeout;

use crate::{
    Finding, Foreign, Host, Place, Port, Reach, Service, Severity, Software, holes, http::Site,
    limits, ports::Greeting,
};

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The address. It was judged already ([`crate::Scope::place`]).
    pub address: IpAddr,
    /// The name by which it was given, if it was.
    pub name: Option<String>,
    /// The ports to try.
    pub ports: Vec<Port>,
    /// Where it is; the same open door is graver on the Internet.
    pub place: Place,
}

/// Looks at one host for at most [`limits::HOST`]; what was seen until then is in the result.
pub async fn examine(reach: &Reach, subject: &Subject) -> Host {
    examine_within(reach, subject, limits::HOST).await
}

/// Looks at one host for a time of one's own choosing.
pub async fn examine_within(reach: &Reach, subject: &Subject, time: Duration) -> Host {
    let mut host = Host {
        address: subject.address,
        name: subject.name.clone(),
        answered: false,
        services: Vec::new(),
        findings: Vec::new(),
        unsure: BTreeSet::new(),
    };
    if timeout(time, look(reach, subject, &mut host)).await.is_err() {
        host.unsure.insert("It answers so slowly that not everything was looked at.".to_owned());
    }
    host.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    host
}

async fn look(reach: &Reach, subject: &Subject, host: &mut Host) {
    for port in open_ports(reach, subject, host).await {
        let site = Site {
            reach,
            address: SocketAddr::new(subject.address, port.number),
            name: subject.name.as_deref(),
            encrypted: false,
        };
        greet(&site, port, subject.place, host).await;
    }
}

async fn open_ports(reach: &Reach, subject: &Subject, host: &mut Host) -> Vec<Port> {
    let address = subject.address;
    let tries = subject.ports.iter().copied().map(|port| try_port(reach, address, port));
    let mut tries = futures_util::stream::iter(tries).buffer_unordered(limits::PORTS_AT_ONCE);
    let mut open = Vec::new();
    while let Some((port, result)) = tries.next().await {
        match result {
            Ok(()) => open.push(port),
            // A machine that says no is there.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => host.answered = true,
            Err(_) => {}
        }
    }
    host.answered |= !open.is_empty();
    open.sort_by_key(|port| port.number);
    open
}

async fn try_port(reach: &Reach, address: IpAddr, port: Port) -> (Port, io::Result<()>) {
    (port, reach.connect(SocketAddr::new(address, port.number)).await.map(drop))
}

async fn greet(site: &Site<'_>, port: Port, place: Place, host: &mut Host) {
    match port.greeting {
        Greeting::SecureWeb => web::examine(site, true, place, host).await,
        Greeting::BambuTls => devices::bambu(site, place, host).await,
        Greeting::Elegoo if devices::elegoo(site, place, host).await => {}
        Greeting::Web | Greeting::Elegoo => web::examine(site, false, place, host).await,
        Greeting::Silence => devices::silent(site, port, host),
    }
}

impl Host {
    /// Notes what answers at a port.
    fn saw(&mut self, site: &Site<'_>, software: Software, version: Option<Foreign>) {
        let (port, encrypted) = (site.address.port(), site.encrypted);
        self.services.push(Service { port, software, version, encrypted });
    }

    /// Looks a version up among those with known holes.
    fn known_holes(&mut self, site: &Site<'_>, software: Software, version: Option<&Foreign>) {
        let Some(version) = version else {
            self.unsure.insert(format!(
                "{software} tells its version only after a login, so that known holes could not be \
                 looked up. Compare it with the newest release."
            ));
            return;
        };
        match holes::known(software, version, site.address.port()) {
            Ok(finding) => self.findings.extend(finding),
            Err(error) => {
                self.unsure.insert(format!(
                    "{software} tells a version that can't be read, so that known holes could not \
                     be looked up: {error}."
                ));
            }
        }
    }

    fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

impl Place {
    /// How grave something is here.
    const fn grade(self, at_home: Severity, on_the_internet: Severity) -> Severity {
        match self {
            Self::Home => at_home,
            Self::Internet => on_the_internet,
        }
    }
}
