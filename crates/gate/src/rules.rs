//! Who gets in: an ordered list of rules, the first of which that applies decides, and conditions
//! that are true, false, or not known before a password was looked at. Pure.

mod condition;
mod networks;

use std::{fmt, str::FromStr};

pub use condition::{Condition, Doubt, Facts, Password, Unproven};
pub(crate) use networks::hidden_in;
pub use networks::{InvalidNetwork, Networks};

/// Rules in their order. A request to which none applies is denied, so that what was forgotten
/// stays shut; [`Rules::everyone`] and a last rule that allows say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(pub Vec<Rule>);

/// What happens to some requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What happens.
    pub action: Action,
    /// To which.
    pub when: Condition,
}

/// What can happen to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is let through.
    Allow,
    /// A user name and a password are asked for (401). Whoever gave the right ones is asked again:
    /// the condition has to say that they pass.
    Ask(Realm),
    /// It is refused (403).
    Deny,
}

/// What a browser shows when it asks for a password: 1 to 64 printable ASCII characters, none of
/// which would have to be escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm(String);

/// A text that can't be shown so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a realm has 1 to 64 printable ASCII characters, without quotes and backslashes")]
pub struct InvalidRealm;

impl Rules {
    /// Nobody is refused.
    pub fn everyone() -> Self {
        Self(vec![Rule { action: Action::Allow, when: Condition::always() }])
    }

    /// What happens to a request of which this is known. For an address that only looks as if it
    /// were inside (a gateway, a bridge, an IPv4 address in IPv6 clothes), the rules are read both ways, and the stricter holds.
    ///
    /// # Errors
    /// It depends on a password that nobody has looked at yet.
    pub fn decide(&self, facts: &Facts<'_>) -> Result<Action, Unproven> {
        let decision = self.decide_once(facts)?;
        if facts.doubt == Doubt::None {
            return Ok(decision);
        }
        let other = self.decide_once(&Facts { doubt: Doubt::None, ..*facts })?;
        Ok(if other.strictness() > decision.strictness() { other } else { decision })
    }

    fn decide_once(&self, facts: &Facts<'_>) -> Result<Action, Unproven> {
        for rule in &self.0 {
            if rule.when.holds(facts)? {
                return Ok(rule.action.clone());
            }
        }
        Ok(Action::Deny)
    }
}

impl Action {
    pub(crate) const fn strictness(&self) -> u8 {
        match self {
            Self::Allow => 0,
            Self::Ask(_) => 1,
            Self::Deny => 2,
        }
    }
}

impl FromStr for Realm {
    type Err = InvalidRealm;

    fn from_str(text: &str) -> Result<Self, InvalidRealm> {
        let plain = |byte: u8| (b' '..=b'~').contains(&byte) && !b"\"\\".contains(&byte);
        let valid = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidRealm) }
    }
}

impl Default for Realm {
    fn default() -> Self {
        Self("3D printer".to_owned())
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
