//! One line of a list.

use printer::Level;

use crate::{body::Judge, form, path, query::Parameters};

/// A request that is known, and what it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    /// `GET` stands for `HEAD` too, and `CONNECT` for opening a WebSocket.
    pub(crate) method: &'static str,
    /// See [`path::matches`].
    pub(crate) path: &'static str,
    /// What may be in its query.
    pub(crate) query: Parameters,
    /// What may be in its body.
    pub(crate) content: Content,
    /// At least this level.
    pub(crate) level: Level,
}

/// What the body of a known request is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    None,
    Json(Judge),
    Form,
    File,
}

impl Content {
    pub(crate) const fn is_like(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::None, Self::None)
                | (Self::Json(_), Self::Json(_))
                | (Self::Form, Self::Form)
                | (Self::File, Self::File)
        )
    }
}

impl Route {
    /// A request that reads.
    pub(crate) const fn read(path: &'static str, query: Parameters) -> Self {
        Self { method: "GET", path, query, content: Content::None, level: Level::View }
    }

    /// A request with a JSON body, or none, that says what it takes.
    pub(crate) const fn json(method: &'static str, path: &'static str, judge: Judge) -> Self {
        let content = Content::Json(judge);
        Self { method, path, query: Parameters::None, content, level: Level::View }
    }

    /// The upload of a file in a form.
    pub(crate) const fn form(path: &'static str) -> Self {
        let (content, level) = (Content::Form, Level::Queue);
        Self { method: "POST", path, query: Parameters::None, content, level }
    }

    /// A WebSocket, whose messages are judged one by one.
    pub(crate) const fn socket(path: &'static str, query: Parameters) -> Self {
        Self { method: "CONNECT", path, query, content: Content::File, level: Level::View }
    }

    pub(crate) fn matches(&self, method: &str, path: &str) -> bool {
        let method = if method == "HEAD" { "GET" } else { method };
        self.method == method && path::matches(self.path, path)
    }

    /// Forms and everything else share paths; their media type tells them apart.
    pub(crate) fn fits(&self, content_type: Option<&str>) -> bool {
        let is_form = content_type.is_some_and(form::is_form);
        match self.content {
            Content::Form => is_form,
            Content::Json(_) => !is_form,
            Content::None | Content::File => true,
        }
    }
}
