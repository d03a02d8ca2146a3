//! The running gate: built from a configuration, served, and given new rules while it runs.

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use edge::{
    Limits, Listeners, Listening, Tls, TrustedProxies,
    certificate::{Resolver, SelfSigned},
};
use http::Request;
use hyper::body::Incoming;
use printer::{Clock, Random};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Error, Listen, Surroundings, door, passwords::Passwords, rulebook::Rulebook,
    surroundings,
};

/// A gate, ready to be served. Clones are the same gate.
#[derive(Clone)]
pub struct Gate {
    shared: Shared,
    places: Arc<[Listen]>,
    certificates: Arc<Resolver>,
}

/// What every request needs.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) rules: watch::Sender<Arc<Rulebook>>,
    pub(crate) passwords: Passwords,
    pub(crate) surroundings: watch::Sender<Arc<Surroundings>>,
    pub(crate) trusted: TrustedProxies,
    pub(crate) patience: Patience,
    editions: Arc<AtomicU64>,
}

/// What a gate takes from its machine.
pub struct Parts<'a> {
    /// The folder for its certificate key; made if it isn't there.
    pub folder: &'a Path,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// How long it waits for what visitors send.
    pub patience: Patience,
}

/// How long the gate waits for what visitors send. The default is what production uses; tests make
/// it shorter.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two pieces of an upload, and from the last one to the answer's header. 75 s.
    pub standstill: Duration,
    /// For the whole body of what may be a sign-in at the printer, which the gate reads before it
    /// sends it on. 10 s.
    pub sign_in: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { standstill: forward::STANDSTILL, sign_in: Duration::from_secs(10) }
    }
}

impl Gate {
    /// Builds a gate, and opens its ports.
    ///
    /// # Errors
    /// The configuration doesn't fit, a server isn't found, or a port is taken.
    pub async fn open(config: Config, parts: Parts<'_>) -> Result<(Self, Vec<Listeners>), Error> {
        let trusted = config.trusted_proxies.clone();
        let places = config.listen.clone();
        let book = Rulebook::make(config, 0).await?;
        let own = SelfSigned::load_or_create(parts.folder, Arc::clone(&parts.clock))?;
        let certificates = Arc::new(Resolver::new(own, book.names())?);
        let surroundings = watch::Sender::new(Arc::new(Surroundings::read()?));
        let shared = Shared {
            rules: watch::Sender::new(Arc::new(book)),
            passwords: Passwords::new(parts.clock, parts.random.as_ref()),
            surroundings,
            trusted,
            patience: parts.patience,
            editions: Arc::default(),
        };
        let listeners: io::Result<Vec<_>> =
            places.iter().map(|place| edge::bind(place.https, place.http)).collect();
        Ok((Self { shared, places: places.into(), certificates }, listeners?))
    }

    /// SHA-256 of the certificate's public key, which people compare.
    pub fn certificate_fingerprint(&self) -> [u8; 32] {
        self.certificates.fingerprint()
    }

    /// Puts new rules in place. What runs goes on, unless the new rules wouldn't let it in. Where
    /// the gate listens and which proxies it trusts stays as it was; the names of those settings
    /// that are others now and wait for a restart are the result.
    ///
    /// # Errors
    /// The configuration doesn't fit; the old rules still hold.
    pub async fn reload(&self, config: Config) -> Result<Vec<&'static str>, Error> {
        let waiting = self.waiting(&config);
        let edition = self.shared.editions.fetch_add(1, Ordering::Relaxed) + 1;
        let book = Rulebook::make(config, edition).await?;
        self.certificates.set_names(book.names())?;
        self.shared.rules.send_replace(Arc::new(book));
        Ok(waiting)
    }

    fn waiting(&self, config: &Config) -> Vec<&'static str> {
        let changed = |of: fn(&Listen) -> Option<SocketAddr>| {
            !self.places.iter().map(of).eq(config.listen.iter().map(of))
        };
        let settings = [
            ("listen", changed(|place| Some(place.https))),
            ("http", changed(|place| place.http)),
            ("trusted_proxies", self.shared.trusted != config.trusted_proxies),
        ];
        settings.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }

    /// Serves visitors until `shutdown`, then finishes what is running for a bounded time.
    ///
    /// # Errors
    /// A port can't be served.
    pub async fn serve(
        &self,
        listeners: Vec<Listeners>,
        shutdown: CancellationToken,
    ) -> Result<(), Error> {
        let served = listeners.into_iter().map(|place| self.serve_one(place, shutdown.clone()));
        let all = try_all(served.collect());
        let look = surroundings::follow(Surroundings::read, &self.shared.surroundings, &shutdown);
        let (served, ()) = tokio::join!(all, look);
        served
    }

    async fn serve_one(
        &self,
        listeners: Listeners,
        shutdown: CancellationToken,
    ) -> Result<(), Error> {
        let tls = Tls::new(Arc::clone(&self.certificates), Vec::new())?;
        let shared = Arc::new(self.shared.clone());
        let web = tower::service_fn(move |request: Request<Incoming>| {
            let shared = Arc::clone(&shared);
            async move { Ok::<_, Infallible>(door::answer(&shared, request).await) }
        });
        let nobody = |_, _, _| async {};
        let (trusted, limits) = (self.shared.trusted.clone(), Limits::default());
        edge::serve(listeners, tls, web, nobody, trusted, limits, shutdown).await?;
        Ok(())
    }

    /// Where one of its places listens.
    ///
    /// # Errors
    /// The system doesn't say.
    pub fn addresses(listeners: &[Listeners]) -> io::Result<Vec<Listening>> {
        listeners.iter().map(Listeners::addresses).collect()
    }

    /// This machine's networks, as the gate sees them.
    pub fn surroundings(&self) -> Arc<Surroundings> {
        self.shared.surroundings.borrow().clone()
    }
}

/// Waits for all; the first that fails ends the others.
async fn try_all<F: Future<Output = Result<(), Error>>>(all: Vec<F>) -> Result<(), Error> {
    futures_util::future::try_join_all(all).await.map(drop)
}
