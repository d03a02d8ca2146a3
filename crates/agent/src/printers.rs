//! The printers that an agent was told about: the only machines that it ever connects to.

mod add;

use std::collections::BTreeMap;

use forward::{BaseUrl, path::Prefix};
use printer::{Clock, Kind, Name, PrinterId, Random};
use serde::{Deserialize, Serialize};

use crate::forget::NewIds;

pub use add::{InvalidPrinter, NewPrinter, Route};

/// The most routes of one printer.
pub(crate) const MAX_ROUTES: usize = 16;

/// A printer in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Made when the printer was added; what the hub calls it.
    pub id: PrinterId,
    /// What people call it.
    pub name: Name,
    /// Which software answers there.
    pub kind: Kind,
    /// Where its web UI is.
    pub url: BaseUrl,
    /// Paths that another server on the same machine answers, such as OctoPi's camera.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<Prefix, BaseUrl>,
}

/// All printers of an agent, in the order in which they were added. No two have the same id,
/// name or URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printers {
    #[serde(default, rename = "printer", skip_serializing_if = "Vec::is_empty")]
    entries: Vec<Entry>,
}

impl Printers {
    /// Reads `printers.toml`. Unknown keys are refused.
    ///
    /// # Errors
    /// A sentence that says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let read: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut checked = Self::default();
        for entry in read.entries {
            checked.push(entry).map_err(|error| error.to_string())?;
        }
        Ok(checked)
    }

    /// The text of `printers.toml`.
    pub fn to_toml(&self) -> String {
        let body = toml::to_string(self).unwrap_or_default();
        format!("# The printers that this agent may reach, and nothing else.\n{body}")
    }

    /// The same printers under new ids.
    pub(crate) fn with_new_ids(mut self, clock: &dyn Clock, random: &dyn Random) -> (Self, NewIds) {
        let mut ids = NewIds::new();
        for entry in &mut self.entries {
            let old = std::mem::replace(&mut entry.id, PrinterId::new(clock, random));
            ids.insert(old, entry.id);
        }
        (self, ids)
    }

    /// The printers, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

#[cfg(test)]
mod tests;
