//! A configuration made ready: names looked up, servers found. Replaced as a whole on reload;
//! what runs under an old one is judged again by the new.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use edge::Asked;
use forward::{BadRequest, BaseUrl, Origin, address::is_at_home, path::Prefix};
use http::{Uri, uri::PathAndQuery};
use tokio::{net::lookup_host, time::timeout};

use crate::{
    Config, Error, Rewrite, UserList,
    basic::MAX_USER,
    rules::{Action, Doubt, Facts, Networks, Rules, Unproven},
};

/// How long a name may take to look up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Rules and servers, ready.
pub(crate) struct Rulebook {
    /// Different for every one.
    pub(crate) edition: u64,
    pub(crate) config: Config,
    servers: BTreeMap<String, Server>,
    names: Vec<String>,
    /// The lists of people on which something hangs.
    asked: BTreeSet<String>,
    /// The networks that are named anywhere.
    networks: Vec<Networks>,
}

/// One server, found once. It stays where it was found (as with the agent's printers).
pub(crate) struct Server {
    pub(crate) origin: Origin,
    base: String,
    rewrite: Option<Rewrite>,
    rules: Rules,
}

/// What becomes of a request.
pub(crate) enum Decision<'a> {
    /// It goes to this server.
    Pass(&'a Server),
    /// It doesn't.
    Stop(Action),
}

impl Rulebook {
    /// Checks that everything fits, and finds the servers.
    pub(crate) async fn make(config: Config, edition: u64) -> Result<Self, Error> {
        check(&config)?;
        let mut servers = BTreeMap::new();
        for (name, backend) in &config.backends {
            let origin = Origin::new(find(&backend.url).await?);
            let base = backend.url.path().trim_end_matches('/').to_owned();
            let (rewrite, rules) = (backend.rewrite.clone(), backend.rules.clone());
            servers.insert(name.clone(), Server { origin, base, rewrite, rules });
        }
        let mut names = edge::names::own_names();
        let given = |name: &String| name.trim().trim_end_matches('.').to_ascii_lowercase();
        names.extend(config.names.iter().map(given));
        names.sort_unstable();
        names.dedup();
        let asked = config.asked_lists().into_iter().map(str::to_owned).collect();
        let networks = config.networks().into_iter().cloned().collect();
        Ok(Self { edition, config, servers, names, asked, networks })
    }

    /// The names under which the gate answers.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The lists of people on which something hangs.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (&str, &UserList)> {
        let lists = self.config.lists.iter().filter(|(name, _)| self.asked.contains(*name));
        lists.map(|(name, users)| (name.as_str(), users))
    }

    /// Whether a request asked for the gate by one of its names, or by the address at which it
    /// arrived.
    pub(crate) fn is_own(&self, asked: &Asked, local: SocketAddr) -> bool {
        let name = asked.name();
        let literal = name.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        literal == Some(local.ip().to_canonical()) || self.names.contains(&name)
    }

    /// Whether the rules know an address: they name a network that it is in, as far as it may be
    /// believed.
    pub(crate) fn names_network_of(&self, client: IpAddr, doubt: Doubt) -> bool {
        self.networks.iter().any(|networks| networks.contain(client, doubt))
    }

    /// What becomes of a request. For an address that only looks as if it were inside, everything
    /// is read both ways, the way to a server included, and the stricter holds. Where both ways
    /// lead to a server, but not to the same, neither is the stricter, and nobody gets anywhere:
    /// else a visitor would choose between them, by a header that makes the address doubtful.
    pub(crate) fn decide(&self, facts: &Facts<'_>) -> Result<Decision<'_>, Unproven> {
        let decision = self.decide_once(facts)?;
        if facts.doubt == Doubt::None {
            return Ok(decision);
        }
        let other = self.decide_once(&Facts { doubt: Doubt::None, ..*facts })?;
        Ok(match (&decision, &other) {
            (Decision::Pass(one), Decision::Pass(two)) if !std::ptr::eq(*one, *two) => {
                Decision::Stop(Action::Deny)
            }
            _ if other.strictness() > decision.strictness() => other,
            _ => decision,
        })
    }

    fn decide_once(&self, facts: &Facts<'_>) -> Result<Decision<'_>, Unproven> {
        let action = self.config.rules.decide(facts)?;
        if action != Action::Allow {
            return Ok(Decision::Stop(action));
        }
        let mut chosen = self.config.otherwise.as_ref();
        for route in &self.config.routes {
            if route.when.holds(facts)? {
                chosen = Some(&route.backend);
                break;
            }
        }
        let Some(server) = chosen.and_then(|name| self.servers.get(name)) else {
            return Ok(Decision::Stop(Action::Deny));
        };
        Ok(match server.rules.decide(facts)? {
            Action::Allow => Decision::Pass(server),
            action => Decision::Stop(action),
        })
    }
}

impl Decision<'_> {
    const fn strictness(&self) -> u8 {
        match self {
            Self::Pass(_) => Action::Allow.strictness(),
            Self::Stop(action) => action.strictness(),
        }
    }
}

impl Server {
    /// What to ask this server for.
    pub(crate) fn target(&self, asked: &PathAndQuery) -> Result<Uri, BadRequest> {
        let path = asked.path();
        let rewritten = self.rewrite.as_ref().and_then(|rewrite| rewrite.of(path));
        if rewritten.is_none() && self.base.is_empty() {
            return Ok(asked.clone().into());
        }
        let query = asked.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = rewritten.as_deref().unwrap_or(path);
        format!("{}{path}{query}", self.base).parse().map_err(|_| BadRequest::Target)
    }
}

impl Rewrite {
    fn of(&self, path: &str) -> Option<String> {
        let (before, rest) = path.split_once(self.from.as_str())?;
        (self.anywhere || before.is_empty()).then(|| format!("{}{rest}", self.to))
    }
}

fn check(config: &Config) -> Result<(), Error> {
    let missing = |what: &str| Err(Error::Missing(what.to_owned()));
    if config.listen.is_empty() {
        return missing("no place to listen");
    }
    for list in config.lists.values() {
        let valid = |name: &str| {
            (1..=MAX_USER).contains(&name.len())
                && !name.contains(|letter: char| letter == ':' || letter.is_control())
        };
        if let Some(name) = list.0.keys().find(|name| !valid(name)) {
            return Err(Error::UserName(name.clone()));
        }
    }
    let named = config.routes.iter().map(|route| &route.backend).chain(&config.otherwise);
    if let Some(name) = named.into_iter().find(|name| !config.backends.contains_key(*name)) {
        return missing(&format!("the backend {name:?}"));
    }
    match config.asked_lists().into_iter().find(|name| !config.lists.contains_key(*name)) {
        Some(name) => missing(&format!("the user list {name:?}")),
        None => Ok(()),
    }
}

/// The address of a server. What a visitor sends goes there unencrypted, so only at home.
async fn find(url: &BaseUrl) -> Result<SocketAddr, Error> {
    let failed = |why: &str| Error::Server { host: url.host().to_owned(), why: why.to_owned() };
    let bare = url.host().trim_start_matches('[').trim_end_matches(']');
    let found: Vec<_> = timeout(PATIENCE, lookup_host((bare, url.port())))
        .await
        .map_err(|_| failed("its name took too long to look up"))?
        .map_err(|error| failed(&format!("its name leads nowhere ({error})")))?
        .collect();
    if let Some(stray) = found.iter().find(|address| !is_at_home(address.ip())) {
        let why = format!("it is at {}, which is not in a home network", stray.ip());
        return Err(failed(&why));
    }
    let preferred = found.iter().find(|address| address.is_ipv4()).or(found.first());
    preferred.copied().ok_or_else(|| failed("its name has no address"))
}

/// A route by a path's beginning, which is cut off.
pub(crate) fn cut(prefix: &Prefix) -> Rewrite {
    Rewrite { from: prefix.as_str().to_owned(), to: "/".to_owned(), anywhere: false }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::rules::{Doubt, Password};

    /// Guests have a server of their own, all others another; `shut` closes the first.
    async fn guests(shut: &str) -> Rulebook {
        let file = format!(
            "defaults\n mode http\nfrontend f\n bind 127.0.0.1:8443 ssl crt x.pem\n \
             acl guests src 192.168.1.0/24\n use_backend camera if guests\n \
             default_backend printer\nbackend camera\n {shut}\n server a 127.0.0.1:1\n\
             backend printer\n server b 127.0.0.1:2\n"
        );
        let import = crate::haproxy::read(&file, None).unwrap_or_else(|why| panic!("{why}"));
        Rulebook::make(import.config, 0).await.unwrap()
    }

    /// To which port an address gets.
    fn gets_to(book: &Rulebook, client: [u8; 4], doubt: Doubt) -> Option<u16> {
        let facts = Facts {
            client: client.into(),
            doubt,
            method: &Method::GET,
            path: "/",
            passwords: &|_| Password::Wrong,
        };
        match book.decide(&facts) {
            Ok(Decision::Pass(server)) => Some(server.origin.address().port()),
            _ => None,
        }
    }

    // covers: GT-3, GT-4
    #[tokio::test]
    async fn gateway_takes_the_route_for_strangers() {
        let book = guests("http-request deny").await;
        assert_eq!(gets_to(&book, [203, 0, 113, 9], Doubt::None), Some(2));
        assert_eq!(gets_to(&book, [192, 168, 1, 9], Doubt::None), None);
        assert_eq!(gets_to(&book, [192, 168, 1, 1], Doubt::UnlessAlone), None);
    }

    // covers: GT-3, GT-4
    #[tokio::test]
    async fn header_of_a_proxy_leads_a_guest_to_the_printer() {
        let book = guests("").await;
        assert_eq!(gets_to(&book, [192, 168, 1, 9], Doubt::None), Some(1));
        assert_eq!(gets_to(&book, [203, 0, 113, 9], Doubt::None), Some(2));
        for doubt in [Doubt::UnlessAlone, Doubt::Always] {
            assert_eq!(gets_to(&book, [192, 168, 1, 9], doubt), None, "{doubt:?}");
            assert_eq!(gets_to(&book, [203, 0, 113, 9], doubt), Some(2), "{doubt:?}");
        }
    }
}
