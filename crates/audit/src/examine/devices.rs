//! Printers with services of their own, told by the first words of their protocols.

use bytes::Bytes;
use http::{Method, StatusCode, header};
use tokio::time::timeout;

use crate::{Finding, Host, Place, Port, Severity, Software, http::Site, limits, tls};

/// A TLS hello. The certificates of Bambu Lab's printers are issued by "BBL CA" and its like.
pub(super) async fn bambu(site: &Site<'_>, place: Place, host: &mut Host) {
    let hello = async {
        let stream = site.reach.connect(site.address).await?;
        tls::hello(stream, site.name, site.address.ip(), site.reach.clock.now()).await
    };
    let certificate = timeout(limits::ANSWER, hello).await.ok().and_then(Result::ok);
    let secure = Site { encrypted: certificate.is_some(), ..site.clone() };
    let issuer = certificate.and_then(|(_, certificate)| certificate).map(|it| it.issuer);
    if !issuer.as_ref().is_some_and(|issuer| issuer.as_str().contains("BBL ")) {
        host.saw(&secure, Software::Unknown, None);
        return;
    }
    host.saw(&secure, Software::Bambu, None);
    if place == Place::Home && host.findings.iter().any(|found| found.code == "bambu-port") {
        return;
    }
    let meaning = match place {
        Place::Home => {
            "Whoever has the access code on its display can watch and use it from this network; \
             other than that it is as the maker meant it."
        }
        Place::Internet => {
            "An eight-character access code is all that stands between the Internet and the \
             printer."
        }
    };
    let words = [
        "A Bambu Lab printer's own service can be reached",
        meaning,
        "Keep it on a network of its own, close it towards the Internet, and make a new access \
         code when somebody has seen it.",
    ];
    let severity = place.grade(Severity::Note, Severity::High);
    host.found(Finding::at(site.address.port(), severity, "bambu-port", words));
}

/// The upgrade to a WebSocket that Elegoo's printers take without any login. Nothing is sent over
/// it. Says whether it was taken.
pub(super) async fn elegoo(site: &Site<'_>, place: Place, host: &mut Host) -> bool {
    let upgrade = [
        (header::CONNECTION, "Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, "13"),
        (header::SEC_WEBSOCKET_KEY, "bGF5ZXJsb2NrLWF1ZGl0IQ=="),
    ];
    let answer = site.ask(Method::GET, "/websocket", &upgrade, Bytes::new()).await;
    if !answer.is_ok_and(|answer| answer.status == StatusCode::SWITCHING_PROTOCOLS) {
        return false;
    }
    host.saw(site, Software::Elegoo, None);
    let words = [
        "A control channel without a login is open, as Elegoo's printers have it",
        "Whoever reaches it can start, stop and delete prints; the printer has no password to set.",
        "Put the printer on a network of its own that only the machine with Layerlock's agent \
         reaches.",
    ];
    let severity = place.grade(Severity::Medium, Severity::High);
    host.found(Finding::at(site.address.port(), severity, "elegoo-open", words));
    true
}

/// A port whose protocol isn't spoken here.
pub(super) fn silent(site: &Site<'_>, port: Port, host: &mut Host) {
    host.saw(site, Software::Unknown, None);
    host.unsure.insert(format!(
        "Port {} ({}) is open; whether it asks for a password was not tried.",
        port.number, port.usually
    ));
}
