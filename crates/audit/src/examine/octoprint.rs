//! OctoPrint: who strangers are taken for, and what they may do then.

use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde::Deserialize;

use crate::{
    Finding, Foreign, Host, Place, Severity, Software,
    http::{Answer, Site},
};

/// Permissions with which somebody can make the machine do things.
const CONTROL: &[&str] = &[
    "ADMIN",
    "CONTROL",
    "PRINT",
    "CONNECTION",
    "SYSTEM",
    "SETTINGS",
    "FILES_UPLOAD",
    "FILES_DELETE",
    "FILES_SELECT",
];
/// Permissions with which somebody can watch.
const VIEW: &[&str] = &["STATUS", "FILES_LIST", "FILES_DOWNLOAD", "WEBCAM", "MONITOR_TERMINAL"];

/// Cookies that are sent back, at most.
const MAX_COOKIES: usize = 8;

#[derive(Deserialize)]
struct Version {
    text: String,
    server: Option<String>,
}

#[derive(Deserialize)]
struct CurrentUser {
    name: Option<String>,
    #[serde(default)]
    permissions: Vec<String>,
}

/// Where OctoPrint signs in whoever comes from a network that it trusts, and then still asks for the
/// password. Its front page does the same, but takes small boards many seconds to make.
const ENTRANCE: &str = "/recovery/";

/// Whether it is OctoPrint, and if so the cookies that it gives to a browser that was never there.
/// Moonraker and PrusaLink answer at `/api/version` as well, under other names.
pub(super) async fn cookies(site: &Site<'_>, version: &Answer) -> Option<String> {
    let said = serde_json::from_slice::<Version>(&version.body).ok();
    let named =
        said.map(|said| said.text.starts_with("OctoPrint ") && !said.text.contains("Moonraker"));
    if named == Some(false) || (named.is_none() && version.status != StatusCode::FORBIDDEN) {
        return None;
    }
    let entrance = site.read(ENTRANCE).await;
    let to_sign_in = entrance.as_ref().is_ok_and(|answer| {
        answer.status.is_redirection()
            && answer.header(header::LOCATION).contains("/login/?redirect=")
    });
    let is_octoprint = named == Some(true) || to_sign_in;
    is_octoprint.then(|| entrance.as_ref().map(cookies_of).unwrap_or_default())
}

/// Looks at it as that browser does.
pub(super) async fn examine(site: &Site<'_>, cookies: &str, place: Place, host: &mut Host) {
    let user = ask(site, "/api/currentuser", cookies).await;
    let user = user.and_then(|answer| serde_json::from_slice::<CurrentUser>(&answer.body).ok());
    let version = ask(site, "/api/version", cookies).await;
    let version = version.and_then(|answer| serde_json::from_slice::<Version>(&answer.body).ok());
    let version = version.and_then(|said| said.server).map(|version| Foreign::new(&version));
    host.known_holes(site, Software::OctoPrint, version.as_ref());
    host.saw(site, Software::OctoPrint, version);
    match user {
        Some(user) => judge(&user, site.address.port(), place, host),
        None => {
            host.unsure.insert("OctoPrint didn't say what strangers may do.".to_owned());
        }
    }
}

fn judge(user: &CurrentUser, port: u16, place: Place, host: &mut Host) {
    let may = |what: &[&str]| user.permissions.iter().any(|held| what.contains(&held.as_str()));
    let anonymous = user.name.as_deref().is_none_or(str::is_empty);
    match (may(CONTROL), may(VIEW)) {
        (true, _) if anonymous => host.found(anonymous_control(port)),
        (_, true) if anonymous => host.found(anonymous_view(port, place)),
        (control, _) if !anonymous => host.found(autologin(user, control, port)),
        _ => {}
    }
}

fn anonymous_control(port: u16) -> Finding {
    let words = [
        "Anyone can control this OctoPrint without a login",
        "Whoever reaches it can move and heat the printer, print, or put files on it or delete \
         them.",
        "In OctoPrint, Settings, Access Control, take every permission from the group Guests.",
    ];
    Finding::at(port, Severity::High, "octoprint-anonymous-control", words)
}

fn anonymous_view(port: u16, place: Place) -> Finding {
    let words = [
        "Anyone can watch this OctoPrint without a login",
        "Whoever reaches it sees what is printed, the files or the camera.",
        "In OctoPrint, Settings, Access Control, take every permission from the group Guests.",
    ];
    let severity = place.grade(Severity::Medium, Severity::High);
    Finding::at(port, severity, "octoprint-anonymous-view", words)
}

fn autologin(user: &CurrentUser, control: bool, port: u16) -> Finding {
    let name = Foreign::new(user.name.as_deref().unwrap_or_default());
    let title = format!("OctoPrint signs in whoever comes from this network, as {name}");
    let words = [
        title.as_str(),
        "Every device and every web page on this network acts as that user, and so does a stranger \
         whose address a proxy reports wrongly.",
        "In OctoPrint's config.yaml, set accessControl.autologinLocal to false and restart it.",
    ];
    let severity = if control { Severity::High } else { Severity::Medium };
    Finding::at(port, severity, "octoprint-autologin", words)
}

async fn ask(site: &Site<'_>, path: &str, cookies: &str) -> Option<Answer> {
    let header = [(header::COOKIE, cookies)];
    let headers = if cookies.is_empty() { &header[..0] } else { &header[..] };
    let answer = site.ask(Method::GET, path, headers, Bytes::new()).await.ok()?;
    answer.status.is_success().then_some(answer)
}

/// For further questions to the same door.
fn cookies_of(entrance: &Answer) -> String {
    let set = entrance.headers.get_all(header::SET_COOKIE).iter().take(MAX_COOKIES);
    let pairs = set.filter_map(|line| line.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}
