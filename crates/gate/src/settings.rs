//! The gate's part of a configuration file, and of the command line: one printer, networks, people.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{Ipv6Addr, SocketAddr},
};

use credentials::Verifier;
use edge::TrustedProxies;
use forward::{BaseUrl, path::Prefix};
use serde::{Deserialize, Serialize};

use crate::{
    Backend, Config, Error, Listen, Route, User, UserList,
    rulebook::cut,
    rules::{Action, Condition, Networks, Realm, Rule, Rules},
};

/// The `[gate]` section. The default is a gate that stands in front of nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The printer's own pages.
    pub upstream: Option<BaseUrl>,
    /// Paths that another port serves, such as OctoPi's camera.
    pub routes: BTreeMap<Prefix, BaseUrl>,
    /// Addresses and networks that need no password.
    pub inside: Vec<String>,
    /// User names and hashes of their passwords.
    pub users: BTreeMap<String, HashText>,
    /// What browsers show when they ask for a password.
    pub realm: String,
    /// Where it listens with TLS.
    pub listen: SocketAddr,
    /// Where it sends people on to TLS.
    pub http: Option<SocketAddr>,
    /// Proxies whose word about a visitor's address counts.
    pub trusted_proxies: Vec<String>,
    /// Host names, besides this machine's own.
    pub names: Vec<String>,
    /// Whether the printer sees the user name and password that opened the gate.
    pub pass_credentials: bool,
}

/// The `[gate]` part of a configuration file, with every setting at its default.
pub const REFERENCE: &str = "\
# The gate: one printer's pages, with a password for everyone outside (docs/gate.md).
[gate]
# The printer's own pages.
# upstream = \"http://127.0.0.1:5000\"
# Addresses and networks that need no password, for example [\"192.168.1.0/24\"]. The gateway, this
# machine and containers are outside unless they are listed alone.
inside = []
# What browsers show when they ask for a password.
realm = \"3D printer\"
# Address and port for HTTPS, and one that redirects there.
listen = \"[::]:8443\"
# http = \"[::]:8080\"
# Proxies in front of the gate whose word on a visitor's address counts.
trusted_proxies = []
# Host names of the gate, besides localhost, this machine's own name and its addresses.
names = []
# Let the printer see the user name and password that opened the gate.
pass_credentials = false

# Paths that another port of the printer serves.
[gate.routes]
# \"/webcam/\" = \"http://127.0.0.1:8080/\"

# User names, and hashes that `layerlock hash` printed.
[gate.users]
# ada = \"$scrypt$ln=14,r=8,p=5$...\"
";

/// A hash, as it was written. It doesn't print itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HashText(pub String);

impl fmt::Debug for HashText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            upstream: None,
            routes: BTreeMap::new(),
            inside: Vec::new(),
            users: BTreeMap::new(),
            realm: Realm::default().to_string(),
            listen: SocketAddr::from((Ipv6Addr::UNSPECIFIED, 8443)),
            http: None,
            trusted_proxies: Vec::new(),
            names: Vec::new(),
            pass_credentials: false,
        }
    }
}

/// The names of what the settings become.
const LIST: &str = "users";
const UPSTREAM: &str = "upstream";

impl Settings {
    /// The configuration that they stand for: everyone who is not inside is asked for a password.
    ///
    /// # Errors
    /// What can't be used, and where it stands.
    pub fn config(&self) -> Result<Config, Error> {
        let upstream = self.upstream.clone().ok_or(Error::NoUpstream)?;
        let inside = Condition::From(Networks::parse(self.inside.iter().map(String::as_str))?);
        let known = Condition::Authenticated { list: LIST.to_owned() };
        let stranger = Condition::All(vec![inside.negated(), known.negated()]);
        let ask = Rule { action: Action::Ask(self.realm.parse()?), when: stranger };
        let everyone = Rule { action: Action::Allow, when: Condition::always() };
        let (routes, mut backends) = self.other_ports();
        let main = Backend { url: upstream, rules: Rules::everyone(), rewrite: None };
        backends.insert(UPSTREAM.to_owned(), main);
        Ok(Config {
            listen: vec![Listen { https: self.listen, http: self.http }],
            names: self.names.clone(),
            trusted_proxies: self.proxies()?,
            lists: BTreeMap::from([(LIST.to_owned(), self.list()?)]),
            rules: Rules(vec![ask, everyone]),
            routes,
            otherwise: Some(UPSTREAM.to_owned()),
            backends,
            pass_credentials: self.pass_credentials,
        })
    }

    fn proxies(&self) -> Result<TrustedProxies, Error> {
        let proxies = self.trusted_proxies.join(",").parse();
        proxies.map_err(|error: edge::InvalidProxies| {
            Error::System(std::io::Error::other(format!("trusted_proxies: {error}")))
        })
    }

    fn list(&self) -> Result<UserList, Error> {
        let user = |(name, hash): (&String, &HashText)| {
            let password = Verifier::parse(&hash.0)
                .map_err(|error| Error::User { user: name.clone(), error })?;
            Ok((name.clone(), User { password, groups: BTreeSet::new() }))
        };
        self.users.iter().map(user).collect::<Result<_, _>>().map(UserList)
    }

    /// The longest path first.
    fn other_ports(&self) -> (Vec<Route>, BTreeMap<String, Backend>) {
        let mut prefixes: Vec<_> = self.routes.iter().collect();
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.as_str().len()));
        let route = |prefix: &Prefix| Route {
            when: Condition::PathBegins(vec![prefix.to_string()]),
            backend: prefix.to_string(),
        };
        let backend = |prefix: &Prefix, url: &BaseUrl| Backend {
            url: url.clone(),
            rules: Rules::everyone(),
            rewrite: Some(cut(prefix)),
        };
        let routes = prefixes.iter().map(|(prefix, _)| route(prefix)).collect();
        let backends =
            prefixes.iter().map(|(prefix, url)| (prefix.to_string(), backend(prefix, url)));
        (routes, backends.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let settings: Settings = toml::from_str(text).unwrap();
        settings.config().unwrap_err().to_string()
    }

    // covers: GT-2
    #[test]
    fn unknown_hash_names_its_user() {
        let text = "upstream = \"http://127.0.0.1:5000\"\n[users]\nada = \"$1$salt$digest\"";
        let refused = refusal(text);
        assert!(refused.contains("user \"ada\"") && refused.contains("$6$"), "{refused}");
        assert!(!refused.contains("digest"), "{refused}");
    }

    // covers: GT-4
    #[test]
    fn slash_zero_inside() {
        let text = "upstream = \"http://127.0.0.1:5000\"\ninside = [\"0.0.0.0/0\"]";
        assert!(refusal(text).contains("every address there is"));
    }

    #[test]
    fn misspelt_settings_are_refused_and_hashes_do_not_print() {
        assert!(toml::from_str::<Settings>("insides = []").is_err());
        let settings: Settings = toml::from_str("[users]\nada = \"secret\"").unwrap();
        assert!(!format!("{settings:?}").contains("secret"));
        assert!(matches!(settings.config(), Err(Error::NoUpstream)));
    }
}
