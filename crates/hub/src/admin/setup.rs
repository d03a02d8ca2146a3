//! `layerlock setup-link`: the one-time link for the first account (AC-12).

use std::{fmt, net::SocketAddr, time::Duration};

use credentials::SetupToken;
use printer::Timestamp;

use super::{Admin, Error};
use crate::{config, origins::home};

const LIFETIME: Duration = Duration::from_mins(30);

/// A link that makes the first account, once. Whoever has it owns the hub.
pub struct SetupLink {
    /// The same link for each [origin][`origins`] of the hub; the token is in the fragment, which
    /// no server ever sees.
    pub urls: Vec<String>,
    /// When it ends.
    pub expires: Timestamp,
}

impl Admin {
    /// Makes a link for people on this machine's own network; earlier ones end. `None` if somebody
    /// has an account already. `https` is where the hub listens.
    pub async fn setup_link(
        &self,
        https: SocketAddr,
        names: &config::Origins,
    ) -> Result<Option<SetupLink>, Error> {
        if self.store.has_accounts().await? {
            return Ok(None);
        }
        let token = SetupToken::new(self.random.as_ref());
        let expires = self.clock.now().plus(LIFETIME);
        self.store.put_setup_token(&token.digest(), expires).await?;
        let link = |origin| format!("{origin}/setup#{}", token.encode());
        let urls = origins(https, names).into_iter().map(link).collect();
        Ok(Some(SetupLink { urls, expires }))
    }
}

/// Where people reach a hub that listens at `https`: first on its own machine, then from others
/// on its network. At least one, unless it listens on the network and the network has gone.
pub fn origins(https: SocketAddr, names: &config::Origins) -> Vec<String> {
    let (ip, port) = (https.ip(), https.port());
    let local = ip.is_unspecified() || ip.is_loopback();
    let local = local.then(|| format!("https://{}:{port}", home(names)));
    local.into_iter().chain(network(https)).collect()
}

/// Where agents reach a hub that listens at `https`: best from other machines, too. Unlike
/// browsers, programs find the machine that they run on by the name `localhost` only.
pub(crate) fn for_agents(https: SocketAddr) -> String {
    network(https).unwrap_or_else(|| format!("https://localhost:{}", https.port()))
}

fn network(https: SocketAddr) -> Option<String> {
    let ip = https.ip();
    let network = if ip.is_unspecified() { edge::names::lan_address() } else { Some(ip) };
    let network = network.filter(|ip| !ip.is_loopback())?;
    Some(format!("https://{}", SocketAddr::new(network, https.port())))
}

impl fmt::Debug for SetupLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupLink").field("urls", &"***").field("expires", &self.expires).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_is_reached_where_it_listens() {
        let names = config::Origins::default();
        let at = |address: &str| origins(address.parse().unwrap(), &names);
        assert_eq!(at("127.0.0.1:3443"), ["https://layerlock.localhost:3443"]);
        assert_eq!(at("192.168.1.5:3443"), ["https://192.168.1.5:3443"]);
        assert_eq!(at("[fd00::5]:3443"), ["https://[fd00::5]:3443"]);
        assert_eq!(at("[::]:3443").first().unwrap(), "https://layerlock.localhost:3443");
        let names = config::Origins { bare_localhost: true, ..names };
        let bare = origins("127.0.0.1:3443".parse().unwrap(), &names);
        assert_eq!(bare, ["https://localhost:3443"]);
    }

    // covers: LK-1
    #[test]
    fn agents_are_told_an_address_that_programs_find() {
        let at = |address: &str| for_agents(address.parse().unwrap());
        assert_eq!(at("127.0.0.1:3443"), "https://localhost:3443");
        assert_eq!(at("192.168.1.5:3443"), "https://192.168.1.5:3443");
    }
}
