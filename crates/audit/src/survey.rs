//! A whole audit: targets, hosts one beside the other, and routers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use futures_util::{StreamExt, future::join_all};

use crate::{
    Error, Host, Reach, Report, Routers, Scope, Skipped, Target, examine, limits, map_router,
    router::NotAsked,
    target::{Names, check_size, resolve},
};

/// What to look at.
pub struct Survey {
    /// Hosts and networks.
    pub targets: Vec<Target>,
    /// Whose addresses may be looked at.
    pub scope: Scope,
    /// Routers to ask for their port mappings: from which own address, and where to. The multicast
    /// address asks all of them.
    pub routers: Vec<(Ipv4Addr, SocketAddr)>,
}

/// How far an audit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// So many hosts are going to be looked at.
    Begun(usize),
    /// One host is done.
    Looked(IpAddr),
    /// Routers are asked.
    Routers,
}

const NOT_CHECKED: &[&str] = &[
    "Whether passwords are good: none was tried.",
    "Ports other than the ones in docs/audit.md, unless you name them as HOST:PORT.",
    "Plugins, slicers and vendors' clouds, through which a printer may be reached as well.",
    "What firewalls let through from elsewhere: this is the view of one machine. The hub's page \
     \"Am I exposed?\" shows that of the Internet.",
];

impl Survey {
    /// Looks at everything.
    ///
    /// # Errors
    /// When there are more addresses than one audit looks at; nothing was looked at then.
    pub async fn run(
        &self,
        reach: &Reach,
        names: &dyn Names,
        progress: impl Fn(Event),
    ) -> Result<Report, Error> {
        check_size(&self.targets)?;
        let resolved = resolve(&self.targets, self.scope, names).await;
        if resolved.subjects.len() > limits::MAX_ADDRESSES {
            return Err(Error::TooMany);
        }
        let looked_at = resolved.subjects.len();
        progress(Event::Begun(looked_at));
        let hosts = resolved.subjects.iter().map(|subject| examine(reach, subject));
        let mut hosts = futures_util::stream::iter(hosts).buffer_unordered(limits::HOSTS_AT_ONCE);
        let mut report = Report { looked_at, skipped: resolved.skipped, ..Report::default() };
        while let Some(host) = hosts.next().await {
            progress(Event::Looked(host.address));
            take(host, &mut report);
        }
        self.ask_routers(reach, &mut report, &progress).await;
        report.hosts.sort_by_key(|host| host.address);
        report.silent.sort_unstable();
        report.say_what_was_unseen();
        report.not_checked.extend(NOT_CHECKED.iter().map(|&sentence| sentence.to_owned()));
        Ok(report)
    }

    async fn ask_routers(&self, reach: &Reach, report: &mut Report, progress: &impl Fn(Event)) {
        if self.routers.is_empty() {
            report.not_checked.push(
                "Port mappings of the router: name it with --router, or look at your local \
                 networks by naming no target."
                    .to_owned(),
            );
            return;
        }
        progress(Event::Routers);
        let asked = self.routers.iter().map(|(from, to)| map_router(reach, *from, *to, self.scope));
        let answers = join_all(asked).await;
        for ((from, to), answer) in self.routers.iter().zip(answers) {
            match answer {
                Ok(routers) => told(*from, *to, routers, report),
                Err(NotAsked::Refused(refusal)) => {
                    let (target, reason) = (to.to_string(), refusal.to_string());
                    report.skipped.push(Skipped { target, reason });
                }
                Err(NotAsked::Unsent(error)) => report.unseen.push(format!(
                    "Port mappings of the router: {to} could not be asked from {from} ({error})."
                )),
            }
        }
    }
}

/// Notes what routers told. That none is heard where all are asked is usual; that one isn't which
/// somebody named is a gap.
fn told(from: Ipv4Addr, to: SocketAddr, routers: Routers, report: &mut Report) {
    if routers.asked.is_empty() {
        let gaps =
            if to.ip().is_multicast() { &mut report.not_checked } else { &mut report.unseen };
        gaps.push(format!(
            "Port mappings of the router: none answered (asked {to} from {from}). Most likely UPnP \
             is off, which is good; look at the router's own page for ports that were opened by \
             hand."
        ));
    }
    if routers.more {
        report.unseen.push(format!(
            "Port mappings of all routers: more than {} answered (asked {to} from {from}), and the \
             others were not asked.",
            limits::ROUTERS
        ));
    }
    report.routers.extend(routers.asked);
}

fn take(host: Host, report: &mut Report) {
    if host.answered {
        report.hosts.push(host);
    } else {
        report.silent.push(host.address);
    }
}
