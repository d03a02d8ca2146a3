//! Doors that a router opened: its port mappings, as UPnP tells them to everyone at home (Internet
//! Gateway Device, `WANIPConnection`, action `GetGenericPortMappingEntry`). Asking changes nothing,
//! although it is a POST. Ready-made clients read without bounds and go wherever an announcement
//! points; this one stays at the router that answered.

mod announcement;
mod document;
pub(crate) mod fuzzing;

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderName, Method, header};
use tokio::{net::UdpSocket, time::timeout};

use self::{
    announcement::Announcement,
    document::{Description, Entry},
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
const LARGEST_DATAGRAM: usize = 2_048;

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
) -> Result<Vec<Router>, NotAsked> {
    if to != MULTICAST {
        scope.place(to.ip())?;
    }
    let found = search(from, to, scope).await?;
    let routers = found.iter().map(|router| read(reach, router, limits::ROUTER_LIST));
    Ok(join_all(routers).await)
}

async fn search(from: Ipv4Addr, to: SocketAddr, scope: Scope) -> io::Result<Vec<Announcement>> {
    let socket = UdpSocket::bind((from, 0)).await?;
    socket.send_to(announcement::question(to).as_bytes(), to).await?;
    let mut found: Vec<Announcement> = Vec::new();
    let answers = async {
        let mut datagram = vec![0; LARGEST_DATAGRAM];
        while found.len() < limits::ROUTERS {
            let Ok((length, peer)) = socket.recv_from(&mut datagram).await else { break };
            let heard = datagram.get(..length).and_then(|text| Announcement::read(text, peer.ip()));
            let allowed = heard.filter(|it| scope.place(it.address.ip()).is_ok());
            if let Some(announcement) = allowed.filter(|it| !found.contains(it)) {
                found.push(announcement);
            }
            if !found.is_empty() && !to.ip().is_multicast() {
                break;
            }
        }
    };
    // Nobody says how many routers there are, so that the end of the time is the usual one.
    let _ = timeout(limits::ROUTER, answers).await;
    Ok(found)
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
    let asked = ask(reach, announcement, &mut router);
    let unsure = match timeout(time, asked).await {
        Ok(Ok(())) => None,
        Ok(Err(why)) => Some(why.to_owned()),
        Err(_) => Some(format!("it took longer than {} s; its list may go on", time.as_secs())),
    };
    router.unsure.extend(unsure);
    router.findings.extend(router.mappings.iter().filter_map(judge));
    router
}

const UNREADABLE: &str = "its description is unreadable, so nobody knows whether it has opened \
                          ports: look at the router's own page";
const BROKE_OFF: &str = "it stopped answering; its list may go on";
const STRANGE: &str = "some of its port mappings are unreadable: look at the router's own page";

/// Reads a router's description, and then its list.
///
/// # Errors
/// What couldn't be found out.
async fn ask(
    reach: &Reach,
    announcement: &Announcement,
    router: &mut Router,
) -> Result<(), &'static str> {
    let site = Site { reach, address: announcement.address, name: None, encrypted: false };
    let page = site.read(&announcement.path).await.map_err(|_| UNREADABLE)?;
    let read = Description::read(&page.body, announcement.address);
    let description = read.ok_or(UNREADABLE)?;
    router.name = description.name.clone();
    let mut whole = Ok(());
    for index in 0..limits::MAPPINGS {
        match mapping(&site, &description, index).await.map_err(|_| BROKE_OFF)? {
            Entry::Mapping(mapping) => router.mappings.push(mapping),
            Entry::Unreadable => whole = Err(STRANGE),
            Entry::End => return whole,
        }
    }
    Err("its list goes on after as many port mappings as are read")
}

async fn mapping(site: &Site<'_>, description: &Description, index: u16) -> io::Result<Entry> {
    let action = format!("\"{}#GetGenericPortMappingEntry\"", description.service.as_str());
    let headers = [(header::CONTENT_TYPE, "text/xml; charset=\"utf-8\""), (SOAP_ACTION, &action)];
    let body = Bytes::from(document::question(description.service, index));
    let answer = site.ask(Method::POST, &description.control, &headers, body).await?;
    Ok(entry(&answer))
}

/// What no longer succeeds is beyond the end of the list (UPnP's error 713).
fn entry(answer: &Answer) -> Entry {
    if !answer.status.is_success() {
        return Entry::End;
    }
    document::entry(&answer.body).map_or(Entry::Unreadable, Entry::Mapping)
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
