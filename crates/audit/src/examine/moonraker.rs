//! Moonraker: whether it trusts whoever comes, and what lies open then. Commands, files, settings
//! and the database are one: who may read may as well write.

use serde::Deserialize;
use serde_json::Value;

use crate::{Finding, Foreign, Host, Place, Severity, Software, http::Site};

/// What `/access/info` tells everyone.
#[derive(Deserialize)]
pub(super) struct Access {
    login_required: Option<bool>,
    trusted: Option<bool>,
}

/// Asks whether it is Moonraker. Needs no login, there.
pub(super) async fn access(site: &Site<'_>) -> Option<Access> {
    let info = site.read("/access/info").await.ok()?.json()?;
    info.pointer("/result/default_source")?;
    serde_json::from_value(info.get("result")?.clone()).ok()
}

/// Looks at what it shows to somebody without a key.
pub(super) async fn examine(site: &Site<'_>, access: &Access, place: Place, host: &mut Host) {
    let info = result(site, "/server/info").await;
    let version = info.as_ref().and_then(|info| info.get("moonraker_version")?.as_str());
    let version = version.map(Foreign::new);
    host.known_holes(site, Software::Moonraker, version.as_ref());
    host.saw(site, Software::Moonraker, version);
    if info.is_none() {
        return;
    }
    let port = site.address.port();
    host.found(open(port, access, place));
    if result(site, "/server/files/list?root=config").await.is_some() {
        host.found(configuration(port));
    }
    if result(site, "/server/database/list").await.is_some() {
        host.found(database(port));
    }
}

async fn result(site: &Site<'_>, path: &str) -> Option<Value> {
    let answer = site.read(path).await.ok()?;
    if !answer.status.is_success() {
        return None;
    }
    // A long list is cut off, and yet shows that it is open.
    match answer.json() {
        Some(json) => json.get("result").cloned(),
        None => answer.body.starts_with(b"{\"result\"").then_some(Value::Null),
    }
}

fn open(port: u16, access: &Access, place: Place) -> Finding {
    let trusted = access.trusted == Some(true);
    let why = match (trusted, access.login_required) {
        (true, _) => "because it trusts their address (trusted_clients)",
        (false, _) => "because it asks nobody for a login",
    };
    let title = format!("Moonraker obeys this machine without a login, {why}");
    let meaning = match place {
        Place::Home => {
            "Every device on this network, be it a lamp or a guest's phone, can heat, move, print, \
             and change the printer's settings."
        }
        Place::Internet => {
            "Anyone on the Internet can heat, move, print, and change the printer's settings."
        }
    };
    let fix = "In moonraker.conf, [authorization], take whole networks from trusted_clients, or add a \
               user and set force_logins: True. Then restart Moonraker.";
    Finding::at(port, Severity::High, "moonraker-open", [&title, meaning, fix])
}

fn configuration(port: u16) -> Finding {
    let words = [
        "Moonraker shows and takes configuration files without a login",
        "Whoever can write printer.cfg or moonraker.conf decides how hot the printer gets, and may \
         run programs on its machine.",
        "Close Moonraker as above; files can't be closed apart from the rest.",
    ];
    Finding::at(port, Severity::High, "moonraker-configuration", words)
}

fn database(port: u16) -> Finding {
    let words = [
        "Moonraker's database lies open without a login",
        "It holds the settings and history of the printer's pages, which anyone may read and \
         change.",
        "Close Moonraker as above.",
    ];
    Finding::at(port, Severity::Medium, "moonraker-database", words)
}
