//! What decides which level a request or a message takes.

use guard::{Body, Head, MAX_STOP, MaybeStop, Needed, classify, is_listed, judge_message};
use printer::Level;
use serde_json::Value;

use super::text;

/// Method, path, query and content type, one a line.
fn needed(text: &str) -> Option<Needed> {
    let mut lines = text.splitn(4, '\n');
    let (method, path) = (lines.next()?, lines.next()?);
    let (query, content_type) = (lines.next(), lines.next());
    let needed = classify(&Head { method, path, query, content_type, ..Head::default() });
    assert!(needed.level >= Level::Controls || is_listed(method, path), "{method} {path}");
    Some(needed)
}

/// What isn't listed takes `controls`.
pub(super) fn request_head(bytes: &[u8]) {
    let _ = needed(text(bytes));
}

/// A head, an empty line, and a body: what is sent on takes what the body took.
pub(super) fn request_json(bytes: &[u8]) {
    let Some((head, body)) = text(bytes).split_once("\n\n") else { return };
    let Some(Body::Json(json)) = needed(head).map(|needed| needed.body) else { return };
    let (level, rewritten) = json.judge(body.as_bytes());
    if level < Level::Controls {
        assert_eq!(json.judge(&rewritten).0, level, "{body}");
    }
}

/// A path, and a body. What gets the room that is kept for stops is a stop, and nothing beside it.
pub(super) fn emergency_stop(bytes: &[u8]) {
    let Some((path, body)) = text(bytes).split_once('\n') else { return };
    let head = Head { method: "POST", path, ..Head::default() };
    let Some(stop) = MaybeStop::of(&head) else { return };
    let Some(sent) = stop.exact(body.as_bytes()) else { return };
    assert!(body.len() <= MAX_STOP, "{body}");
    assert_eq!(stop.exact(&sent).as_deref(), Some(sent.as_slice()), "{body}");
    let said: Value = serde_json::from_slice(&sent).unwrap_or_default();
    let many = said.get("commands").and_then(Value::as_array).into_iter().flatten();
    assert!(many.chain(said.get("command")).all(|command| command == "M112"), "{said}");
    assert!(said.get("method").is_none_or(|method| method == "printer.emergency_stop"), "{said}");
}

/// A message that is sent on takes what the one that came took.
pub(super) fn socket_message(bytes: &[u8]) {
    let message = judge_message(text(bytes));
    if message.level < Level::Controls {
        assert_eq!(judge_message(&message.text), message);
    }
}
