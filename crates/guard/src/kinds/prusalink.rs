//! `PrusaLink`'s API, version 1. Its older paths are `OctoPrint`'s, and in that list. Source:
//! Prusa-Link-Web, `spec/openapi.yaml`.

use printer::Level;
use serde_json::Value;

use crate::{
    body::{if_so, is_empty},
    query::Parameters::None,
    route::{Content, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route::read("/api/v1/info", None),
    Route::read("/api/v1/status", None),
    Route::read("/api/v1/job", None),
    Route::read("/api/v1/storage", None),
    Route::read("/api/v1/transfer", None),
    Route::read("/api/v1/files/**", None),
    Route::read("/api/v1/cameras", None),
    Route::read("/api/v1/cameras/snap", None),
    Route::read("/api/v1/cameras/*/snap", None),
    Route::read("/thumb/**", None),
    // Below it the older paths hand out the file itself, and not what is known about it.
    Route { level: Level::Controls, ..Route::read("/api/files/*/**raw", None) },
    Route {
        method: "PUT",
        path: "/api/v1/files/*/**.gcode",
        query: None,
        content: Content::File,
        level: Level::Queue,
    },
    Route::json("POST", "/api/v1/files/*/**.gcode", job),
    Route::json("PUT", "/api/v1/job/*/pause", job),
    Route::json("PUT", "/api/v1/job/*/resume", job),
    Route::json("PUT", "/api/v1/job/*/continue", job),
    Route::json("DELETE", "/api/v1/job/*", job),
];

fn job(body: &Value) -> Level {
    if_so(is_empty(body), Level::Print)
}
