//! Adding printers and taking them out again.

use std::str::FromStr;

use forward::{
    BaseUrl, InvalidUrl,
    path::{InvalidPrefix, Prefix},
};
use printer::{Clock, Kind, Name, PrinterId, Random, UnknownKind};

use super::{Entry, MAX_ROUTES, Printers};

/// A printer as it is named on the command line: `KIND=URL`, such as
/// `octoprint=http://127.0.0.1:5000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPrinter {
    /// What to call it; else it is called after its kind.
    pub name: Option<Name>,
    /// Which software answers there.
    pub kind: Kind,
    /// Where.
    pub url: BaseUrl,
    /// Paths that lead to other servers of the same machine.
    pub routes: Vec<Route>,
}

/// A route as it is named on the command line: `PATH=URL`, such as
/// `/webcam/=http://127.0.0.1:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What the path begins with.
    pub prefix: Prefix,
    /// What is asked instead, with the rest of the path.
    pub url: BaseUrl,
}

/// Why a printer can't be added, found or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrinter {
    /// The text isn't `KIND=URL` or `PATH=URL`.
    #[error("{0:?} is not of the form KIND=URL, such as octoprint=http://127.0.0.1:5000")]
    NotKindAndUrl(String),
    /// The text isn't `PATH=URL`.
    #[error("{0:?} is not of the form PATH=URL, such as /webcam/=http://127.0.0.1:8080")]
    NotPathAndUrl(String),
    /// No such kind.
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    /// No such URL.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// No such prefix.
    #[error(transparent)]
    Prefix(#[from] InvalidPrefix),
    /// There is one with this name, URL or id already.
    #[error("there is a printer with this name or address already: {0}")]
    Duplicate(Name),
    /// More than a hub takes.
    #[error("an agent can have 256 printers, and 16 routes each")]
    TooMany,
    /// There is none with this name or id.
    #[error("there is no printer {0:?}; see: layerlock agent printer list")]
    Unknown(String),
    /// Its owner can't decide so about it.
    #[error(transparent)]
    Choice(#[from] crate::InvalidChoice),
}

impl Printers {
    /// Adds a printer and gives it an id. Its addresses are not checked here.
    ///
    /// # Errors
    /// [`InvalidPrinter::Duplicate`] and [`InvalidPrinter::TooMany`].
    pub fn add(
        &mut self,
        new: NewPrinter,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Entry, InvalidPrinter> {
        let name = new.name.unwrap_or_else(|| self.free_name(new.kind));
        let mut entry = Entry {
            id: PrinterId::new(clock, random),
            name,
            kind: new.kind,
            url: new.url,
            routes: std::collections::BTreeMap::new(),
        };
        for Route { prefix, url } in new.routes {
            if entry.routes.insert(prefix, url).is_some() {
                return Err(InvalidPrinter::Duplicate(entry.name));
            }
        }
        self.push(entry.clone())?;
        Ok(entry)
    }

    /// Takes out the printer with this name (in any case) or id.
    ///
    /// # Errors
    /// [`InvalidPrinter::Unknown`].
    pub fn remove(&mut self, name_or_id: &str) -> Result<Entry, InvalidPrinter> {
        let id = self.find(name_or_id)?.id;
        let index = self.entries.iter().position(|entry| entry.id == id);
        let index = index.ok_or_else(|| InvalidPrinter::Unknown(name_or_id.to_owned()))?;
        Ok(self.entries.remove(index))
    }

    /// The printer with this name (in any case) or id.
    ///
    /// # Errors
    /// [`InvalidPrinter::Unknown`].
    pub fn find(&self, name_or_id: &str) -> Result<&Entry, InvalidPrinter> {
        let wanted = name_or_id.trim();
        let is_meant =
            |entry: &&Entry| same(entry.name.as_str(), wanted) || wanted.parse() == Ok(entry.id);
        let found = self.entries.iter().find(is_meant);
        found.ok_or_else(|| InvalidPrinter::Unknown(wanted.to_owned()))
    }

    pub(super) fn push(&mut self, entry: Entry) -> Result<(), InvalidPrinter> {
        if self.entries.len() >= wire::MAX_PRINTERS || entry.routes.len() > MAX_ROUTES {
            return Err(InvalidPrinter::TooMany);
        }
        let clashes = |other: &&Entry| {
            other.id == entry.id
                || other.url == entry.url
                || same(other.name.as_str(), entry.name.as_str())
        };
        if let Some(other) = self.entries.iter().find(clashes) {
            return Err(InvalidPrinter::Duplicate(other.name.clone()));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// `OctoPrint`, `OctoPrint 2`, ….
    fn free_name(&self, kind: Kind) -> Name {
        let title = title(kind);
        let is_free = |name: &Name| {
            self.entries.iter().all(|entry| !same(entry.name.as_str(), name.as_str()))
        };
        let numbered = (2..=wire::MAX_PRINTERS + 1).map(|number| format!("{title} {number}"));
        std::iter::once(title.to_owned())
            .chain(numbered)
            .filter_map(|text| text.parse().ok())
            .find(is_free)
            .unwrap_or_else(|| unnamed(kind))
    }
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::OctoPrint => "OctoPrint",
        Kind::Moonraker => "Moonraker",
        Kind::PrusaLink => "PrusaLink",
    }
}

#[expect(clippy::expect_used, reason = "the words are constants, and valid names")]
fn unnamed(kind: Kind) -> Name {
    title(kind).parse().expect("a kind's title is a name")
}

impl FromStr for NewPrinter {
    type Err = InvalidPrinter;

    fn from_str(text: &str) -> Result<Self, InvalidPrinter> {
        let parts = text.split_once('=');
        let (kind, url) = parts.ok_or_else(|| InvalidPrinter::NotKindAndUrl(text.to_owned()))?;
        let kind = kind.trim().to_ascii_lowercase().parse()?;
        Ok(Self { name: None, kind, url: url.parse()?, routes: Vec::new() })
    }
}

impl FromStr for Route {
    type Err = InvalidPrinter;

    fn from_str(text: &str) -> Result<Self, InvalidPrinter> {
        let parts = text.split_once('=');
        let (prefix, url) = parts.ok_or_else(|| InvalidPrinter::NotPathAndUrl(text.to_owned()))?;
        Ok(Self { prefix: prefix.trim().parse()?, url: url.parse()? })
    }
}
