//! What the fuzz targets see of how answers of strangers are read.

use std::io::Cursor;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use printer::Timestamp;
use tokio::io::{join, sink};

use crate::{Foreign, http as web, router, tls, version::Version};

pub use router::fuzzing::{announcement, control, mapping};

/// Reads a version, and writes it.
pub fn version(text: &str) -> Option<String> {
    text.parse::<Version>().ok().map(|version| version.to_string())
}

/// Reads who issued a certificate, and whether it is valid at this time.
pub fn certificate(der: &[u8], now: Timestamp) -> Option<(Foreign, bool)> {
    let certificate = tls::read(&der.into(), now)?;
    Some((certificate.issuer, certificate.current))
}

/// Reads an answer to a question over HTTP: its body's length, whether it leads to HTTPS, and
/// whether it is a picture or JSON.
pub async fn answer(bytes: Vec<u8>) -> Option<(usize, bool, bool)> {
    let request = Request::get("/").body(Full::new(Bytes::new())).ok()?;
    let answer = web::converse(join(Cursor::new(bytes), sink()), request).await.ok()?;
    let known = answer.is_picture() || answer.json().is_some();
    Some((answer.body.len(), answer.leads_to_https(), known))
}
