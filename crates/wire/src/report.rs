//! What an agent says about its printers, whenever something changes.

use printer::{Kind, Lock, Name, PrinterId};
use serde::{Deserialize, Serialize};

use crate::Tick;

/// All printers of an agent, in the order of its configuration. Always complete: what isn't in
/// it is no longer there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// At most [`crate::MAX_PRINTERS`].
    pub printers: Vec<PrinterReport>,
    /// What the agent's clock says. A report without news is sent every 30 s, for this.
    #[serde(default)]
    pub tick: Option<Tick>,
}

/// One printer of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrinterReport {
    /// Made by the agent when the printer was added.
    pub id: PrinterId,
    /// Its name in the agent's configuration.
    pub name: Name,
    /// What answers there.
    pub kind: Kind,
    /// Whether the agent's last probe of its base URL succeeded.
    pub online: bool,
    /// What asks a visitor for anything, besides the hub. Agents of older versions don't say.
    #[serde(default)]
    pub lock: Option<Lock>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: &str) -> Lock {
        serde_json::from_value(word.into()).unwrap()
    }

    // covers: RL-9
    #[test]
    fn every_lock_survives_text_and_unknown_words_are_unknown() {
        for lock in Lock::ALL {
            let word = serde_json::to_value(lock).unwrap();
            assert_eq!(read(word.as_str().unwrap()), lock);
        }
        assert_eq!(read("own-login"), Lock::OwnLogin);
        assert_eq!(read("fingerprint"), Lock::Unknown);
    }
}
