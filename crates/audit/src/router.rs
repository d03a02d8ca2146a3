//! Doors that a router opened: its port mappings, as UPnP tells them to everyone at home (Internet
//! Gateway Device, `WANIPConnection`, action `GetGenericPortMappingEntry`). Asking changes nothing,
//! although it is a POST. Ready-made clients read without bounds and go wherever an announcement
//! points; this one stays at the router that answered.

mod announcement;
mod document;
pub(crate) mod fuzzing;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use bytes::Bytes;
use http::{HeaderName, Method, header};
use tokio::{net::UdpSocket, time::timeout};

use self::{
    announcement::Announcement,
    document::{Description, Entry},
};
use crate::{
    Finding, Mapping, PRINTER_PORTS, Place, Reach, Router, Scope, Severity,
    http::{Answer, Site},
    limits,
};

/// Where all routers of a network listen.
pub const MULTICAST: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250)), 1900);

const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");
const LARGEST_DATAGRAM: usize = 2_048;

/// Asks for routers at `to`, from this machine's address `from`, and each for its mappings.
///
/// # Errors
/// When the question can't be sent.
pub async fn map_router(
    reach: &Reach,
    from: Ipv4Addr,
    to: SocketAddr,
    scope: Scope,
) -> io::Result<Vec<Router>> {
    let mut routers = Vec::new();
    for announcement in search(from, to, scope).await? {
        routers.extend(read(reach, &announcement).await);
    }
    Ok(routers)
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
            let allowed = heard.filter(|it| scope.place(it.address.ip()) == Ok(Place::Home));
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

async fn read(reach: &Reach, announcement: &Announcement) -> Option<Router> {
    let site = Site { reach, address: announcement.address, name: None, encrypted: false };
    let page = site.read(&announcement.path).await.ok()?;
    let description = Description::read(&page.body, announcement.address)?;
    let mut mappings = Vec::new();
    for index in 0..limits::MAPPINGS {
        match ask(&site, &description, index).await {
            Some(Entry::Mapping(mapping)) => mappings.push(mapping),
            Some(Entry::Unreadable) => {}
            None => break,
        }
    }
    let findings = mappings.iter().filter_map(judge).collect();
    let address = announcement.address.ip();
    Some(Router { address, name: description.name, mappings, findings })
}

async fn ask(site: &Site<'_>, description: &Description, index: u16) -> Option<Entry> {
    let action = format!("\"{}#GetGenericPortMappingEntry\"", description.service.as_str());
    let headers = [(header::CONTENT_TYPE, "text/xml; charset=\"utf-8\""), (SOAP_ACTION, &action)];
    let body = Bytes::from(document::question(description.service, index));
    let answer = site.ask(Method::POST, &description.control, &headers, body).await.ok()?;
    answer.status.is_success().then(|| entry(&answer))
}

fn entry(answer: &Answer) -> Entry {
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
