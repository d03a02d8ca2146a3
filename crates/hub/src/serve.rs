//! A hub from start to stop: what it is built from, the doors that it opens, and the housekeeping
//! that goes on meanwhile.

mod hosts;
mod housekeeping;
mod ports;
mod watch;

use std::{convert::Infallible, io, path::PathBuf, sync::Arc};

use audit::{Dial, TcpDial};
use axum::{Router, body::Body, response::Response};
use backplane::Backplane;
use edge::{
    Limits, Listeners, Stop, Tls, TrustedProxies,
    certificate::{Resolver, SelfSigned},
};
use http::Request;
use hyper::body::Incoming;
use printer::{Clock, Random};
use store::Store;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch as channel,
};
use tokio_util::sync::CancellationToken;
use tunnel::{ALPN_BULK, ALPN_LINK, ALPN_TUNNEL, Fingerprint, Identity, PublicKey};

use crate::{
    Config,
    admin::Admin,
    api::{self, Streams},
    config::InvalidOrigins,
    exposure::Exposure,
    hashing::Hashing,
    metrics::{self, Metrics},
    origins::Origins,
    proxies::Proxies,
    relay, rotation,
    serve::ports::PrinterPorts,
    state::{Shared, State},
    tunnels::{self, Tunnels},
};

/// What a hub is built from, besides its configuration.
pub struct Parts {
    /// The data folder. The hub keeps its own things in `hub` below it.
    pub data: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where tokens, keys and ids come from.
    pub random: Arc<dyn Random>,
}

/// A hub. Clones are the same hub.
#[derive(Clone)]
pub struct Hub {
    shared: Shared,
    dashboard: Router,
    certificates: Arc<Resolver>,
    trusted: TrustedProxies,
    data: PathBuf,
}

/// Why a hub can't be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its folder can't be made.
    #[error("{}: {source}", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Its store can't be opened.
    #[error("the store can't be opened: {0}")]
    Store(#[from] store::Error),
    /// Its key can't be read or made.
    #[error("the hub's key: {0}")]
    Key(#[from] tunnel::Error),
    /// Its certificates can't be read or made.
    #[error("the hub's certificate: {0}")]
    Certificate(#[from] edge::Error),
    /// The proxies to trust are no networks.
    #[error("trusted_proxies: {0}")]
    Proxies(#[from] edge::InvalidProxies),
    /// Printers can't be named as was asked for.
    #[error(transparent)]
    Origins(#[from] InvalidOrigins),
}

impl Hub {
    /// Opens the store and reads, or makes, keys and certificates.
    pub async fn build(config: Config, parts: Parts) -> Result<Self, BuildError> {
        Self::build_dialing(config, parts, Arc::new(TcpDial)).await
    }

    /// The same, with another way to look at callers' addresses: tests stand in for the Internet.
    pub async fn build_dialing(
        config: Config,
        parts: Parts,
        dial: Arc<dyn Dial>,
    ) -> Result<Self, BuildError> {
        let Parts { data, clock, random } = parts;
        let folder = data.join("hub");
        make_folder(&folder)?;
        let trusted: TrustedProxies = config.trusted_proxies.join(",").parse()?;
        let identity = Identity::load_or_create(&folder.join("key.pem"))?;
        let origins = Origins::of(&config)?;
        let own = SelfSigned::load_or_create(&folder.join("tls"), Arc::clone(&clock))?;
        let certificates = Arc::new(Resolver::new(own, origins.names())?);
        let store = Store::open(&database_url(&config, &data)).await?;
        let exposure = Exposure::new(dial, Arc::clone(&clock));
        let shared = Arc::new(State {
            store,
            backplane: Backplane::new(Arc::clone(&clock)),
            clock,
            random,
            config,
            identity,
            next_key: channel::Sender::new(None),
            tunnels: Tunnels::new(),
            hashing: Hashing::new(),
            origins,
            trusted: trusted.clone(),
            exposure,
            proxies: Proxies::default(),
            streams: Streams::default(),
            metrics: Metrics::new(),
        });
        let dashboard = api::router(Arc::clone(&shared));
        Ok(Self { shared, dashboard, certificates, trusted, data })
    }

    /// Serves visitors and agents until a stop is asked for, then finishes what is running for a
    /// bounded time. When another process has taken over the listeners ([`Stop::leaving`]), agents
    /// are asked to connect anew, and visitors with them.
    pub async fn serve(&self, listeners: Listeners, stop: impl Into<Stop>) -> io::Result<()> {
        let tunnels = &self.shared.tunnels;
        let stop = Stop { emptied: tunnels.parting().emptied.clone(), ..stop.into() };
        let shutdown = stop.asked.clone();
        let identity = &self.shared.identity;
        let raw = [ALPN_TUNNEL, ALPN_BULK, ALPN_LINK]
            .into_iter()
            .map(|alpn| Ok((alpn, tunnel::server_config(identity, alpn)?)))
            .collect::<Result<Vec<_>, tunnel::Error>>()
            .map_err(io::Error::other)?;
        let tls = Tls::new(Arc::clone(&self.certificates), raw).map_err(io::Error::other)?;
        let hub = self.clone();
        let web = tower::service_fn(move |request: Request<Incoming>| {
            let hub = hub.clone();
            async move { Ok::<_, Infallible>(hub.answer(request.map(Body::new)).await) }
        });
        let shared = Arc::clone(&self.shared);
        let agents = move |alpn, io, peer| tunnels::accept(Arc::clone(&shared), alpn, io, peer);
        let (trusted, limits) = (self.trusted.clone(), Limits::default());
        let (https, sockets) = (listeners.addresses()?.https, listeners.sockets());
        let (further, ports) = tokio::sync::mpsc::unbounded_channel();
        let listeners = listeners.with_further(ports);
        let edge = edge::serve(listeners, tls, web, agents, trusted, limits, stop.clone());
        let chores = housekeeping::run(&self.shared, &shutdown);
        let watch = watch::run(&self.shared, &shutdown);
        let ports = PrinterPorts::new(&self.shared, https, sockets, further);
        let hosts = hosts::follow(&self.shared, &self.certificates, https, ports, &shutdown);
        let next_key = rotation::follow(&self.shared, &self.data, &shutdown);
        let parting = async {
            tokio::select! {
                () = stop.leaving.cancelled() => tunnels.parting().leaving.cancel(),
                () = shutdown.cancelled() => {}
            }
            self.shared.backplane.stop();
            shutdown.cancelled().await;
            tunnels.parting().asked.cancel();
        };
        let (served, (), (), (), (), ()) =
            tokio::join!(edge, chores, watch, hosts, next_key, parting);
        served
    }

    /// Serves what the hub counts at `http://ADDRESS/metrics` until `shutdown`. The listener must
    /// be on loopback: nobody is asked who they are.
    pub async fn serve_metrics(
        &self,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> io::Result<()> {
        metrics::serve(Arc::clone(&self.shared), listener, shutdown).await
    }

    /// Answers one request. It must carry an [`edge::Connection`], which says where it came from.
    pub async fn answer(&self, request: Request<Body>) -> Response {
        if let Some(connection) = request.extensions().get() {
            self.shared.proxies.look(connection, self.shared.clock.as_ref());
        }
        relay::dispatch(Arc::clone(&self.shared), self.dashboard.clone(), request).await
    }

    /// Takes in an agent of the same process at the other end of an in-memory connection, on which
    /// it speaks as over any other. Ends with the connection.
    pub async fn attach<Io>(&self, io: Io)
    where
        Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        tunnels::attach(Arc::clone(&self.shared), io).await;
    }

    /// The key by which agents know this hub.
    pub fn key(&self) -> PublicKey {
        self.shared.identity.public_key()
    }

    /// The fingerprint of the key in this hub's certificates, for people to compare.
    pub fn certificate_fingerprint(&self) -> Fingerprint {
        Fingerprint::from_bytes(self.certificates.fingerprint())
    }

    /// What can be done with this hub's store from the machine that it runs on.
    pub fn admin(&self) -> Admin {
        let State { store, clock, random, config, .. } = self.shared.as_ref();
        Admin::new(
            store.clone(),
            Arc::clone(clock),
            Arc::clone(random),
            config.passwords.min_length,
        )
    }

    /// What this hub keeps.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// What this hub knows while it runs.
    pub fn backplane(&self) -> &Backplane {
        &self.shared.backplane
    }

    /// How many passwords were hashed since the start.
    pub fn passwords_hashed(&self) -> u64 {
        self.shared.hashing.computed()
    }
}

/// The database that a hub with this configuration and data folder uses.
pub fn database_url(config: &Config, data: &std::path::Path) -> String {
    let usual = || format!("sqlite:{}", data.join("hub").join("layerlock.sqlite").display());
    config.database.url.clone().unwrap_or_else(usual)
}

fn make_folder(path: &std::path::Path) -> Result<(), BuildError> {
    let failed = |source| BuildError::Folder { path: path.to_owned(), source };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed)
}
