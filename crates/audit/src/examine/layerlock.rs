//! A Layerlock of one's own that is set up badly.

use http::{StatusCode, header};
use serde::Deserialize;

use crate::{
    Finding, Host, Place, Severity, Software,
    http::{Answer, Site},
};

/// What a hub tells everyone.
#[derive(Deserialize)]
pub(super) struct Hub {
    setup_needed: bool,
}

const PATH: &str = "/api/v1/hub";
/// The name of a hub at its own machine.
const OWN_NAME: &str = "layerlock.localhost";

/// Asks whether it is a hub. Asked for by another name, a hub of this very machine sends on to the
/// name that it has here; that is the same door, so it is asked again there.
pub(super) async fn hub(site: &Site<'_>) -> Option<Hub> {
    let mut answer = site.read(PATH).await.ok()?;
    let own = answer.header(header::LOCATION).contains(OWN_NAME);
    if answer.leads_to_https() && own && site.encrypted && site.address.ip().is_loopback() {
        answer = Site { name: Some(OWN_NAME), ..site.clone() }.read(PATH).await.ok()?;
    }
    let is_answer = answer.status == StatusCode::OK;
    is_answer.then(|| serde_json::from_slice(&answer.body).ok()).flatten()
}

/// Whether it was a gate's own answer: one of those with which it lets nobody in. Whoever is inside
/// gets the printer's.
pub(super) fn is_gate(first: &Answer) -> bool {
    !first.status.is_success() && first.header(header::SERVER) == "layerlock-gate"
}

/// Judges a gate that asks for a password. That it does is as it should be.
pub(super) fn gate(site: &Site<'_>, first: &Answer, host: &mut Host) {
    host.saw(site, Software::Layerlock, None);
    certificate(site, first, host);
}

/// Judges what a hub shows.
pub(super) fn examine(site: &Site<'_>, first: &Answer, hub: &Hub, place: Place, host: &mut Host) {
    let port = site.address.port();
    host.saw(site, Software::Layerlock, None);
    if !site.encrypted {
        host.found(without_https(port));
    }
    if hub.setup_needed {
        host.found(setup_open(port, place));
    }
    certificate(site, first, host);
}

fn certificate(site: &Site<'_>, first: &Answer, host: &mut Host) {
    if first.certificate.as_ref().is_some_and(|certificate| !certificate.current) {
        host.found(expired(site.address.port()));
    }
}

fn without_https(port: u16) -> Finding {
    let words = [
        "Layerlock's hub answers without HTTPS and doesn't redirect",
        "Passwords and sessions can be read on the way; most likely a proxy in front of the hub \
         serves it on a plain port.",
        "Let the proxy redirect its plain port to HTTPS, and let only the proxy reach the hub.",
    ];
    Finding::at(port, Severity::High, "layerlock-plain-http", words)
}

fn setup_open(port: u16, place: Place) -> Finding {
    let words = [
        "This Layerlock has no account yet",
        "Whoever has the setup link makes the first account, which administers the hub.",
        "Open the link that the hub printed (layerlock setup-link prints a new one), or stop it.",
    ];
    Finding::at(port, place.grade(Severity::Low, Severity::Medium), "layerlock-setup-open", words)
}

fn expired(port: u16) -> Finding {
    let words = [
        "Layerlock's certificate is not valid today",
        "Browsers warn, and people who are used to clicking warnings away don't notice when \
         somebody poses as it.",
        "Renew the certificate, and check this machine's clock and that of the other.",
    ];
    Finding::at(port, Severity::Medium, "layerlock-certificate", words)
}
