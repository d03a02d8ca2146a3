//! The emergency stop, and nothing but it (HZ-5). A hub keeps room for it that nobody else may
//! use, so what is called a stop here must be one.

use printer::Level;
use serde_json::Value;

use crate::{
    needed::{Body, Head, Json, classify},
    path,
};

/// Where a stop goes. A body that takes exactly `queue` there is the stop.
const STOPS: &[&str] = &["/printer/emergency_stop", "/server/jsonrpc", "/api/printer/command"];

/// The stop among the methods of JSON-RPC.
const RPC_STOP: &str = "printer.emergency_stop";

/// The longest body in which a stop is looked for, in bytes.
pub const MAX_STOP: usize = 1024;

/// A request that is an emergency stop if its body says so.
#[derive(Debug, Clone)]
pub struct MaybeStop(Json);

impl MaybeStop {
    /// Whether a request may be a stop, by its head.
    pub fn of(head: &Head<'_>) -> Option<Self> {
        let is_there = STOPS.iter().any(|stop| path::matches(stop, head.path));
        if head.method != "POST" || head.query.is_some() || !is_there {
            return None;
        }
        match classify(head).body {
            Body::Json(json) => Some(Self(json)),
            _ => None,
        }
    }

    /// If it is exactly a stop, the body to send: what was judged, written anew.
    pub fn exact(&self, body: &[u8]) -> Option<Vec<u8>> {
        if body.len() > MAX_STOP {
            return None;
        }
        let (level, body) = self.0.judge(body);
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let stops = value.get("method").is_none_or(|method| method == RPC_STOP);
        (level == Level::Queue && stops).then_some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(path: &str, body: &str) -> Option<String> {
        let head = Head { method: "POST", path, ..Head::default() };
        let body = MaybeStop::of(&head)?.exact(body.as_bytes())?;
        Some(String::from_utf8(body).unwrap())
    }

    // covers: HZ-5
    #[test]
    fn exact_emergency_stops() {
        let rpc = "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"printer.emergency_stop\"}";
        for (path, body) in [
            ("/printer/emergency_stop", ""),
            ("/printer/emergency_stop", "{}"),
            ("/server/jsonrpc", rpc),
            ("/api/printer/command", "{\"command\":\"M112\"}"),
            ("/api/printer/command", "{\"commands\":[\"M112\"]}"),
        ] {
            assert_eq!(stop(path, body).as_deref(), Some(body), "{path} {body}");
        }
        let doubled = "{\"command\": \"G28\", \"command\": \"M112\"}";
        let sent = stop("/api/printer/command", doubled).unwrap();
        assert_eq!(sent, "{\"command\":\"M112\"}", "what was judged is what is sent");
    }

    // covers: HZ-5
    #[test]
    fn anything_beside_the_stop_is_none() {
        let padded = format!("{{\"command\":\"M112\"{}}}", " ".repeat(MAX_STOP));
        for (path, body) in [
            ("/printer/emergency_stop", "{\"script\":\"G28\"}"),
            ("/printer/print/cancel", ""),
            ("/printer/emergency_stop/../print/cancel", ""),
            ("/server/jsonrpc", "{\"jsonrpc\":\"2.0\",\"method\":\"printer.print.cancel\"}"),
            ("/server/jsonrpc", "[{\"method\":\"printer.emergency_stop\"}]"),
            ("/server/jsonrpc", ""),
            ("/api/printer/command", ""),
            ("/api/printer/command", "{\"command\":\"M112 \"}"),
            ("/api/printer/command", "{\"commands\":[\"M112\",\"G28\"]}"),
            ("/api/printer/command", "{\"command\":\"M112\",\"parameters\":{}}"),
            ("/api/printer/command", "{\"command\":\"G28\"}"),
            ("/api/printer/command", &padded),
        ] {
            assert_eq!(stop(path, body), None, "{path} {body}");
        }
        let get = Head { method: "GET", path: "/printer/emergency_stop", ..Head::default() };
        assert!(MaybeStop::of(&get).is_none());
        let query = Head { method: "POST", query: Some("a=b"), ..get };
        assert!(MaybeStop::of(&query).is_none());
    }
}
