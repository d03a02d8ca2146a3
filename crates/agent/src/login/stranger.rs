//! Somebody from elsewhere, without any login, who asks a printer.

use std::{net::IpAddr, time::Duration};

use forward::{
    Body,
    cookies::{SetCookie, replace},
};
use http::{
    HeaderValue, Method, Request, Response,
    header::{CONTENT_TYPE, SET_COOKIE},
};
use tokio::time::timeout;

use crate::{routes::Targets, visitor};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// The most cookies that are kept of a printer.
const COOKIES: usize = 16;

/// A name that no printer goes by: visitors come under names of the hub, which it doesn't know
/// either (RFC 6761).
const HOST: HeaderValue = HeaderValue::from_static("printer.invalid");

pub(super) struct Stranger<'a> {
    targets: &'a Targets,
    address: IpAddr,
    cookies: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Stranger<'a> {
    pub(super) const fn new(targets: &'a Targets, address: IpAddr) -> Self {
        Self { targets, address, cookies: Vec::new() }
    }

    /// Asks for a path. `None` if there is no answer.
    pub(super) async fn ask(&self, method: Method, path: &str) -> Option<Response<Body>> {
        self.send(Request::builder().method(method).uri(path).body(forward::empty()).ok()?).await
    }

    /// Sends a request that a visitor would have sent.
    pub(super) async fn send(&self, request: Request<Body>) -> Option<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        let (server, uri) = self.targets.choose(parts.uri.path_and_query()?).ok()?;
        parts.uri = uri;
        visitor::describe(&mut parts.headers, &HOST, self.address);
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| (&name[..], &value[..])).collect();
        replace(&mut parts.headers, &cookies);
        let answer = server.origin.send(Request::from_parts(parts, body));
        timeout(PATIENCE, answer).await.ok()?.ok()
    }

    /// Keeps what an answer sets. Removals leave an empty value, which is no session either.
    pub(super) fn keep_cookies(&mut self, answer: &Response<Body>) {
        for cookie in answer.headers().get_all(SET_COOKIE).iter().filter_map(SetCookie::parse) {
            let name = cookie.name.as_bytes();
            self.cookies.retain(|(known, _)| known != name);
            if self.cookies.len() < COOKIES {
                self.cookies.push((name.to_owned(), cookie.value.to_owned()));
            }
        }
    }

    /// The value of the first cookie whose name begins like this; empty without one.
    pub(super) fn cookie(&self, prefix: &str) -> HeaderValue {
        let found = self.cookies.iter().find(|(name, _)| name.starts_with(prefix.as_bytes()));
        let value = found.and_then(|(_, value)| HeaderValue::from_bytes(value).ok());
        value.unwrap_or_else(|| HeaderValue::from_static(""))
    }
}

/// Whether an answer says that it is JSON.
pub(super) fn is_json(answer: &Response<Body>) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with(b"application/json"))
}
