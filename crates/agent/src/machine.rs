//! Which machine an agent's key was made on (LK-3). A key that wakes up elsewhere was copied with
//! its card, and two agents with one key are worse than none; so the agent stops until somebody at
//! its machine says that the move was meant. This helps against mistakes. Who copies a card on
//! purpose can say so too, and has the key anyway.

use std::{fs, io::Read, path::Path};

use printer::Random;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tunnel::Fingerprint;

/// Where systems keep what stays the same on one machine: an id made at installation, which is on
/// the card and copied with it, and the serial number of a board such as the Raspberry Pi, which
/// is not.
const SOURCES: [&str; 3] =
    ["/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/device-tree/serial-number"];

/// The most that is read of each, in bytes.
const MAX: u64 = 256;

/// What tells one machine from others. Never written down as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Machine(Vec<u8>);

/// What is written down of a machine: enough to know it again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    salt: String,
    digest: String,
}

impl Machine {
    /// The machine that this runs on, or a name that its owner gives it where the system has
    /// nothing that stays, as in containers.
    pub fn here(named: Option<&str>) -> Self {
        match named {
            Some(name) => Self(name.trim().as_bytes().to_vec()),
            None => Self(SOURCES.iter().flat_map(|path| read(Path::new(path))).collect()),
        }
    }

    /// Whether nothing tells this machine from others.
    pub(crate) const fn is_anyone(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn mark(&self, random: &dyn Random) -> Mark {
        let mut salt = [0; 32];
        random.fill(&mut salt);
        let salt = Fingerprint::from_bytes(salt).to_string();
        Mark { digest: self.digest(&salt), salt }
    }

    pub(crate) fn has(&self, mark: &Mark) -> bool {
        self.digest(&mark.salt) == mark.digest
    }

    fn digest(&self, salt: &str) -> String {
        let digest = Sha256::new().chain_update(salt).chain_update(&self.0).finalize();
        Fingerprint::from_bytes(digest.into()).to_string()
    }
}

/// What a file says, with a mark at its end so that two files can't be taken for one.
fn read(path: &Path) -> Vec<u8> {
    let mut said = Vec::new();
    let Ok(file) = fs::File::open(path) else { return said };
    if file.take(MAX).read_to_end(&mut said).is_err() || said.trim_ascii().is_empty() {
        return Vec::new();
    }
    said.push(0);
    said
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Machine")
    }
}

#[cfg(test)]
mod tests {
    use printer::OsRandom;

    use super::*;

    #[test]
    fn a_machine_is_known_again_and_not_told() {
        let (one, other) = (Machine::here(Some("one")), Machine::here(Some("other")));
        let mark = one.mark(&OsRandom);
        assert!(one.has(&mark) && !other.has(&mark));
        assert_ne!(one.mark(&OsRandom).digest, mark.digest, "marks of one machine look alike");
        assert_eq!(format!("{one:?}"), "Machine");
    }
}
