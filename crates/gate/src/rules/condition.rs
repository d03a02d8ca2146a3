//! Conditions, in a logic of three values: an unknown one counts only where it decides.

use std::{collections::BTreeSet, net::IpAddr};

use http::Method;

use super::Networks;

/// What has to be true of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The visitor's address is in one of these networks.
    From(Networks),
    /// The method is one of these.
    Method(Vec<Method>),
    /// The path, as it was sent, is one of these.
    PathIs(Vec<String>),
    /// It begins with one of these.
    PathBegins(Vec<String>),
    /// It ends with one of these.
    PathEnds(Vec<String>),
    /// The request has a right user name and password of this list.
    Authenticated {
        /// Which list.
        list: String,
    },
    /// The same, and the person belongs to one of these groups.
    InGroup {
        /// Which list.
        list: String,
        /// Which groups.
        groups: BTreeSet<String>,
    },
    /// It is not so.
    Not(Box<Self>),
    /// All of them are true; true if there are none.
    All(Vec<Self>),
    /// One of them is true; false if there are none.
    Any(Vec<Self>),
}

/// What is known of a request.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The visitor's address.
    pub client: IpAddr,
    /// Whether the address may stand for strangers.
    pub doubt: Doubt,
    /// The method.
    pub method: &'a Method,
    /// The path, as it was sent.
    pub path: &'a str,
    /// What became of the user name and password, list by list.
    pub passwords: &'a dyn Fn(&str) -> Password,
}

/// Whether an address may stand for strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It is somebody's own.
    None,
    /// It is of IPv6 and made of an IPv4 address (6to4 and the like): it belongs to networks of IPv6
    /// only.
    Hidden,
    /// It is of the gateway, of this machine itself, or of a container bridge: it belongs to no
    /// network that doesn't list it alone.
    UnlessAlone,
    /// It is of a proxy that doesn't say, or whose word doesn't count: it belongs to none.
    Always,
}

/// What is known of a user name and password in one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// Nobody has looked yet.
    Unproven,
    /// There was none, or it was wrong.
    Wrong,
    /// It was right, and these are the person's groups.
    Right(BTreeSet<String>),
}

/// A decision hangs on a password of this list that nobody has looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a password of the list {list:?} has to be looked at first")]
pub struct Unproven {
    /// The list.
    pub list: String,
}

impl Condition {
    /// What is always true.
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Whether it is true of a request.
    ///
    /// # Errors
    /// It hangs on a password that nobody has looked at.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, Unproven> {
        let path = facts.path;
        match self {
            Self::From(networks) => Ok(networks.contain(facts.client, facts.doubt)),
            Self::Method(methods) => Ok(methods.contains(facts.method)),
            Self::PathIs(paths) => Ok(paths.iter().any(|one| path == one)),
            Self::PathBegins(starts) => Ok(starts.iter().any(|start| path.starts_with(start))),
            Self::PathEnds(ends) => Ok(ends.iter().any(|end| path.ends_with(end))),
            Self::Authenticated { list } => proven(facts, list, |_| true),
            Self::InGroup { list, groups } => {
                proven(facts, list, |theirs| !theirs.is_disjoint(groups))
            }
            Self::Not(condition) => condition.holds(facts).map(|holds| !holds),
            Self::All(conditions) => decided(conditions, facts, false).map(|found| !found),
            Self::Any(conditions) => decided(conditions, facts, true),
        }
    }

    /// The networks that are named in it.
    pub fn networks(&self) -> Vec<&Networks> {
        match self {
            Self::From(networks) => vec![networks],
            Self::Not(condition) => condition.networks(),
            Self::All(all) | Self::Any(all) => all.iter().flat_map(Self::networks).collect(),
            _ => Vec::new(),
        }
    }

    /// The lists of people that are named in it.
    pub fn lists(&self) -> Vec<&str> {
        match self {
            Self::Authenticated { list } | Self::InGroup { list, .. } => vec![list],
            Self::Not(condition) => condition.lists(),
            Self::All(all) | Self::Any(all) => all.iter().flat_map(Self::lists).collect(),
            _ => Vec::new(),
        }
    }
}

/// Whether one of them is known to be `wanted`. If none is, but one isn't known, nobody can say.
fn decided(conditions: &[Condition], facts: &Facts<'_>, wanted: bool) -> Result<bool, Unproven> {
    let mut unknown = None;
    for condition in conditions {
        match condition.holds(facts) {
            Ok(holds) if holds == wanted => return Ok(true),
            Ok(_) => {}
            Err(unproven) => unknown = unknown.or(Some(unproven)),
        }
    }
    unknown.map_or(Ok(false), Err)
}

fn proven(
    facts: &Facts<'_>,
    list: &str,
    and: impl Fn(&BTreeSet<String>) -> bool,
) -> Result<bool, Unproven> {
    match (facts.passwords)(list) {
        Password::Unproven => Err(Unproven { list: list.to_owned() }),
        Password::Wrong => Ok(false),
        Password::Right(groups) => Ok(and(&groups)),
    }
}
