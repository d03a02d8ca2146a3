//! A door that may speak HTTP: which of the programs that we know is behind it.

use std::io::ErrorKind;

use http::{StatusCode, header};

use super::{camera, layerlock, moonraker, octoprint, prusalink};
use crate::{
    Finding, Host, Place, Severity, Software,
    http::{Answer, Site},
};

/// Finds out what answers and examines it. `secure_first` is for ports where HTTPS is usual.
pub(super) async fn examine(site: &Site<'_>, secure_first: bool, place: Place, host: &mut Host) {
    let Some((site, first)) = first_answer(site, secure_first).await else {
        host.saw(site, Software::Unknown, None);
        let port = site.address.port();
        host.unsure.insert(format!(
            "Port {port} is open, but what it says is no HTTP, or came too late; what it is was \
             not found out."
        ));
        return;
    };
    let software = recognise(&site, &first, place, host).await;
    if is_an_own_page(software) {
        plain_http(&site, &first, software, place, host);
    }
    password_in_the_clear(&site, &first, host);
}

/// Where all three programs for printers say who they are; what doesn't know the path tells as much
/// by how it says so.
const FIRST: &str = "/api/version";

/// The first answer, and whether TLS was needed for it.
async fn first_answer<'a>(site: &Site<'a>, secure_first: bool) -> Option<(Site<'a>, Answer)> {
    let of = |encrypted| Site { encrypted, ..site.clone() };
    let (first, second) = (of(secure_first), of(!secure_first));
    let unwanted = |answer: &Answer| answer.status == StatusCode::BAD_REQUEST;
    let answer = match first.read(FIRST).await {
        Ok(answer) => Some(answer),
        // Whoever is this slow in one way is asked in no other.
        Err(error) if error.kind() == ErrorKind::TimedOut => return None,
        Err(_) => None,
    };
    match answer {
        Some(answer) if !unwanted(&answer) => Some((first, answer)),
        // Servers tell those who come without TLS to a port for it that their request is bad.
        kept => match (second.read(FIRST).await, kept) {
            (Ok(answer), _) => Some((second, answer)),
            (Err(_), Some(answer)) => Some((first, answer)),
            (Err(_), None) => None,
        },
    }
}

async fn recognise(site: &Site<'_>, first: &Answer, place: Place, host: &mut Host) -> Software {
    if layerlock::is_gate(first) {
        layerlock::gate(site, first, host);
        return Software::Layerlock;
    }
    if prusalink::is(site, first).await {
        prusalink::examine(site, first, host).await;
        return Software::PrusaLink;
    }
    if let Some(cookies) = octoprint::cookies(site, first).await {
        octoprint::examine(site, &cookies, place, host).await;
        camera::examine(site, camera::BESIDE_OCTOPRINT, place, host).await;
        return Software::OctoPrint;
    }
    if let Some(access) = moonraker::access(site).await {
        moonraker::examine(site, &access, place, host).await;
        camera::examine(site, camera::BESIDE_OCTOPRINT, place, host).await;
        return Software::Moonraker;
    }
    if let Some(hub) = layerlock::hub(site).await {
        layerlock::examine(site, first, &hub, place, host);
        return Software::Layerlock;
    }
    if camera::examine(site, camera::ALONE, place, host).await {
        host.saw(site, Software::Camera, None);
        return Software::Camera;
    }
    host.saw(site, Software::Web, None);
    Software::Web
}

const fn is_an_own_page(software: Software) -> bool {
    matches!(software, Software::OctoPrint | Software::Moonraker | Software::PrusaLink)
}

fn plain_http(site: &Site<'_>, first: &Answer, software: Software, place: Place, host: &mut Host) {
    if site.encrypted || first.leads_to_https() {
        return;
    }
    let title = format!("{software} answers without encryption");
    host.found(Finding::at(
        site.address.port(),
        place.grade(Severity::Low, Severity::High),
        "plain-http",
        [
            &title,
            "Whoever shares the network, or a cable on the way, reads passwords, keys and files, \
             and can change them.",
            "Let people in through Layerlock's hub or gate, which speak HTTPS, and let nobody else \
             reach this port.",
        ],
    ));
}

/// Also what tells a gate that was set up without TLS.
fn password_in_the_clear(site: &Site<'_>, first: &Answer, host: &mut Host) {
    let challenges = first.headers.get_all(header::WWW_AUTHENTICATE);
    let asks_for_password = challenges.iter().any(|challenge| {
        challenge.as_bytes().get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"basic"))
    });
    if site.encrypted || !asks_for_password {
        return;
    }
    host.found(Finding::at(
        site.address.port(),
        Severity::High,
        "password-in-the-clear",
        [
            "A password is asked for without encryption",
            "The password travels readable with every request, so that whoever listens once has \
             it.",
            "Put TLS in front, for example with Layerlock's gate, and redirect this port to it.",
        ],
    ));
}
