//! `layerlock setup-link`: the one-time link for the first account (AC-12).

use std::{fmt, net::SocketAddr, time::Duration};

use credentials::SetupToken;
use printer::Timestamp;

use super::{Admin, Error};

const LIFETIME: Duration = Duration::from_mins(30);

/// A link that makes the first account, once. Whoever has it owns the hub.
pub struct SetupLink {
    /// The whole address; the token is in its fragment, which no server ever sees.
    pub url: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl Admin {
    /// Makes a link for people on this machine's own network; earlier ones end. `None` if somebody
    /// has an account already. `https` is where the hub listens.
    pub async fn setup_link(&self, https: SocketAddr) -> Result<Option<SetupLink>, Error> {
        if self.store.has_accounts().await? {
            return Ok(None);
        }
        let token = SetupToken::new(self.random.as_ref());
        let expires = self.clock.now().plus(LIFETIME);
        self.store.put_setup_token(&token.digest(), expires).await?;
        let url = format!("https://{}/setup#{}", reachable_at(https), token.encode());
        Ok(Some(SetupLink { url, expires }))
    }
}

/// Host and port for people on the network that a server listens on.
fn reachable_at(https: SocketAddr) -> String {
    let ip =
        if https.ip().is_unspecified() { edge::names::lan_address() } else { Some(https.ip()) };
    match ip.filter(|ip| !ip.is_loopback()) {
        Some(ip) => SocketAddr::new(ip, https.port()).to_string(),
        None => format!("localhost:{}", https.port()),
    }
}

impl fmt::Debug for SetupLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupLink").field("url", &"***").field("expires", &self.expires).finish()
    }
}
