//! Messages that a visitor sends through a WebSocket. Their form tells the protocol, not the path
//! of the socket: Moonraker's JSON-RPC (calls and batches), `OctoPrint`'s push socket (objects),
//! and the same in `SockJS` frames (an array of texts).

use printer::Level;
use serde_json::Value;

use crate::{MAX_MESSAGE, kinds};

/// What a message takes, and what to send in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The level that it takes.
    pub level: Level,
    /// The same message, written as it was understood.
    pub text: String,
}

/// Judges a message. What isn't JSON, or not listed, takes `controls`.
pub fn judge_message(text: &str) -> Message {
    judge(text)
        .filter(|message| message.text.len() <= MAX_MESSAGE)
        .unwrap_or_else(|| Message { level: Level::Controls, text: String::new() })
}

fn judge(text: &str) -> Option<Message> {
    match serde_json::from_str(text).ok()? {
        Value::Array(parts) if parts.iter().all(Value::is_string) => sockjs_frame(&parts),
        Value::Array(calls) => {
            let level = calls.iter().map(in_a_batch).max()?;
            Some(Message { level, text: Value::Array(calls).to_string() })
        }
        value => Some(Message { level: single(&value), text: value.to_string() }),
    }
}

fn single(value: &Value) -> Level {
    match value.get("method") {
        Some(_) => kinds::rpc_call(value),
        None => kinds::socket_message(value),
    }
}

/// A stop among other calls isn't exactly the stop (HZ-5).
fn in_a_batch(call: &Value) -> Level {
    match kinds::rpc_call(call) {
        Level::Queue => Level::Controls,
        level => level,
    }
}

/// `SockJS` packs messages as texts into an array.
fn sockjs_frame(parts: &[Value]) -> Option<Message> {
    let mut level = None;
    let mut texts = Vec::new();
    for part in parts {
        let value: Value = serde_json::from_str(part.as_str()?).ok()?;
        level = level.max(Some(kinds::socket_message(&value)));
        texts.push(Value::String(value.to_string()));
    }
    Some(Message { level: level?, text: Value::Array(texts).to_string() })
}

#[cfg(test)]
mod tests;
