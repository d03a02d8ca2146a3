use proptest::prelude::*;

use super::*;

fn head<'a>(method: &'a str, target: &'a str) -> Head<'a> {
    let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q)));
    Head { method, path, query, ..Head::default() }
}

/// The level of a request without a body, or with a JSON one.
fn level(method: &str, target: &str, body: &str) -> Level {
    level_of(&classify(&head(method, target)), body)
}

fn level_of(needed: &Needed, body: &str) -> Level {
    match &needed.body {
        Body::Json(json) => needed.level.max(json.judge(body.as_bytes()).0),
        _ => needed.level,
    }
}

fn upload(path: &str) -> Needed {
    let content_type = Some("multipart/form-data; boundary=0123456789");
    classify(&Head { content_type, ..head("POST", path) })
}

type Line = (Level, &'static str, &'static str, &'static str);

fn check(table: &[Line]) {
    for (expected, method, target, body) in table {
        assert_eq!(level(method, target, body), *expected, "{method} {target} {body}");
    }
}

// covers: PM-3, HZ-5
#[test]
fn what_octoprint_takes() {
    check(&[
        (Level::View, "GET", "/api/version", ""),
        (Level::View, "HEAD", "/api/job", ""),
        (Level::View, "GET", "/api/printer?exclude=sd,temperature", ""),
        (Level::View, "GET", "/api/files/local/a/b.gcode?recursive=true", ""),
        (Level::View, "GET", "/webcam/?action=stream", ""),
        (Level::View, "POST", "/api/login", "{\"passive\":true}"),
        (Level::View, "CONNECT", "/sockjs/websocket", ""),
        (Level::View, "CONNECT", "/sockjs/123/abcdefgh/websocket", ""),
        (Level::Queue, "POST", "/api/printer/command", "{\"command\":\"M112\"}"),
        (Level::Queue, "POST", "/api/printer/command", "{\"commands\":[\"M112\"]}"),
        (Level::Print, "POST", "/api/job", "{\"command\":\"start\"}"),
        (Level::Print, "POST", "/api/job", "{\"command\":\"pause\",\"action\":\"toggle\"}"),
        (
            Level::Print,
            "POST",
            "/api/files/local/a.gcode",
            "{\"command\":\"select\",\"print\":true}",
        ),
        (Level::Controls, "GET", "/", ""),
        (Level::Controls, "GET", "/static/webassets/packed_core.js", ""),
        (Level::Controls, "GET", "/api/settings", ""),
        (Level::Controls, "GET", "/api/version?apikey=x", ""),
        (Level::Controls, "GET", "/webcam/?action=command&id=1", ""),
        (Level::Controls, "POST", "/api/settings", "{}"),
        (Level::Controls, "POST", "/api/login", "{\"user\":\"a\",\"pass\":\"b\"}"),
        (Level::Controls, "POST", "/api/job", "{\"command\":\"start\",\"x\":1}"),
        (Level::Controls, "POST", "/api/job", "{\"command\":\"frobnicate\"}"),
        (Level::Controls, "POST", "/api/job", ""),
        (Level::Controls, "POST", "/api/printer/tool", "{\"command\":\"target\"}"),
        (Level::Controls, "POST", "/api/system/commands/core/reboot", ""),
        (Level::Controls, "POST", "/api/files/local/a.gcode", "{\"command\":\"move\"}"),
        (Level::Controls, "POST", "/api/files/local/a.cfg", "{\"command\":\"select\"}"),
        (Level::Controls, "DELETE", "/api/files/local/a.gcode", ""),
        (Level::Controls, "CONNECT", "/sockjs/other", ""),
    ]);
    assert_eq!(upload("/api/files/local").level, Level::Queue);
    assert_eq!(upload("/api/files/local?print=true").level, Level::Controls);
    assert_eq!(upload("/api/files/sdcard").level, Level::Controls);
}

// covers: PM-3, HZ-5
#[test]
fn what_moonraker_takes() {
    check(&[
        (Level::View, "GET", "/server/info", ""),
        (Level::View, "GET", "/printer/objects/query?extruder=target&toolhead", ""),
        (Level::View, "GET", "/server/files/list?root=gcodes", ""),
        (Level::View, "GET", "/server/files/gcodes/.thumbs/a-32x32.png?timestamp=1.5", ""),
        (Level::View, "CONNECT", "/websocket?token=x", ""),
        (
            Level::View,
            "POST",
            "/server/jsonrpc",
            "{\"jsonrpc\":\"2.0\",\"method\":\"printer.info\"}",
        ),
        (Level::Queue, "POST", "/printer/emergency_stop", ""),
        (Level::Queue, "POST", "/printer/emergency_stop", "{}"),
        (Level::Print, "POST", "/printer/print/start?filename=a.gcode", ""),
        (Level::Print, "POST", "/printer/print/start", "{\"filename\":\"a/b.gcode\"}"),
        (Level::Print, "POST", "/printer/print/cancel", ""),
        (Level::Controls, "GET", "/server/files/list?root=config", ""),
        (Level::Controls, "GET", "/server/files/list?root=gcodes&root=config", ""),
        (Level::Controls, "GET", "/server/files/config/printer.cfg", ""),
        (Level::Controls, "GET", "/server/files/config/.thumbs/a.png", ""),
        (Level::Controls, "GET", "/server/files/gcodes/a.gcode", ""),
        (Level::Controls, "GET", "/access/api_key", ""),
        (Level::Controls, "GET", "/machine/update/status?refresh=true", ""),
        (Level::Controls, "POST", "/printer/gcode/script?script=M112", ""),
        (Level::Controls, "POST", "/printer/emergency_stop", "{\"script\":\"G28\"}"),
        (Level::Controls, "POST", "/printer/emergency_stop?x=1", ""),
        (Level::Controls, "POST", "/printer/print/start", "{\"filename\":\"../a\"}"),
        (Level::Controls, "POST", "/printer/restart", ""),
        (Level::Controls, "POST", "/machine/reboot", ""),
        (Level::Controls, "POST", "/server/jsonrpc", "{\"method\":\"printer.gcode.script\"}"),
        (Level::Controls, "POST", "/server/jsonrpc", "[{\"method\":\"printer.info\"}]"),
        (Level::Controls, "POST", "/server/database/item", "{}"),
        (Level::Controls, "CONNECT", "/klippysocket", ""),
    ]);
    assert_eq!(upload("/server/files/upload").level, Level::Queue);
    assert_eq!(level("POST", "/server/files/upload", ""), Level::Controls);
}

/// Moonraker writes the name into a line of G-code.
// covers: PM-3
#[test]
fn gcode_in_a_file_name() {
    for name in [
        "\\\" FILENAME=a.gcode ;\nM104 S300 ;",
        "a.gcode\nM104 S300",
        "a.gcode\" M104",
        "../config/a.gcode",
        "",
    ] {
        let name = serde_json::Value::from(name);
        let call =
            format!("{{\"method\":\"printer.print.start\",\"params\":{{\"filename\":{name}}}}}");
        assert_eq!(level("POST", "/server/jsonrpc", &call), Level::Controls, "{call}");
        assert_eq!(crate::judge_message(&call).level, Level::Controls, "{call}");
        let body = format!("{{\"filename\":{name}}}");
        assert_eq!(level("POST", "/printer/print/start", &body), Level::Controls, "{body}");
    }
    for query in ["a%0aM104", "..%2fa.gcode", "a%22b", "", "a%5c%22"] {
        let target = format!("/printer/print/start?filename={query}");
        assert_eq!(level("POST", &target, ""), Level::Controls, "{target}");
    }
    let call = "{\"method\":\"printer.print.start\",\"params\":{\"filename\":[\"a.gcode\"]}}";
    assert_eq!(level("POST", "/server/jsonrpc", call), Level::Controls);
    let plain = call.replace(['[', ']'], "");
    assert_eq!(level("POST", "/server/jsonrpc", &plain), Level::Print);
}

// covers: PM-3
#[test]
fn what_prusalink_takes() {
    check(&[
        (Level::View, "GET", "/api/v1/status", ""),
        (Level::View, "GET", "/api/v1/files/usb/A.BGC", ""),
        (Level::View, "GET", "/api/v1/cameras/snap", ""),
        (Level::Queue, "PUT", "/api/v1/files/usb/a.gcode", ""),
        (Level::Print, "POST", "/api/v1/files/usb/a.gcode", ""),
        (Level::Print, "PUT", "/api/v1/job/12/resume", ""),
        (Level::Print, "DELETE", "/api/v1/job/12", ""),
        (Level::Controls, "PUT", "/api/v1/files/usb/firmware.bbf", ""),
        (Level::Controls, "DELETE", "/api/v1/files/usb/a.gcode", ""),
        (Level::Controls, "POST", "/api/v1/update/prusalink", ""),
        (Level::Controls, "POST", "/api/settings/apikey", ""),
        (Level::Controls, "POST", "/api/printer/printhead", "{\"command\":\"home\"}"),
    ]);
    let put = Head { print_after_upload: true, ..head("PUT", "/api/v1/files/usb/a.gcode") };
    assert_eq!(classify(&put).level, Level::Print);
}

// covers: HZ-5, PM-3
#[test]
fn estop_line_then_heat() {
    for body in [
        "{\"command\":\"M112\\nM104 S300\"}",
        "{\"command\":\"M112 \"}",
        "{\"commands\":[\"M112\",\"M104 S300\"]}",
        "{\"commands\":[]}",
        "{\"command\":\"M112\",\"commands\":[\"M104 S300\"]}",
        "{\"command\":\"M112\",\"parameters\":{}}",
        "{\"command\":[\"M112\"]}",
        "{\"command\":\"M1120\"}",
        "M112",
    ] {
        assert_eq!(level("POST", "/api/printer/command", body), Level::Controls, "{body}");
    }
}

/// A printer that takes the first of two equal names would heat; it gets one only.
// covers: HZ-5, PM-3
#[test]
fn estop_under_a_doubled_name() {
    let needed = classify(&head("POST", "/api/printer/command"));
    let Body::Json(json) = needed.body else { panic!("no JSON") };
    let (level, sent) = json.judge(b"{\"command\":\"M104 S300\",\"command\":\"M112\"}");
    assert_eq!((level, sent.as_slice()), (Level::Queue, &b"{\"command\":\"M112\"}"[..]));
}

// covers: PM-3
#[test]
fn unknown_plugin_route() {
    for (method, path) in [
        ("GET", "/plugin/unknown/state"),
        ("POST", "/plugin/unknown/act"),
        ("POST", "/api/plugin/psucontrol"),
        ("GET", "/api/plugin/psucontrol"),
        ("POST", "/plugin/pluginmanager/upload"),
        ("POST", "/server/extensions/request"),
    ] {
        assert_eq!(level(method, path, "{}"), Level::Controls, "{method} {path}");
    }
}

// covers: PM-3
#[test]
fn route_prefix_hides_path() {
    for path in [
        "/printer2/printer/gcode/script",
        "/printer2/printer/emergency_stop",
        "/moonraker/printer/print/start",
        "/api/../printer/gcode/script",
        "/%2e%2e/printer/gcode/script",
        "/printer/emergency_stop/../gcode/script",
        "/printer/emergency_stop%2f..%2fgcode%2fscript",
        "//printer/print/start",
    ] {
        assert_eq!(level("POST", path, ""), Level::Controls, "{path}");
    }
}

proptest! {
    // covers: PM-3
    #[test]
    fn nothing_unlisted_is_below_controls(
        method in "(GET|POST|PUT|DELETE|CONNECT|[A-Z]{1,8})",
        path in "\\PC{0,60}",
        query in proptest::option::of("\\PC{0,40}"),
        content_type in proptest::option::of("\\PC{0,40}"),
        print_after_upload: bool,
    ) {
        let head = Head {
            method: &method,
            path: &path,
            query: query.as_deref(),
            content_type: content_type.as_deref(),
            print_after_upload,
        };
        let listed = kinds::routes().any(|route| route.matches(&method, &path));
        prop_assert!(listed || classify(&head).level == Level::Controls);
    }

    // covers: PM-3
    #[test]
    fn no_neighbour_of_a_listed_path_is_listed(
        route in proptest::sample::select(kinds::routes().collect::<Vec<_>>()),
        extra in "[a-z0-9._%/;-]{1,12}",
    ) {
        prop_assume!(!route.path.contains('*'));
        let path = format!("{}/{extra}", route.path);
        let listed = kinds::routes().any(|other| other.matches(route.method, &path));
        prop_assert!(listed || classify(&head(route.method, &path)).level == Level::Controls);
    }

    // covers: PM-3
    #[test]
    fn any_body_is_judged(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for route in kinds::routes() {
            if let Body::Json(json) = classify(&head(route.method, route.path)).body {
                let _ = json.judge(&bytes);
            }
        }
    }
}

// covers: PM-3
#[test]
fn older_path_of_prusalink_hands_out_the_file() {
    check(&[
        (Level::Controls, "GET", "/api/files/local/a/b.gcode/raw", ""),
        (Level::Controls, "HEAD", "/api/files/sdcard/b.gcode/raw", ""),
        (Level::Controls, "GET", "/api/files/local/b.gcode/%72aw", ""),
        (Level::View, "GET", "/api/files/local/a/raw.gcode", ""),
    ]);
}
