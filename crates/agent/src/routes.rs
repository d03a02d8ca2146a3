//! Where a request's path leads: to the printer's own server, or by a prefix to another server
//! of the same machine. A path that two servers could read differently leads nowhere, or a
//! visitor could climb out of a route.

use forward::{BadRequest, Origin, path};
use http::{Uri, uri::PathAndQuery};

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

    fn afresh(&self) -> Self {
        let (authority, base) = (self.authority.clone(), self.base.clone());
        Self { origin: Origin::new(self.origin.address()), authority, base }
    }

    /// What to ask this server for the root of its base URL.
    pub(crate) fn root(&self) -> Uri {
        self.base.parse().unwrap_or_default()
    }
}

impl Targets {
    /// The server for a path, and what to ask it.
    pub(crate) fn choose(&self, target: &PathAndQuery) -> Result<(&Target, Uri), BadRequest> {
        let asked = target.path();
        path::check(asked)?;
        let route = self.routes.iter().find(|(prefix, _)| asked.starts_with(prefix.as_str()));
        let (server, rest) = match route {
            Some((prefix, server)) => (server, asked.get(prefix.as_str().len()..)),
            None => (&self.main, asked.get(1..)),
        };
        let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
        let uri = format!("{}{}{query}", server.base, rest.unwrap_or_default());
        Ok((server, uri.parse().map_err(|_| BadRequest::Target)?))
    }

    /// What the paths of routes begin with.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &Prefix> {
        self.routes.iter().map(|(prefix, _)| prefix)
    }

    /// The same places, with nothing under way to them.
    pub(crate) fn afresh(&self) -> Self {
        let routes = self.routes.iter().map(|(prefix, server)| (prefix.clone(), server.afresh()));
        Self { main: self.main.afresh(), routes: routes.collect() }
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

#[cfg(test)]
mod tests {
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
}
