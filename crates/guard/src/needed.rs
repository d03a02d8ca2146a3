//! From the head of a request to what it takes.

use printer::Level;
use serde_json::Value;

use crate::{body, form::Form, kinds, query::Query, route::Content};

/// What the head of a request says. Paths and queries are as they were sent, still escaped.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head<'a> {
    /// The method; `CONNECT` opens a WebSocket.
    pub method: &'a str,
    /// The path as the printer will read it.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// `Content-Type`, if it is there exactly once.
    pub content_type: Option<&'a str>,
    /// Whether a header asks to print right after an upload (`Print-After-Upload`).
    pub print_after_upload: bool,
}

/// What a request takes, as far as its head tells.
#[derive(Debug, Clone)]
pub struct Needed {
    /// At least this. Below `controls` the body may ask for more.
    pub level: Level,
    /// What has to happen to the body before a printer may see it. Without meaning where the
    /// level is `controls`.
    pub body: Body,
}

/// How the body of a listed request is judged.
#[derive(Debug, Clone)]
pub enum Body {
    /// It has none: what is there is not passed on.
    None,
    /// At most [`crate::MAX_JSON`] bytes of JSON, or nothing, for [`Json::judge`].
    Json(Json),
    /// A form with a file, for [`Form`].
    Form(Form),
    /// A file, which passes as it is.
    File,
}

/// Every list's opinion about the JSON of one request.
#[derive(Debug, Clone)]
pub struct Json(Vec<body::Judge>);

impl Json {
    /// The level that a body takes, and the body to send instead of the one that came. A body
    /// that isn't JSON takes `controls`.
    pub fn judge(&self, bytes: &[u8]) -> (Level, Vec<u8>) {
        if bytes.is_empty() {
            return (self.level(&Value::Null), Vec::new());
        }
        match serde_json::from_slice(bytes) {
            Ok(value) => (self.level(&value), serde_json::to_vec(&value).unwrap_or_default()),
            Err(_) => (Level::Controls, Vec::new()),
        }
    }

    fn level(&self, value: &Value) -> Level {
        self.0.iter().map(|judge| judge(value)).max().unwrap_or(Level::Controls)
    }
}

impl Needed {
    const CONTROLS: Self = Self { level: Level::Controls, body: Body::None };
}

/// Whether any list knows the path for this method, whatever its query and body are.
pub fn is_listed(method: &str, path: &str) -> bool {
    kinds::routes().any(|route| route.matches(method, path))
}

/// What a request takes. Never below `controls` for one that isn't listed.
pub fn classify(head: &Head<'_>) -> Needed {
    let Some(query) = Query::parse(head.query) else { return Needed::CONTROLS };
    let mut known = kinds::routes()
        .filter(|route| route.matches(head.method, head.path) && route.fits(head.content_type))
        .peekable();
    let Some(first) = known.peek().map(|route| route.content) else { return Needed::CONTROLS };
    let (mut level, mut judges) = (Level::View, Vec::new());
    for route in known {
        if !route.content.is_like(first) || !query.fits(route.query) {
            return Needed::CONTROLS;
        }
        level = level.max(route.level);
        if let Content::Json(judge) = route.content {
            judges.push(judge);
        }
    }
    if head.print_after_upload {
        level = level.max(Level::Print);
    }
    let body = match first {
        Content::None => Some(Body::None),
        Content::File => Some(Body::File),
        Content::Json(_) => Some(Body::Json(Json(judges))),
        Content::Form => head.content_type.and_then(Form::new).map(Body::Form),
    };
    body.map_or(Needed::CONTROLS, |body| Needed { level, body })
}

#[cfg(test)]
mod tests;
