//! `OctoPrint`'s REST API and its push socket. Source: docs.octoprint.org, "REST API" and
//! "Push updates".

use printer::Level;
use serde_json::Value;

use crate::{
    body::{if_so, only},
    query::{
        Parameters::{self, Named, None},
        Values::{All, These},
    },
    route::Route,
};

const FILES: Parameters = Named(&[("recursive", All), ("filter", All)]);
const STATE: Parameters =
    Named(&[("exclude", All), ("history", These(&["true", "false"])), ("limit", All)]);
/// mjpg-streamer's other actions change the camera.
const CAMERA: Parameters = Named(&[
    ("action", These(&["stream", "snapshot"])),
    ("cacheBust", All),
    ("cb", All),
    ("t", All),
    ("_", All),
]);

pub(super) const ROUTES: &[Route] = &[
    Route::read("/api/version", None),
    Route::read("/api/server", None),
    Route::read("/api/connection", None),
    Route::read("/api/currentuser", None),
    Route::read("/api/printer", STATE),
    Route::read("/api/printer/tool", STATE),
    Route::read("/api/printer/bed", STATE),
    Route::read("/api/printer/chamber", STATE),
    Route::read("/api/printer/sd", None),
    Route::read("/api/job", None),
    Route::read("/api/files", FILES),
    Route::read("/api/files/local", FILES),
    Route::read("/api/files/sdcard", FILES),
    Route::read("/api/files/local/**", FILES),
    Route::read("/api/files/sdcard/**", FILES),
    Route::read("/api/printerprofiles", None),
    Route::read("/api/timelapse", None),
    Route::read("/sockjs/info", Named(&[("t", All)])),
    Route::read("/webcam/", CAMERA),
    Route::json("POST", "/api/login", passive_login),
    Route::socket("/sockjs/websocket", None),
    Route::socket("/sockjs/*/*/websocket", None),
    Route::form("/api/files/local"),
    Route::json("POST", "/api/printer/command", command),
    Route::json("POST", "/api/job", job),
    Route::json("POST", "/api/files/local/**.gcode", select),
    Route::json("POST", "/api/files/sdcard/**.gcode", select),
];

/// Asks who one is, which the push socket needs to know. A login with a password is for people.
fn passive_login(body: &Value) -> Level {
    let passive = only(body, &["passive"]).and_then(|body| body.get("passive"));
    if_so(passive == Some(&Value::Bool(true)), Level::View)
}

/// Raw G-code. Only the emergency stop, alone and without anything around it, is one (HZ-5).
fn command(body: &Value) -> Level {
    let Some(object) = only(body, &["command", "commands"]) else { return Level::Controls };
    let stop = match (object.get("command"), object.get("commands")) {
        (Some(one), Option::None) => one == "M112",
        (Option::None, Some(Value::Array(all))) => matches!(all.as_slice(), [one] if one == "M112"),
        _ => false,
    };
    if_so(stop, Level::Queue)
}

fn job(body: &Value) -> Level {
    let Some(object) = only(body, &["command", "action"]) else { return Level::Controls };
    let is = |name, words: &[&str]| {
        object.get(name).and_then(Value::as_str).is_some_and(|word| words.contains(&word))
    };
    let command = is("command", &["start", "cancel", "restart", "pause"]);
    let action = !object.contains_key("action") || is("action", &["pause", "resume", "toggle"]);
    if_so(command && action, Level::Print)
}

fn select(body: &Value) -> Level {
    let object = only(body, &["command", "print"]);
    let fits = object.is_some_and(|object| {
        object.get("command").is_some_and(|command| command == "select")
            && object.get("print").is_none_or(Value::is_boolean)
    });
    if_so(fits, Level::Print)
}

/// One message of the push socket.
pub(crate) fn socket_message(message: &Value) -> Level {
    let listed = only(message, &["auth", "throttle", "subscribe"]);
    if_so(listed.is_some_and(|message| !message.is_empty()), Level::View)
}
