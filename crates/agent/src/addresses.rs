//! Where each printer was found first (RL-8). Whoever answers for names in the home network must
//! not be able to move a printer to the router, not even across a restart of the agent: another
//! address is used only after somebody at the agent's machine has confirmed it.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use printer::PrinterId;
use serde::{Deserialize, Serialize};

use crate::{Entry, Error, forget::NewIds, private_file};

/// The file with the addresses that were confirmed (`addresses.toml`). It is read anew each time:
/// the command that confirms one runs beside the agent.
#[derive(Debug, Clone)]
pub(crate) struct Addresses(PathBuf);

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    printers: BTreeMap<PrinterId, Kept>,
}

/// Another host in `printers.toml` is the owner's own doing, and begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    host: String,
    address: IpAddr,
}

impl Addresses {
    pub(crate) const fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Keeps the address at which a printer was found, if it is the first one, and returns the one
    /// that counts.
    pub(crate) fn keep_first(&self, entry: &Entry, found: IpAddr) -> Result<IpAddr, Error> {
        let host = entry.url.host();
        let kept = self.read()?.printers.remove(&entry.id).filter(|kept| kept.host == host);
        match kept {
            Some(kept) => Ok(kept.address),
            // The owner wrote the address itself: there is no name that could lead elsewhere.
            None if is_address(host) => Ok(found),
            None => self.confirm(entry, found).map(|()| found),
        }
    }

    /// Makes this the printer's address.
    pub(crate) fn confirm(&self, entry: &Entry, address: IpAddr) -> Result<(), Error> {
        let mut written = self.read()?;
        let host = entry.url.host().to_owned();
        written.printers.insert(entry.id, Kept { host, address });
        self.write(&written)
    }

    /// Keeps each address under the printer's new id too.
    pub(crate) fn keep_under(&self, ids: &NewIds) -> Result<(), Error> {
        let mut written = self.read()?;
        for (old, new) in ids {
            if let Some(kept) = written.printers.get(old).cloned() {
                written.printers.insert(*new, kept);
            }
        }
        self.write(&written)
    }

    fn write(&self, written: &Written) -> Result<(), Error> {
        private_file::write(&self.0, &toml::to_string(written).unwrap_or_default())
    }

    fn read(&self) -> Result<Written, Error> {
        let text = private_file::read(&self.0)?.unwrap_or_default();
        let wrong = |error: toml::de::Error| Error::Configuration {
            path: self.0.clone(),
            message: error.to_string(),
        };
        toml::from_str(&text).map_err(wrong)
    }
}

fn is_address(host: &str) -> bool {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;
    use crate::{NewPrinter, Printers};

    fn entry(host: &str) -> Entry {
        let new: NewPrinter = format!("octoprint=http://{host}:5000").parse().unwrap();
        Printers::default().add(new, &SystemClock::new(), &OsRandom).unwrap()
    }

    // covers: RL-8
    #[test]
    fn name_leads_to_the_router_after_a_restart() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("addresses.toml");
        let (printer, router): (IpAddr, IpAddr) =
            ("192.168.1.50".parse().unwrap(), "192.168.1.1".parse().unwrap());
        let named = entry("octopi.local");
        assert_eq!(Addresses::at(path.clone()).keep_first(&named, printer).unwrap(), printer);
        let again = Addresses::at(path);
        assert_eq!(again.keep_first(&named, router).unwrap(), printer, "it was moved");
        again.confirm(&named, router).unwrap();
        assert_eq!(again.keep_first(&named, router).unwrap(), router);
        let renamed = Entry { url: "http://mk4.local".parse().unwrap(), ..named };
        assert_eq!(again.keep_first(&renamed, printer).unwrap(), printer, "the owner's own doing");
    }
}
