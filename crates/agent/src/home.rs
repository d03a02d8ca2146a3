//! What an agent keeps on its own disk (`DATA/agent`): its key, its hub, its printers and
//! what their owner decided about them ([`crate::choices`]). None
//! of it ever comes from the hub.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use printer::{Clock, Random};
use tunnel::{Fingerprint, Identity};

use crate::{
    Closed, Entry, Error, Hub, Machine, NewPrinter, Printers, addresses::Addresses, member,
    private_file,
};

/// The agent's folder.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// The agent's folder inside the data folder; made (0700) if it isn't there.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let folder = data.join("agent");
        private_file::create_folder(&folder)?;
        Ok(Self { folder })
    }

    /// The agent's key pair, made when first asked for.
    ///
    /// # Errors
    /// The file can't be used, or others can read it.
    pub fn identity(&self) -> Result<Identity, Error> {
        Ok(Identity::load_or_create(&self.folder.join("key.pem"))?)
    }

    /// The hub that this agent is linked to, if it is.
    ///
    /// # Errors
    /// `hub.toml` can't be read.
    pub fn hub(&self) -> Result<Option<Hub>, Error> {
        let path = self.folder.join("hub.toml");
        let Some(text) = private_file::read(&path)? else { return Ok(None) };
        Hub::parse(&text).map(Some).map_err(|message| Error::Configuration { path, message })
    }

    /// Writes down that the hub has closed its door, so that nobody knocks again. An agent without
    /// a hub of its own (`layerlock up`) has nothing to write.
    pub(crate) fn close(&self, why: Closed) -> Result<(), Error> {
        let Some(hub) = self.hub()? else { return Ok(()) };
        self.remember_hub(&Hub { closed: Some(why), ..hub })
    }

    /// Writes down the keys that the hub may prove from now on, if `pinned` is the one before. An
    /// agent without a hub of its own (`layerlock up`) has nothing to write.
    pub(crate) fn remember_keys(
        &self,
        pinned: Fingerprint,
        key: Fingerprint,
        next_key: Option<Fingerprint>,
    ) -> Result<(), Error> {
        match self.hub()? {
            Some(hub) if hub.key == pinned => self.remember_hub(&Hub { key, next_key, ..hub }),
            _ => Ok(()),
        }
    }

    pub(crate) fn remember_hub(&self, hub: &Hub) -> Result<(), Error> {
        private_file::write(&self.folder.join("hub.toml"), &hub.to_toml())
    }

    /// The printers that this agent was told about.
    ///
    /// # Errors
    /// `printers.toml` can't be read, or says something that it shouldn't.
    pub fn printers(&self) -> Result<Printers, Error> {
        let path = self.printers_file();
        let text = private_file::read(&path)?.unwrap_or_default();
        Printers::parse(&text).map_err(|message| Error::Configuration { path, message })
    }

    /// Adds a printer, if its addresses are at home. A running agent notices within 2 s.
    ///
    /// # Errors
    /// A duplicate, or an address that an agent may not reach.
    pub async fn add_printer(
        &self,
        new: NewPrinter,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Entry, Error> {
        let mut printers = self.printers()?;
        let entry = printers.add(new, clock, random)?;
        let found = member::resolve(&entry).await?;
        self.addresses().keep_first(&entry, found.main.origin.address().ip())?;
        private_file::write(&self.printers_file(), &printers.to_toml())?;
        Ok(entry)
    }

    /// Takes a printer out by name or id. A running agent notices within 2 s and ends what it
    /// carries for it.
    ///
    /// # Errors
    /// There is no such printer.
    pub fn remove_printer(&self, name_or_id: &str) -> Result<Entry, Error> {
        let mut printers = self.printers()?;
        let entry = printers.remove(name_or_id)?;
        private_file::write(&self.printers_file(), &printers.to_toml())?;
        Ok(entry)
    }

    /// Stops an agent whose key was made on another machine. The first time, this machine is
    /// written down as the key's.
    ///
    /// # Errors
    /// [`Closed::OtherMachine`].
    pub fn check_machine(&self, machine: &Machine, random: &dyn Random) -> Result<(), Error> {
        let path = self.machine_file();
        match private_file::read(&path)? {
            None if machine.is_anyone() => Ok(()),
            None => self.confirm_machine(machine, random),
            Some(text) => {
                let mark = toml::from_str(&text)
                    .map_err(|error| Error::Configuration { path, message: error.to_string() })?;
                if machine.has(&mark) { Ok(()) } else { Err(Closed::OtherMachine.into()) }
            }
        }
    }

    /// Makes this machine the key's own.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn confirm_machine(&self, machine: &Machine, random: &dyn Random) -> Result<(), Error> {
        let text = toml::to_string(&machine.mark(random)).unwrap_or_default();
        private_file::write(&self.machine_file(), &text)
    }

    /// Makes the address to which a printer's name leads now the one that the agent uses. A running
    /// agent notices within 5 s.
    ///
    /// # Errors
    /// There is no such printer, or its name leads nowhere that an agent may reach.
    pub async fn confirm_printer(&self, name_or_id: &str) -> Result<(Entry, IpAddr), Error> {
        let entry = self.printers()?.remove(name_or_id)?;
        let address = member::resolve(&entry).await?.main.origin.address().ip();
        self.addresses().confirm(&entry, address)?;
        Ok((entry, address))
    }

    pub(crate) fn addresses(&self) -> Addresses {
        Addresses::at(self.folder.join("addresses.toml"))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn machine_file(&self) -> PathBuf {
        self.folder.join("machine.toml")
    }

    pub(crate) fn printers_file(&self) -> PathBuf {
        self.folder.join("printers.toml")
    }

    pub(crate) fn locks_file(&self) -> PathBuf {
        self.folder.join("locks.toml")
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;
    use crate::Route;

    async fn add(home: &Home, text: &str, route: Option<&str>) -> Result<Entry, Error> {
        let mut new: NewPrinter = text.parse().unwrap();
        new.routes = route.into_iter().map(|text| text.parse::<Route>().unwrap()).collect();
        home.add_printer(new, &SystemClock::new(), &OsRandom).await
    }

    #[tokio::test]
    async fn printers_are_added_listed_and_removed() {
        let data = tempfile::tempdir().unwrap();
        let home = Home::open(data.path()).unwrap();
        let route = Some("/webcam/=http://localhost:8080");
        let entry = add(&home, "octoprint=http://127.0.0.1:5000", route).await.unwrap();
        assert_eq!(home.printers().unwrap().entries(), [entry]);
        home.remove_printer("octoprint").unwrap();
        assert_eq!(home.printers().unwrap(), Printers::default());
    }

    // covers: RL-8
    #[tokio::test]
    async fn route_to_another_machine_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let home = Home::open(data.path()).unwrap();
        let router = Some("/webcam/=http://192.168.1.1/");
        let refused = add(&home, "octoprint=http://127.0.0.1:5000", router).await.unwrap_err();
        assert!(refused.to_string().contains("another machine"), "{refused}");
        let public = add(&home, "octoprint=http://8.8.8.8", None).await.unwrap_err();
        assert!(public.to_string().contains("not in a home network"), "{public}");
        assert_eq!(home.printers().unwrap(), Printers::default());
    }

    // covers: LK-3
    #[test]
    fn cloned_sd_card() {
        let data = tempfile::tempdir().unwrap();
        let home = Home::open(data.path()).unwrap();
        let (pi, copy) = (Machine::here(Some("pi")), Machine::here(Some("copy")));
        home.check_machine(&pi, &OsRandom).unwrap();
        home.check_machine(&pi, &OsRandom).unwrap();
        for elsewhere in [&copy, &Machine::here(Some(""))] {
            let refused = home.check_machine(elsewhere, &OsRandom).unwrap_err();
            assert!(matches!(refused, Error::Closed(Closed::OtherMachine)), "{refused}");
        }
        home.confirm_machine(&copy, &OsRandom).unwrap();
        home.check_machine(&copy, &OsRandom).unwrap();
        home.check_machine(&pi, &OsRandom).unwrap_err();
        let key = home.identity().unwrap().public_key();
        home.forget_key(&SystemClock::new(), &OsRandom).unwrap();
        home.check_machine(&pi, &OsRandom).unwrap();
        assert_ne!(home.identity().unwrap().public_key(), key);
    }

    #[test]
    fn an_agent_keeps_its_key() {
        let data = tempfile::tempdir().unwrap();
        let home = Home::open(data.path()).unwrap();
        let key = home.identity().unwrap().public_key();
        assert_eq!(home.identity().unwrap().public_key(), key);
        assert!(home.hub().unwrap().is_none());
    }
}
