//! How much a person may do with a printer: five levels, each including those below it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A permission level on one printer. The order is the order of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Status and camera.
    View,
    /// Add, pause and cancel one's own jobs; emergency stop.
    Queue,
    /// Start and stop any job.
    Print,
    /// Heat, move, and the printer's own web UI.
    Controls,
    /// This printer's name, grants and app connections.
    Admin,
}

/// A word that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown level {0:?} (known: view, queue, print, controls, admin)")]
pub struct UnknownLevel(pub String);

impl Level {
    /// Every level, from the least to the most.
    pub const ALL: [Self; 5] = [Self::View, Self::Queue, Self::Print, Self::Controls, Self::Admin];

    /// The word for configuration, storage and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Queue => "queue",
            Self::Print => "print",
            Self::Controls => "controls",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: PM-1
    #[test]
    fn each_level_is_above_the_one_before_it() {
        assert!(Level::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn every_level_survives_text() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert!("owner".parse::<Level>().is_err());
    }
}
