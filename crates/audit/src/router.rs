//! Doors that a router opened: its port mappings, as UPnP tells them to everyone at home (Internet
//! Gateway Device, `WANIPConnection`, action `GetGenericPortMappingEntry`). Asking changes nothing,
//! although it is a POST. Ready-made clients read without bounds and go wherever an announcement
//! points; this one stays at the router that answered.

mod announcement;
mod document;
pub(crate) mod fuzzing;
mod search;

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderName, Method, header};
use tokio::time::timeout;

use self::{
    announcement::Announcement,
    document::{Control, Description, Entry},
    search::search,
};
use crate::{
    Finding, Foreign, Mapping, PRINTER_PORTS, Reach, Refusal, Router, Scope, Severity,
    http::{Answer, Site},
    limits,
};

/// Where all routers of a network listen.
pub const MULTICAST: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250)), 1900);

const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");

/// Why no router was asked.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    /// The address isn't one that may be looked at.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The question can't be sent.
    #[error(transparent)]
    Unsent(#[from] io::Error),
}

/// The routers of a network.
#[derive(Debug)]
pub struct Routers {
    /// What each that was asked told; at most [`limits::ROUTERS`], this machine's gateways first.
    pub asked: Vec<Router>,
    /// Whether others answered, too, and weren't asked.
    pub more: bool,
}

/// Asks for routers at `to`, from this machine's address `from`, and all of them together for their
/// mappings. Takes [`limits::ROUTER`] and [`limits::ROUTER_LIST`] at most.
///
/// # Errors
/// [`MULTICAST`] aside, `to` must be an address that `scope` allows. Or the question can't be sent.
pub async fn map_router(
    reach: &Reach,
    from: Ipv4Addr,
    to: SocketAddr,
    scope: Scope,
) -> Result<Routers, NotAsked> {
    if to != MULTICAST {
        scope.place(to.ip())?;
    }
    let found = search(from, to, scope).await?;
    let routers = found.routers.iter().map(|router| read(reach, router, limits::ROUTER_LIST));
    Ok(Routers { asked: join_all(routers).await, more: found.more })
}

/// What one router tells within a time; what came until then counts.
async fn read(reach: &Reach, announcement: &Announcement, time: Duration) -> Router {
    let mut router = Router {
        address: announcement.address.ip(),
        name: Foreign::new("router"),
        mappings: Vec::new(),
        findings: Vec::new(),
        unsure: BTreeSet::new(),
    };
    if timeout(time, ask(reach, announcement, &mut router)).await.is_err() {
        let why = format!("it took longer than {} s; its list may go on", time.as_secs());
        router.unsure.insert(why);
    }
    router.findings.extend(router.mappings.iter().filter_map(judge));
    router
}

const UNREADABLE: &str = "its description is unreadable, so nobody knows whether it has opened \
                          ports: look at the router's own page";
const ELSEWHERE: &str = "some of its lists are said to be on another machine, or there are too many, \
                         and they were not asked for: look at the router's own page";
const BROKE_OFF: &str = "it stopped answering; its list may go on";
const REFUSED: &str = "it refused to tell its port mappings, or some of them: look at the router's \
                       own page";
const STRANGE: &str = "some of its port mappings are unreadable: look at the router's own page";
const MORE: &str = "its list goes on after as many port mappings as are read";

/// Reads a router's description, and then the lists of all its services.
async fn ask(reach: &Reach, announcement: &Announcement, router: &mut Router) {
    let site = Site { reach, address: announcement.address, name: None, encrypted: false };
    let page = site.read(&announcement.path).await;
    let read = page.ok().and_then(|page| Description::read(&page.body, announcement.address));
    let Some(description) = read else {
        router.unsure.insert(UNREADABLE.to_owned());
        return;
    };
    router.name = description.name;
    if description.elsewhere {
        router.unsure.insert(ELSEWHERE.to_owned());
    }
    for control in &description.controls {
        if let Err(why) = list(&site, control, router).await {
            router.unsure.insert(why.to_owned());
        }
    }
}

/// Reads one list to its end. Services tell the same mappings again, often.
///
/// # Errors
/// What couldn't be found out.
async fn list(site: &Site<'_>, control: &Control, router: &mut Router) -> Result<(), &'static str> {
    let mut whole = Ok(());
    for index in 0..limits::MAPPINGS {
        match mapping(site, control, index).await.map_err(|_| BROKE_OFF)? {
            Entry::Mapping(mapping) if router.mappings.contains(&mapping) => {}
            Entry::Mapping(mapping) => router.mappings.push(mapping),
            Entry::Unreadable => whole = Err(STRANGE),
            Entry::Refused => return Err(REFUSED),
            Entry::End => return whole,
        }
    }
    Err(MORE)
}

async fn mapping(site: &Site<'_>, control: &Control, index: u16) -> io::Result<Entry> {
    let action = format!("\"{}#GetGenericPortMappingEntry\"", control.service.as_str());
    let headers = [(header::CONTENT_TYPE, "text/xml; charset=\"utf-8\""), (SOAP_ACTION, &action)];
    let body = Bytes::from(document::question(control.service, index));
    let answer = site.ask(Method::POST, &control.path, &headers, body).await?;
    Ok(entry(&answer))
}

fn entry(answer: &Answer) -> Entry {
    if answer.status.is_success() {
        return document::entry(&answer.body).map_or(Entry::Unreadable, Entry::Mapping);
    }
    if document::is_end(&answer.body) { Entry::End } else { Entry::Refused }
}

/// A mapping that leads to a printer's port is a printer on the Internet.
fn judge(mapping: &Mapping) -> Option<Finding> {
    if !mapping.enabled {
        return None;
    }
    let known = PRINTER_PORTS.iter().find(|port| port.number == mapping.to_port);
    let to = SocketAddr::new(mapping.to, mapping.to_port);
    let usually = known.map_or_else(String::new, |port| format!(" ({})", port.usually));
    let title = format!(
        "The router lets the Internet in at {} port {}, which leads to {to}{usually}",
        mapping.protocol, mapping.external_port
    );
    let words = [
        title.as_str(),
        "Everyone on the Internet reaches that port as if they were at home.",
        "Remove the mapping in the router's settings, and switch UPnP off there, so that no device \
         opens doors by itself.",
    ];
    let severity = if known.is_some() { Severity::High } else { Severity::Low };
    Some(Finding { port: None, ..Finding::at(0, severity, "port-mapping", words) })
}

#[cfg(test)]
mod tests;
