//! An answer that has been read to its end.

use anyhow::{Context, Result};
use http::HeaderMap;
use serde_json::Value;

/// Status, headers and text of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body; what is no UTF-8 is replaced.
    pub text: String,
}

impl Answer {
    /// Reads all of it.
    pub async fn read(response: reqwest::Response) -> Result<Self> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        Ok(Self { status, headers, text: response.text().await? })
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {}", self.text))
    }

    /// The `code` of a problem; empty when it is none.
    pub fn code(&self) -> String {
        let code = self.json().ok().and_then(|json| Some(json.get("code")?.as_str()?.to_owned()));
        code.unwrap_or_default()
    }

    /// A header's text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
