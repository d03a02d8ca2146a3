//! All that a gate is told: where it listens, whom it lets in, and where it leads.

use std::{collections::BTreeMap, net::SocketAddr};

use edge::TrustedProxies;
use forward::BaseUrl;

use crate::{
    rules::{Condition, Networks, Rules},
    users::UserList,
};

/// A gate's configuration. Names that lead nowhere ([`Route::backend`], a list in a condition) are
/// refused when a gate is built from it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens, at least one place.
    pub listen: Vec<Listen>,
    /// Host names by which people reach it, besides `localhost`, this machine's own name and its
    /// addresses. Asked for by any other name, it doesn't answer (DNS rebinding).
    pub names: Vec<String>,
    /// The proxies whose word about a visitor's address counts.
    pub trusted_proxies: TrustedProxies,
    /// The people, list by list.
    pub lists: BTreeMap<String, UserList>,
    /// What holds for every request.
    pub rules: Rules,
    /// Which requests go to which backend; the first that matches wins.
    pub routes: Vec<Route>,
    /// Where all the others go. With none they are refused.
    pub otherwise: Option<String>,
    /// The servers.
    pub backends: BTreeMap<String, Backend>,
    /// Whether the printer sees the user name and password that opened the gate. By default not.
    pub pass_credentials: bool,
}

impl Config {
    /// The networks that rules and routes name anywhere, behind a choice of a backend included,
    /// each once.
    pub fn networks(&self) -> Vec<&Networks> {
        let mut found: Vec<&Networks> = Vec::new();
        for networks in self.conditions().flat_map(Condition::networks) {
            if !found.contains(&networks) {
                found.push(networks);
            }
        }
        found
    }

    /// The lists of people that rules and routes name anywhere.
    pub(crate) fn asked_lists(&self) -> Vec<&str> {
        self.conditions().flat_map(Condition::lists).collect()
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let behind = self.backends.values().map(|backend| &backend.rules);
        let rules = std::iter::once(&self.rules).chain(behind).flat_map(|rules| &rules.0);
        rules.map(|rule| &rule.when).chain(self.routes.iter().map(|route| &route.when))
    }
}

/// One place to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// With TLS. The printer's pages are here and nowhere else.
    pub https: SocketAddr,
    /// Without; all that it does is send people to the other.
    pub http: Option<SocketAddr>,
}

/// Requests that go to a backend of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Which requests.
    pub when: Condition,
    /// The name of the backend.
    pub backend: String,
}

/// One server behind the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// Where it is. Its path is put before the path that was asked for (and rewritten).
    pub url: BaseUrl,
    /// What holds for its requests, besides the rules for all. Judged before the path is rewritten.
    pub rules: Rules,
    /// What is changed in a request's path.
    pub rewrite: Option<Rewrite>,
}

/// The beginning of a path, replaced by another: `/webcam/` by `/`. Paths that don't hold it stay as
/// they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// What is replaced. Begins and ends with a slash.
    pub from: String,
    /// What stands there instead. Begins and ends with a slash.
    pub to: String,
    /// Whether it may stand further behind, and all that stands before it goes with it (the first
    /// place counts). Else it counts only where the path begins with it.
    pub anywhere: bool,
}
