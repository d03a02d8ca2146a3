//! Linking this agent to a hub by a code from its dashboard (LK-1). The command that people
//! paste has the hub's key in it, so that nobody on the way can pose as the hub; the hub learns
//! this agent's key from the handshake, and a person approves it by its words.

#[cfg(test)]
mod tests;

use std::{pin::pin, time::Duration};

use http::{Method, Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use printer::{Name, Random};
use tokio::time::{sleep, timeout};
use tunnel::{Backoff, Identity, Limits, Tunnel};
use wire::{LinkAnswer, LinkRequest};

use crate::{Error, Home, Hub, dial_tcp, transport::Way};

/// How long a code lives, and a little more.
const EXPIRES: Duration = Duration::from_mins(11);

/// How long one question may take. The hub holds it for up to 25 s.
const QUESTION: Duration = Duration::from_secs(40);

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(15);

/// The least time between two questions.
const PAUSE: Duration = Duration::from_millis(500);

/// What to tell the person who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The hub has proven its key; now somebody has to pick these words on the dashboard.
    Waiting {
        /// The four words of this agent's key.
        words: [&'static str; 4],
    },
    /// The connection was lost; trying again.
    Reconnecting,
}

/// What came of linking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The hub, as it is written down.
    pub hub: Hub,
    /// The agent whose place this one has taken there.
    pub replaces: Option<Name>,
}

/// Asks the hub to link this agent, until somebody has approved it, and writes down the hub.
///
/// # Errors
/// Every one a sentence that says what to do: unreachable, another key than `key`, a wrong or
/// expired code, turned down, not approved within 10 minutes.
pub async fn link(
    home: &Home,
    hub: Hub,
    code: &str,
    random: &dyn Random,
    on_progress: impl Fn(Progress),
) -> Result<Linked, Error> {
    let identity = home.identity()?;
    let asking = Asking { identity, hub: &hub, code };
    let replaces = timeout(EXPIRES, asking.until_linked(random, &on_progress))
        .await
        .map_err(|_| Error::LinkExpired)??;
    home.remember_hub(&hub)?;
    Ok(Linked { hub, replaces })
}

struct Asking<'a> {
    identity: Identity,
    hub: &'a Hub,
    code: &'a str,
}

impl Asking<'_> {
    async fn until_linked(
        &self,
        random: &dyn Random,
        on_progress: &impl Fn(Progress),
    ) -> Result<Option<Name>, Error> {
        let mut backoff = Backoff::new();
        let mut connected_once = false;
        loop {
            match self.on_one_connection(&mut connected_once, on_progress).await {
                Ok(replaces) => return Ok(replaces),
                Err(Error::HubUnreachable { .. } | Error::Tunnel(_)) if connected_once => {
                    on_progress(Progress::Reconnecting);
                    sleep(backoff.next_delay(random)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn on_one_connection(
        &self,
        connected_once: &mut bool,
        on_progress: &impl Fn(Progress),
    ) -> Result<Option<Name>, Error> {
        let authority = self.hub.url.authority();
        let no_answer = || Error::HubUnreachable {
            hub: authority.clone(),
            reason: "it doesn't answer".to_owned(),
        };
        let connected = timeout(CONNECT, self.connect()).await;
        let (tunnel, driver) = connected.map_err(|_| no_answer())??;
        *connected_once = true;
        on_progress(Progress::Waiting { words: self.identity.public_key().fingerprint().words() });
        let mut driver = pin!(driver);
        tokio::select! {
            linked = self.ask(&tunnel) => linked,
            _ = &mut driver => Err(no_answer()),
        }
    }

    async fn connect(&self) -> Result<(Tunnel, tunnel::Driver), Error> {
        let (url, authority) = (&self.hub.url, self.hub.url.authority());
        let way = Way {
            identity: &self.identity,
            hub: std::slice::from_ref(&self.hub.key),
            authority: &authority,
            transport: self.hub.transport,
        };
        let io = way.connect(&|| dial_tcp(url), tunnel::ALPN_LINK).await?;
        Ok(Tunnel::open_with(io, Limits::LINK).await?)
    }

    async fn ask(&self, tunnel: &Tunnel) -> Result<Option<Name>, Error> {
        loop {
            match timeout(QUESTION, self.ask_once(tunnel)).await {
                Ok(Ok(LinkAnswer::Linked { replaces })) => return Ok(replaces),
                Ok(Ok(LinkAnswer::Waiting)) => sleep(PAUSE).await,
                Ok(Ok(LinkAnswer::Refused { reason })) => return Err(Error::LinkRefused(reason)),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(tunnel::Error::Silent.into()),
            }
        }
    }

    async fn ask_once(&self, tunnel: &Tunnel) -> Result<LinkAnswer, Error> {
        let question = LinkRequest {
            code: self.code.trim().to_ascii_uppercase(),
            name: self.hub.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let body = serde_json::to_vec(&question).unwrap_or_default();
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("https://{}{}", self.hub.url.authority(), wire::LINK_PATH))
            .header(CONTENT_TYPE, "application/json")
            .body(forward::full(body))
            .map_err(|_| tunnel::Error::Invalid("the question"))?;
        let answer = tunnel.send(request).await?;
        let body = Limited::new(answer.into_body(), wire::MAX_MESSAGE).collect().await;
        let bytes = body.map_err(|_| tunnel::Error::Closed)?.to_bytes();
        serde_json::from_slice(&bytes).map_err(|_| tunnel::Error::Protocol(None).into())
    }
}
