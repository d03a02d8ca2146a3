//! What the owner of a printer decided about its second lock (RL-9), on the agent's machine and
//! nowhere else. It is kept in `locks.toml`, as a hash where it is secret.

use std::collections::BTreeMap;

use credentials::{PasswordHash, Pin};
use printer::{Name, PrinterId, Random};
use serde::{Deserialize, Serialize};

use crate::{Entry, Error, Home, InvalidPrinter, forget::NewIds, private_file};

/// What an owner decided about one printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The agent asks everybody for a PIN.
    Pin(PasswordHash),
    /// It may be open to everybody who has access at the hub.
    Accepted,
}

/// All decisions of an agent's owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choices(BTreeMap<PrinterId, Choice>);

/// Why a decision can't be made or taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChoice {
    /// A PIN protects it already.
    #[error(
        "{0} has a PIN, and accepting the risk would do away with it; if you want that, remove \
         the PIN first: layerlock agent pin {0:?} --remove"
    )]
    HasPin(Name),
    /// There is no PIN to remove.
    #[error("{0} has no PIN; nothing was changed")]
    NoPin(Name),
    /// There is no decision to take back.
    #[error("the risk of {0} was not accepted; nothing was changed")]
    NotAccepted(Name),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    accepted: bool,
}

impl Choices {
    /// Reads `locks.toml`. Unknown keys are refused, and so is what says two things.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let read: BTreeMap<PrinterId, Written> =
            toml::from_str(text).map_err(|error| error.to_string())?;
        let choice = |(id, written): (PrinterId, Written)| Ok((id, written.choice()?));
        read.into_iter().map(choice).collect::<Result<_, String>>().map(Self)
    }

    pub(crate) fn to_toml(&self) -> String {
        let written: BTreeMap<_, _> =
            self.0.iter().map(|(id, choice)| (id, Written::of(choice))).collect();
        let body = toml::to_string(&written).unwrap_or_default();
        format!("# Written by `layerlock agent pin` and `layerlock agent accept-risk`.\n{body}")
    }

    /// The same decisions, each of them under the printer's new id too.
    pub(crate) fn also_under(mut self, ids: &NewIds) -> Self {
        for (old, new) in ids {
            if let Some(choice) = self.0.get(old).cloned() {
                self.0.insert(*new, choice);
            }
        }
        self
    }

    pub(crate) fn of(&self, printer: PrinterId) -> Option<&Choice> {
        self.0.get(&printer)
    }
}

impl Written {
    fn of(choice: &Choice) -> Self {
        match choice {
            Choice::Pin(hash) => Self { pin: Some(hash.as_str().to_owned()), accepted: false },
            Choice::Accepted => Self { pin: None, accepted: true },
        }
    }

    fn choice(self) -> Result<Choice, String> {
        match (self.pin, self.accepted) {
            (Some(hash), false) => {
                let hash = PasswordHash::from_phc(&hash).map_err(|error| error.to_string())?;
                Ok(Choice::Pin(hash))
            }
            (None, true) => Ok(Choice::Accepted),
            _ => Err("a printer has either a pin or accepted = true".to_owned()),
        }
    }
}

impl Home {
    pub(crate) fn choices(&self) -> Result<Choices, Error> {
        let path = self.locks_file();
        let text = private_file::read(&path)?.unwrap_or_default();
        Choices::parse(&text).map_err(|message| Error::Configuration { path, message })
    }

    /// Sets the PIN that the agent asks for in front of a printer. A running agent notices within
    /// 2 s and ends what it carries for this printer. Takes some 200 ms and 16 MiB.
    ///
    /// # Errors
    /// There is no such printer.
    pub fn set_pin(&self, printer: &str, pin: &Pin, random: &dyn Random) -> Result<Entry, Error> {
        let hash = PasswordHash::new(pin.as_password(), random);
        self.decide(printer, |_, _| Ok(Some(Choice::Pin(hash))))
    }

    /// Removes the PIN. A printer without a login is closed again then.
    ///
    /// # Errors
    /// There is no such printer, or it has no PIN.
    pub fn remove_pin(&self, printer: &str) -> Result<Entry, Error> {
        self.decide(printer, |name, choice| match choice {
            Some(Choice::Pin(_)) => Ok(None),
            _ => Err(InvalidChoice::NoPin(name.clone())),
        })
    }

    /// Opens a printer without a login to everybody who has access at the hub.
    ///
    /// # Errors
    /// There is no such printer, or it has a PIN.
    pub fn accept_risk(&self, printer: &str) -> Result<Entry, Error> {
        self.decide(printer, |name, choice| match choice {
            Some(Choice::Pin(_)) => Err(InvalidChoice::HasPin(name.clone())),
            _ => Ok(Some(Choice::Accepted)),
        })
    }

    /// Takes that back.
    ///
    /// # Errors
    /// There is no such printer, or it wasn't accepted.
    pub fn decline_risk(&self, printer: &str) -> Result<Entry, Error> {
        self.decide(printer, |name, choice| match choice {
            Some(Choice::Accepted) => Ok(None),
            _ => Err(InvalidChoice::NotAccepted(name.clone())),
        })
    }

    /// Decides about a printer, and forgets about those that are gone.
    fn decide(
        &self,
        printer: &str,
        decide: impl FnOnce(&Name, Option<&Choice>) -> Result<Option<Choice>, InvalidChoice>,
    ) -> Result<Entry, Error> {
        let (printers, mut choices) = (self.printers()?, self.choices()?);
        let entry = printers.find(printer)?.clone();
        let decided = decide(&entry.name, choices.of(entry.id)).map_err(InvalidPrinter::from)?;
        choices.0.remove(&entry.id);
        choices.0.extend(decided.map(|choice| (entry.id, choice)));
        choices.0.retain(|id, _| printers.entries().iter().any(|entry| entry.id == *id));
        private_file::write(&self.locks_file(), &choices.to_toml())?;
        Ok(entry)
    }
}

#[cfg(test)]
mod tests;
