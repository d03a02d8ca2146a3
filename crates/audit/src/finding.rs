//! What an audit found, in words for the owner.

use std::fmt;

use serde::Serialize;

/// How grave it is. Ordered, the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Worth mending some day.
    Low,
    /// Somebody on the network could do harm, with some effort or luck.
    Medium,
    /// Somebody on the network can watch or use the printer as they like.
    High,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable word for programs, for example `octoprint-anonymous-control`.
    pub code: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// Where, if it is at one port.
    pub port: Option<u16>,
    /// What is so, in one line.
    pub title: String,
    /// What it means, in one sentence.
    pub meaning: String,
    /// What to do about it.
    pub fix: String,
    /// Where it is published, for known holes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

impl Finding {
    /// A finding at one port.
    pub(crate) fn at(
        port: u16,
        severity: Severity,
        code: &'static str,
        [title, meaning, fix]: [&str; 3],
    ) -> Self {
        let [title, meaning, fix] = [title, meaning, fix].map(str::to_owned);
        Self { code, severity, port: Some(port), title, meaning, fix, sources: Vec::new() }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}
