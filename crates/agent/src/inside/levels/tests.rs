//! What people and apps below `controls` try, at the whole inside of an agent with a printer on a
//! real socket.

use std::{net::SocketAddr, time::Duration};

use forward::full;
use printer::{OsRandom, PrinterId};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use wire::{Nonce, Relayed, Stamp, Tick};

use super::*;
use crate::inside::tests::{ACCEPTED, DEADLINE, answer, code, inside_with, relayed, visit};

/// A printer that answers every request when it is complete, and tells it as text. What breaks off
/// is told too, after a `!`.
async fn recorder() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(record(stream, tell.clone()));
        }
    });
    (address, told)
}

async fn record(mut stream: TcpStream, tell: mpsc::UnboundedSender<String>) {
    let mut text = String::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
        if !is_complete(&text) {
            continue;
        }
        let request = std::mem::take(&mut text);
        if !request.starts_with("GET / ") && !request.contains("host: printer.invalid\r\n") {
            let _ = tell.send(request);
        }
        let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let _ = stream.write_all(ok).await;
    }
    if !text.is_empty() {
        let _ = tell.send(format!("!{text}"));
    }
}

fn is_complete(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

struct Bench {
    inside: Inside,
    printer: PrinterId,
    told: mpsc::UnboundedReceiver<String>,
}

impl Bench {
    async fn new() -> Self {
        Self::at("").await
    }

    async fn at(path: &str) -> Self {
        let (address, told) = recorder().await;
        let (inside, ids) = inside_with(&[format!("http://{address}{path}")], ACCEPTED).await;
        Self { inside, printer: ids[0], told }
    }

    fn stamp(&self) -> Stamp {
        let tick = self.inside.memory.fresh.tick();
        Stamp { tick, nonce: Nonce::new(&OsRandom) }
    }

    fn request(&self, level: Level, method: Method, target: &str) -> Request<Body> {
        let relayed = Relayed { level, stamp: Some(self.stamp()), ..relayed() };
        let mut request = visit(&wire::printer_authority(self.printer), target, &relayed);
        *request.method_mut() = method;
        request
    }

    /// The status, or the agent's own word.
    async fn send(&self, request: Request<Body>) -> String {
        let answer = answer(&self.inside, request).await;
        match code(&answer) {
            "" => answer.status().as_u16().to_string(),
            code => code.to_owned(),
        }
    }

    async fn post(&self, level: Level, target: &str, json: &'static str) -> String {
        let mut request = self.request(level, Method::POST, target);
        if !json.is_empty() {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
        }
        *request.body_mut() = full(json);
        self.send(request).await
    }

    async fn upload(&self, level: Level, path: &str, form: &str) -> String {
        let mut request = self.request(level, Method::POST, path);
        let form = form.replace('\n', "\r\n");
        let media_type = HeaderValue::from_static("multipart/form-data; boundary=0123456789");
        request.headers_mut().insert(CONTENT_TYPE, media_type);
        request.headers_mut().insert(CONTENT_LENGTH, form.len().into());
        *request.body_mut() = full(form);
        self.send(request).await
    }

    async fn heard(&mut self) -> String {
        timeout(DEADLINE, self.told.recv()).await.expect("nothing arrived").unwrap()
    }

    fn heard_nothing(&mut self) -> bool {
        self.told.try_recv().is_err()
    }
}

const FILE: &str = "--0123456789\nContent-Disposition: form-data; name=\"file\"; \
                    filename=\"a.gcode\"\nContent-Type: application/octet-stream\n\nG28\n";
const START: &str = "--0123456789\nContent-Disposition: form-data; name=\"print\"\n\ntrue\n";
const END: &str = "--0123456789--\n";

// covers: PM-3
#[tokio::test]
async fn what_is_listed_passes_at_its_level() {
    let mut bench = Bench::new().await;
    let read = bench.request(Level::View, Method::GET, "/server/info");
    assert_eq!(bench.send(read).await, "200");
    assert!(bench.heard().await.starts_with("GET /server/info HTTP/1.1\r\n"));
    assert_eq!(
        bench.post(Level::Queue, "/api/printer/command", "{ \"command\":\"M112\" }").await,
        "200"
    );
    assert!(bench.heard().await.ends_with("\r\n\r\n{\"command\":\"M112\"}"));
    assert_eq!(bench.post(Level::Print, "/api/job", "{\"command\":\"start\"}").await, "200");
    assert_eq!(
        bench.post(Level::Queue, "/api/job", "{\"command\":\"start\"}").await,
        "not-allowed"
    );
    assert_eq!(bench.post(Level::View, "/printer/emergency_stop", "").await, "not-allowed");
    assert_eq!(bench.post(Level::Controls, "/api/plugin/x", "{ }").await, "200");
}

// covers: PM-3
#[tokio::test]
async fn a_body_where_none_is_listed_stays_behind() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(Level::View, Method::GET, "/server/files/list");
    let body = "{\"root\":\"config\"}";
    request.headers_mut().insert(CONTENT_LENGTH, body.len().into());
    *request.body_mut() = full(body);
    assert_eq!(bench.send(request).await, "200");
    assert!(!bench.heard().await.contains("config"));
}

// covers: PM-3
#[tokio::test]
async fn queue_app_uploads_with_print_true() {
    let mut bench = Bench::new().await;
    for path in ["/api/files/local", "/server/files/upload"] {
        let plain = format!("{FILE}{END}");
        assert_eq!(bench.upload(Level::View, path, &plain).await, "not-allowed");
        assert_eq!(bench.upload(Level::Queue, path, &plain).await, "200");
        assert!(bench.heard().await.ends_with("G28\r\n--0123456789--\r\n"));
        for form in [format!("{FILE}{START}{END}"), format!("{START}{FILE}{END}")] {
            assert_eq!(bench.upload(Level::Queue, path, &form).await, "not-allowed");
            while let Ok(heard) = bench.told.try_recv() {
                assert!(heard.starts_with('!') && !heard.contains("true"), "{heard}");
            }
            assert_eq!(bench.upload(Level::Print, path, &form).await, "200");
            while !bench.heard().await.contains("true") {}
        }
        let elsewhere = format!("{path}?print=true");
        assert_eq!(bench.upload(Level::Queue, &elsewhere, &plain).await, "not-allowed");
    }
    let mut put = bench.request(Level::Queue, Method::PUT, "/api/v1/files/usb/a.gcode");
    put.headers_mut().insert(PRINT_AFTER_UPLOAD, HeaderValue::from_static("?1"));
    assert_eq!(bench.send(put).await, "not-allowed");
}

// covers: HZ-5, PM-3
#[tokio::test]
async fn estop_line_then_heat() {
    let mut bench = Bench::new().await;
    for body in [
        "{\"command\":\"M112\\nM104 S300\"}",
        "{\"commands\":[\"M112\",\"M104 S300\"]}",
        "{\"command\":\"M112\",\"commands\":[\"M104 S300\"]}",
        "M112",
    ] {
        let said = bench.post(Level::Print, "/api/printer/command", body).await;
        assert_eq!(said, "not-allowed", "{body}");
    }
    let hidden = bench.post(
        Level::Queue,
        "/api/printer/command",
        "{\"command\":\"M104 S300\",\"command\":\"M112\"}",
    );
    assert_eq!(hidden.await, "200");
    assert!(bench.heard().await.ends_with("\r\n\r\n{\"command\":\"M112\"}"));
    assert!(bench.heard_nothing());
}

/// The entries of these tests say OctoPrint.
// covers: PM-3
#[tokio::test]
async fn octoprint_entry_is_moonraker() {
    let mut bench = Bench::new().await;
    for (target, body) in [
        ("/printer/gcode/script?script=M104%20S300", ""),
        ("/server/jsonrpc", "{\"method\":\"printer.gcode.script\",\"params\":{}}"),
        ("/printer/print/start?filename=a.gcode", ""),
        ("/machine/reboot", ""),
    ] {
        assert_eq!(bench.post(Level::Queue, target, body).await, "not-allowed", "{target}");
    }
    assert!(bench.heard_nothing());
    assert_eq!(bench.post(Level::Print, "/printer/print/start?filename=a.gcode", "").await, "200");
}

// covers: PM-3
#[tokio::test]
async fn unknown_plugin_route() {
    let mut bench = Bench::new().await;
    for path in ["/plugin/unknown/act", "/api/plugin/psucontrol", "/server/extensions/request"] {
        assert_eq!(bench.post(Level::Print, path, "{}").await, "not-allowed", "{path}");
        let read = bench.request(Level::Print, Method::GET, path);
        assert_eq!(bench.send(read).await, "not-allowed", "{path}");
    }
    assert!(bench.heard_nothing());
}

// covers: PM-3
#[tokio::test]
async fn route_prefix_hides_path() {
    let mut bench = Bench::new().await;
    for path in ["/printer2/printer/emergency_stop", "/printer2/printer/print/start", "/x/api/job"]
    {
        assert_eq!(bench.post(Level::Print, path, "").await, "not-allowed", "{path}");
    }
    assert!(bench.heard_nothing());
    // The printer reads /api/files/local/a.gcode where the visitor asked for something harmless.
    let mut bench = Bench::at("/api/files/local/").await;
    let read = bench.request(Level::View, Method::GET, "/api/version");
    assert_eq!(bench.send(read).await, "not-allowed");
    while let Ok(heard) = bench.told.try_recv() {
        assert!(heard.starts_with("GET /api/files/local/ "), "only the agent's own probe: {heard}");
    }
}

// covers: PM-3
#[tokio::test]
async fn body_and_type_in_disguise() {
    let mut bench = Bench::new().await;
    for (name, value) in [("content-encoding", "gzip"), ("content-type", "é")] {
        let mut request = bench.request(Level::Print, Method::POST, "/printer/print/pause");
        request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        assert_eq!(bench.send(request).await, "not-allowed", "{name}");
    }
    assert!(bench.heard_nothing());
}

/// A method in a header is none: it never arrives.
// covers: PM-3
#[tokio::test]
async fn method_in_a_header() {
    let mut bench = Bench::new().await;
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let mut request = bench.request(Level::Print, Method::POST, "/printer/print/pause");
        request.headers_mut().insert(name, HeaderValue::from_static("DELETE"));
        assert_eq!(bench.send(request).await, "200", "{name}");
        assert!(!bench.heard().await.contains("DELETE"), "{name}");
    }
}

// covers: PM-3
#[tokio::test]
async fn klippers_own_socket_is_closed_to_everyone() {
    let mut bench = Bench::new().await;
    for path in ["/klippysocket", "/printer2/klippysocket", "/klippy%73ocket", "/Klippysocket;a"] {
        let request = bench.request(Level::Admin, Method::GET, path);
        assert_eq!(bench.send(request).await, "not-allowed", "{path}");
    }
    assert!(bench.heard_nothing());
}

// covers: HZ-6
#[tokio::test]
async fn start_replayed_or_late_or_unstamped() {
    let mut bench = Bench::new().await;
    let target = "/printer/print/start?filename=a.gcode";
    let now = bench.inside.memory.fresh.tick();
    let stamp = |tick| Some(Stamp { tick, nonce: Nonce::new(&OsRandom) });
    let start = |stamp| {
        let relayed = Relayed { stamp, ..relayed() };
        let mut request = visit(&wire::printer_authority(bench.printer), target, &relayed);
        *request.method_mut() = Method::POST;
        request
    };
    let late = Tick { millis: now.millis - 10_001, ..now };
    assert_eq!(bench.send(start(stamp(late))).await, "too-old");
    let early = Tick { millis: now.millis + 60_000, ..now };
    assert_eq!(bench.send(start(stamp(early))).await, "too-old");
    let other = Tick { run: now.run ^ 1, ..now };
    assert_eq!(bench.send(start(stamp(other))).await, "too-old");
    assert_eq!(bench.send(start(None)).await, "no-stamp");
    let once = stamp(now);
    assert_eq!(bench.send(start(once)).await, "200");
    assert_eq!(bench.send(start(once)).await, "replayed");
    bench.heard().await;
    assert!(bench.heard_nothing());
}

// covers: HZ-6
#[tokio::test]
async fn body_held_back_until_it_is_late() {
    let bench = Bench::new().await;
    let (sender, body) = forward::channel();
    let mut request = bench.request(Level::Print, Method::POST, "/api/job");
    *request.body_mut() = body;
    tokio::time::pause();
    let said = bench.send(request).await;
    drop(sender);
    assert_eq!(said, "unreadable");
    assert!(PATIENCE < Duration::from_secs(10));
}
