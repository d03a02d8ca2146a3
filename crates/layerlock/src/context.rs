//! What every command starts from: the data folder, the settings, the time and randomness.

use std::{path::PathBuf, sync::Arc};

use hub::{Parts, admin::Admin};
use printer::{Clock, Name, OsRandom, Random, SystemClock};
use store::Store;

use crate::{
    arguments::Listen,
    configuration::Settings,
    data::DataFolder,
    succession::{Predecessor, Succession},
};

/// What every command starts from.
pub(crate) struct Context {
    /// Where everything is kept.
    pub(crate) data: DataFolder,
    /// The configuration file, if one was named.
    pub(crate) file: Option<PathBuf>,
    /// What the operator configured.
    pub(crate) settings: Settings,
    /// What this process was given when it started.
    pub(crate) predecessor: Predecessor,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where keys, tokens and ids come from.
    pub(crate) random: Arc<dyn Random>,
}

impl Context {
    /// A context on this machine's own clock and random source.
    pub(crate) fn new(
        data: DataFolder,
        file: Option<PathBuf>,
        settings: Settings,
        predecessor: Predecessor,
    ) -> Self {
        Self {
            data,
            file,
            settings,
            predecessor,
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(OsRandom),
        }
    }

    /// Lets the command line override where the hub listens.
    pub(crate) fn listen_at(&mut self, listen: Listen) {
        let configured = &mut self.settings.hub.listen;
        configured.https = listen.https.unwrap_or(configured.https);
        configured.http = listen.http.unwrap_or(configured.http);
    }

    /// The way to a planned restart, if there is one here; `run` is what a successor is told.
    pub(crate) fn succession(&self, run: u64) -> anyhow::Result<Option<Succession>> {
        let configuration = (self.file.clone(), self.data.configuration());
        Succession::prepare(configuration, self.predecessor.sockets.clone(), run)
    }

    /// What a hub is built from.
    pub(crate) fn hub_parts(&self) -> Parts {
        Parts {
            data: self.data.path().to_owned(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
        }
    }

    /// Opens the hub's store, for the commands that work on it alone.
    pub(crate) async fn admin(&self) -> anyhow::Result<Admin> {
        let hub = &self.settings.hub;
        anyhow::ensure!(
            self.data.has_hub(),
            "no hub has run with the data folder {} yet; start one with `layerlock up` or \
             `layerlock hub`, or name its folder with --data",
            self.data.path().display()
        );
        let store = Store::open(&hub::database_url(hub, self.data.path())).await?;
        Ok(Admin::new(
            store,
            Arc::clone(&self.clock),
            Arc::clone(&self.random),
            hub.passwords.min_length,
        ))
    }

    /// Opens the agent's part of the data folder.
    pub(crate) fn agent_home(&self) -> anyhow::Result<agent::Home> {
        Ok(agent::Home::open(self.data.path())?)
    }
}

/// What an agent is called unless somebody says otherwise: its machine's name.
pub(crate) fn machine_name() -> Name {
    let fallback = "agent";
    let own = hostname::get().ok().and_then(|name| name.into_string().ok());
    let name = own.as_deref().unwrap_or(fallback).parse();
    #[expect(clippy::expect_used, reason = "a literal that is a valid name")]
    name.unwrap_or_else(|_| fallback.parse().expect("a valid name"))
}
