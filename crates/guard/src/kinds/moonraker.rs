//! Moonraker's API, over HTTP and as JSON-RPC. Source: moonraker.readthedocs.io, "External API".
//! It reads the parameters of a request from its query and its body alike.

use printer::Level;
use serde_json::{Map, Value};

use crate::{
    body::{if_so, is_empty, only},
    file_name::is_below,
    query::{
        Parameters::{self, Any, Named, None},
        Values::{All, File, These},
    },
    route::Route,
};

/// Other roots hold configuration and logs.
const ROOT: Parameters = Named(&[("root", These(&["gcodes"]))]);
const FILE: Parameters = Named(&[("filename", All)]);
/// Moonraker writes the name into a line of G-code, and a name may have more than one line.
const PRINT: Parameters = Named(&[("filename", File)]);
const HISTORY: Parameters =
    Named(&[("limit", All), ("start", All), ("since", All), ("before", All), ("order", All)]);
const TOKEN: Parameters = Named(&[("token", All), ("access_token", All)]);

pub(super) const ROUTES: &[Route] = &[
    Route::read("/server/info", None),
    Route::read("/printer/info", None),
    Route::read("/printer/gcode/help", None),
    Route::read("/printer/objects/list", None),
    Route::read("/printer/objects/query", Any),
    Route::read("/server/files/list", ROOT),
    Route::read("/server/files/roots", None),
    Route::read("/server/files/metadata", FILE),
    Route::read("/server/files/thumbnails", FILE),
    Route::read("/server/files/gcodes/**.png", Named(&[("timestamp", All)])),
    Route::read("/server/temperature_store", None),
    Route::read("/server/history/list", HISTORY),
    Route::read("/server/history/totals", None),
    Route::read("/server/history/job", Named(&[("uid", All)])),
    Route::read("/server/job_queue/status", None),
    Route::read("/server/webcams/list", None),
    Route::read("/server/announcements/list", None),
    Route::read("/machine/system_info", None),
    Route::read("/machine/proc_stats", None),
    Route::read("/machine/update/status", None),
    Route::read("/machine/device_power/devices", None),
    Route::read("/access/info", None),
    Route::read("/access/oneshot_token", None),
    Route::socket("/websocket", TOKEN),
    Route::json("POST", "/server/jsonrpc", rpc_call),
    Route::form("/server/files/upload"),
    Route::json("POST", "/printer/emergency_stop", stop),
    Route { query: PRINT, ..Route::json("POST", "/printer/print/start", start) },
    Route::json("POST", "/printer/print/pause", job),
    Route::json("POST", "/printer/print/resume", job),
    Route::json("POST", "/printer/print/cancel", job),
];

fn stop(body: &Value) -> Level {
    if_so(is_empty(body), Level::Queue)
}

fn job(body: &Value) -> Level {
    if_so(is_empty(body), Level::Print)
}

fn start(body: &Value) -> Level {
    let file = only(body, &["filename"]).and_then(|body| body.get("filename"));
    let named = file.and_then(Value::as_str).is_some_and(is_below);
    if_so(is_empty(body) || named, Level::Print)
}

/// One JSON-RPC call, not in a batch.
pub(crate) fn rpc_call(call: &Value) -> Level {
    let Some(object) = only(call, &["jsonrpc", "method", "params", "id"]) else {
        return Level::Controls;
    };
    let Some(method) = object.get("method").and_then(Value::as_str) else { return Level::Controls };
    let none = Map::new();
    match object.get("params") {
        Option::None => rpc(method, &none),
        Some(Value::Object(params)) => rpc(method, params),
        // Moonraker has no positional parameters, except none.
        Some(Value::Array(params)) if params.is_empty() => rpc(method, &none),
        Some(_) => Level::Controls,
    }
}

fn rpc(method: &str, params: &Map<String, Value>) -> Level {
    let level = match method {
        "printer.emergency_stop" => Level::Queue,
        "printer.print.start"
        | "printer.print.pause"
        | "printer.print.resume"
        | "printer.print.cancel" => Level::Print,
        _ => Level::View,
    };
    if_so(takes(method).is_some_and(|listed| fits(params, listed)), level)
}

/// The parameters that a listed method may have; `None` for one that isn't listed.
fn takes(method: &str) -> Option<Parameters> {
    Some(match method {
        "printer.objects.query" | "printer.objects.subscribe" => Any,
        "server.connection.identify" => Named(&[
            ("client_name", All),
            ("version", All),
            // An agent answers calls of others, and may send events to everybody.
            ("type", These(&["web", "desktop", "mobile", "display", "bot", "other"])),
            ("url", All),
            ("access_token", All),
            ("api_key", All),
        ]),
        "server.files.list" => ROOT,
        "server.files.metadata" | "server.files.thumbnails" => FILE,
        "printer.print.start" => PRINT,
        "server.history.list" => HISTORY,
        "server.history.get_job" => Named(&[("uid", All)]),
        "access.info"
        | "access.oneshot_token"
        | "machine.device_power.devices"
        | "machine.proc_stats"
        | "machine.system_info"
        | "machine.update.status"
        | "printer.emergency_stop"
        | "printer.gcode.help"
        | "printer.info"
        | "printer.objects.list"
        | "printer.print.cancel"
        | "printer.print.pause"
        | "printer.print.resume"
        | "server.announcements.list"
        | "server.files.roots"
        | "server.history.totals"
        | "server.info"
        | "server.job_queue.status"
        | "server.temperature_store"
        | "server.webcams.list"
        | "server.websocket.id" => None,
        _ => return Option::None,
    })
}

fn fits(params: &Map<String, Value>, listed: Parameters) -> bool {
    match listed {
        Any => true,
        None => params.is_empty(),
        Named(names) => params.iter().all(|(name, value)| {
            let listed = names.iter().find(|(listed, _)| listed == name);
            listed.is_some_and(|(_, values)| match value.as_str() {
                Some(text) => values.fit(text),
                Option::None => matches!(values, All),
            })
        }),
    }
}
