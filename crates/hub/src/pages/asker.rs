//! Who will read an answer: a person in front of a page, or a program.

use http::{header::ACCEPT, request::Parts};

use crate::relay::same_origin::{is_navigation, is_undescribed};

/// Who asked, and under which request id.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// Whether to answer with a page.
    pub(crate) person: bool,
    /// Where to find the request in the log.
    pub(crate) request_id: Option<String>,
}

impl Asker {
    /// A person is a browser that navigates, or says nothing about that and wants HTML.
    pub(crate) fn of(parts: &Parts) -> Self {
        let html = parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let html = html.is_some_and(|accept| accept.contains("text/html"));
        let navigates = is_navigation(parts) || is_undescribed(&parts.headers);
        let request_id = parts.extensions.get::<edge::RequestId>().map(ToString::to_string);
        Self { person: html && navigates, request_id }
    }
}
