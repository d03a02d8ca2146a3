//! Where a request's path leads: to the printer's own server, or by a prefix to another server
//! of the same machine. A path that two servers could read differently leads nowhere, or a
//! visitor could climb out of a route.

use forward::{BadRequest, Origin};
use http::{Uri, uri::PathAndQuery};
use percent_encoding::percent_decode_str;

use crate::{
    BaseUrl, Entry, Prefix,
    address::{AddressError, resolve as resolve_host},
};

/// One server, resolved and pinned.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) origin: Origin,
    /// `Host` for the agent's own questions; visitors bring their own.
    pub(crate) authority: String,
    base: String,
}

/// All servers of one printer. They share one address.
#[derive(Debug)]
pub(crate) struct Targets {
    pub(crate) main: Target,
    /// The longest prefix first.
    routes: Vec<(Prefix, Target)>,
}

/// Resolves a printer's host once, and its routes' hosts, which must be at the same address.
pub(crate) async fn resolve(entry: &Entry) -> Result<Targets, AddressError> {
    let main = Target::resolve(&entry.url).await?;
    let mut routes = Vec::new();
    for (prefix, url) in &entry.routes {
        let target = Target::resolve(url).await?;
        if target.origin.address().ip() != main.origin.address().ip() {
            return Err(AddressError::OtherMachine { host: url.host().to_owned() });
        }
        routes.push((prefix.clone(), target));
    }
    routes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.as_str().len()));
    Ok(Targets { main, routes })
}

impl Target {
    async fn resolve(url: &BaseUrl) -> Result<Self, AddressError> {
        let address = resolve_host(url.host(), url.port()).await?;
        let (authority, base) = (url.authority(), url.path().to_owned());
        Ok(Self { origin: Origin::new(address), authority, base })
    }

    /// What to ask this server for the root of its base URL.
    pub(crate) fn root(&self) -> Uri {
        self.base.parse().unwrap_or_default()
    }
}

impl Targets {
    /// The server for a path, and what to ask it.
    pub(crate) fn choose(&self, target: &PathAndQuery) -> Result<(&Target, Uri), BadRequest> {
        let path = target.path();
        check_path(path)?;
        let route = self.routes.iter().find(|(prefix, _)| path.starts_with(prefix.as_str()));
        let (server, rest) = match route {
            Some((prefix, server)) => (server, path.get(prefix.as_str().len()..)),
            None => (&self.main, path.get(1..)),
        };
        let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
        let asked = format!("{}{}{query}", server.base, rest.unwrap_or_default());
        Ok((server, asked.parse().map_err(|_| BadRequest::Target)?))
    }

    /// Whether both lead to the same places.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        self.main.origin.address() == other.main.origin.address()
    }

    /// Ends everything under way.
    pub(crate) fn close(&self) {
        self.main.origin.close();
        for (_, target) in &self.routes {
            target.origin.close();
        }
    }
}

/// How often a path may have been escaped.
const ESCAPES: usize = 3;

/// Refuses dot segments and separators in disguise, however often they were escaped.
fn check_path(path: &str) -> Result<(), BadRequest> {
    let mut text = path.to_owned();
    let slashes = text.matches('/').count();
    for _ in 0..=ESCAPES {
        let hidden = text.contains(['\\', '\0']) || text.matches('/').count() != slashes;
        if hidden || text.split('/').any(is_dot_segment) {
            return Err(BadRequest::Target);
        }
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    Ok(())
}

/// `.` or `..`, with or without parameters, which some servers cut off first.
fn is_dot_segment(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default().trim();
    name == "." || name == ".."
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn octopi() -> Targets {
        let text = "id = \"01890000-0000-7000-8000-000000000000\"\nname = \"a\"\n\
            kind = \"octoprint\"\nurl = \"http://127.0.0.1:5000/\"\n[routes]\n\
            \"/webcam/\" = \"http://127.0.0.1:8080/\"\n\
            \"/webcam/two/\" = \"http://127.0.0.1:8081/cam/\"\n";
        resolve(&toml::from_str(text).unwrap()).await.unwrap()
    }

    fn chosen(targets: &Targets, text: &str) -> Result<(u16, String), BadRequest> {
        let (target, uri) = targets.choose(&text.parse().unwrap())?;
        Ok((target.origin.address().port(), uri.to_string()))
    }

    // covers: RL-1
    #[tokio::test]
    async fn the_longest_prefix_chooses_the_server() {
        let targets = octopi().await;
        for (asked, port, expected) in [
            ("/", 5000, "/"),
            ("/api/files?a=b", 5000, "/api/files?a=b"),
            ("/webcam", 5000, "/webcam"),
            ("/webcam/?action=stream", 8080, "/?action=stream"),
            ("/webcam/two/x", 8081, "/cam/x"),
            ("/api/files/local/100%25%20fill.gcode", 5000, "/api/files/local/100%25%20fill.gcode"),
            ("/a..b/...", 5000, "/a..b/..."),
        ] {
            assert_eq!(chosen(&targets, asked), Ok((port, expected.to_owned())), "{asked}");
        }
    }

    // covers: RL-8
    #[tokio::test]
    async fn dot_segments_leave_no_route() {
        let targets = octopi().await;
        for path in [
            "/..",
            "/.",
            "/webcam/../api",
            "/webcam/./x",
            "/webcam/%2e%2e/api",
            "/webcam/.%2E/api",
            "/webcam/%252e%252e/api",
            "/webcam/..%2fapi",
            "/webcam%2f",
            "/webcam%5c..%5capi",
            "/webcam/..;a=b/api",
            "/a%00b",
            "/a%252fb",
        ] {
            assert_eq!(chosen(&targets, path), Err(BadRequest::Target), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_keeps_a_dot_segment(path in "/([a-z%2eEfF5cC.;/]{0,30})") {
            if check_path(&path).is_ok() {
                let decoded = percent_decode_str(&path).decode_utf8_lossy().into_owned();
                prop_assert!(!decoded.split('/').any(|segment| segment == ".."));
            }
        }
    }
}
