//! PrusaLink, in the printer or on a Raspberry Pi. Its login is good against listeners only as far
//! as the password goes: files and answers travel readable.

use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde::Deserialize;

use crate::{
    Finding, Foreign, Host, Severity, Software,
    http::{Answer, Site},
};

#[derive(Deserialize)]
struct Said {
    text: String,
    server: Option<String>,
    version: Option<String>,
}

/// Whether it is PrusaLink: by its name, by the realm of a printer's login, or, on a Raspberry Pi,
/// by the id that it gives programs that pair several of them.
pub(super) async fn is(site: &Site<'_>, answer: &Answer) -> bool {
    if let Some(said) = said(answer) {
        return said.text.starts_with("PrusaLink");
    }
    let challenge = answer.header(header::WWW_AUTHENTICATE);
    if answer.status != StatusCode::UNAUTHORIZED || !challenge.starts_with("Digest ") {
        return false;
    }
    challenge.contains("realm=\"Printer API\"") || has_instance_id(site).await
}

async fn has_instance_id(site: &Site<'_>) -> bool {
    let answer = site.ask(Method::HEAD, "/", &[], Bytes::new()).await;
    answer.is_ok_and(|answer| answer.headers.contains_key("instance-id"))
}

fn said(answer: &Answer) -> Option<Said> {
    serde_json::from_slice(&answer.body).ok()
}

/// Looks at what it shows to strangers.
pub(super) async fn examine(site: &Site<'_>, version: &Answer, host: &mut Host) {
    let port = site.address.port();
    let said = version.status.is_success().then(|| said(version)).flatten();
    let version = said.and_then(|said| said.version.or(said.server));
    let version = version.map(|version| Foreign::new(&version));
    if version.is_some() {
        host.known_holes(site, Software::PrusaLink, version.as_ref());
    }
    host.saw(site, Software::PrusaLink, version);
    let status = site.read("/api/v1/status").await;
    if status.is_ok_and(|answer| answer.status == StatusCode::OK) {
        let words = [
            "PrusaLink answers without a login",
            "Whoever reaches it sees the printer, and most likely starts and stops prints.",
            "Set a password in PrusaLink's settings or on the printer's display.",
        ];
        host.found(Finding::at(port, Severity::High, "prusalink-open", words));
    }
}
