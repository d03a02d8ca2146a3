//! Cameras that show their picture to everyone. One picture is asked for, its first bytes are
//! looked at, and it is thrown away.

use http::StatusCode;

use crate::{
    Finding, Host, Place, Severity,
    http::{Answer, Site},
};

/// Where cameras without a printer's page in front keep their picture: mjpg-streamer, µStreamer,
/// go2rtc's list, Elegoo.
pub(super) const ALONE: &[&str] = &["/?action=snapshot", "/snapshot", "/api/streams", "/video"];
/// Where OctoPi's and Mainsail's web servers show one.
pub(super) const BESIDE_OCTOPRINT: &[&str] = &["/webcam/?action=snapshot"];

/// Asks for pictures; one is enough. Says whether there was any.
pub(super) async fn examine(
    site: &Site<'_>,
    paths: &[&str],
    place: Place,
    host: &mut Host,
) -> bool {
    for path in paths {
        let Ok(answer) = site.read(path).await else { continue };
        if answer.is_picture() || is_list_of_streams(path, &answer) {
            host.found(open(site.address.port(), place));
            return true;
        }
    }
    false
}

/// go2rtc lists its streams by name, each with those who make and watch it.
fn is_list_of_streams(path: &str, answer: &Answer) -> bool {
    if path != "/api/streams" || answer.status != StatusCode::OK {
        return false;
    }
    let json = answer.json();
    let streams = json.as_ref().and_then(serde_json::Value::as_object);
    streams.is_some_and(|streams| {
        !streams.is_empty() && streams.values().all(|stream| stream.get("producers").is_some())
    })
}

fn open(port: u16, place: Place) -> Finding {
    let meaning = match place {
        Place::Home => "Everyone on this network can look into the room at any time.",
        Place::Internet => "Everyone on the Internet can look into the room at any time.",
    };
    let words = [
        "A camera shows its picture without a login",
        meaning,
        "Let it listen on 127.0.0.1 only, and give its picture to the printer's page or to \
         Layerlock's agent, which ask who is there.",
    ];
    Finding::at(port, place.grade(Severity::Medium, Severity::High), "camera-open", words)
}
