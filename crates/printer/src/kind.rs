//! The families of printers that Layerlock can stand in front of.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Which software answers at a printer's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// OctoPrint (1.11 or newer is tested).
    OctoPrint,
    /// Moonraker with Mainsail or Fluidd.
    Moonraker,
    /// PrusaLink, in the printer or on a Raspberry Pi.
    PrusaLink,
}

/// A word that names no kind of printer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of printer {0:?} (known: octoprint, moonraker, prusalink)")]
pub struct UnknownKind(pub String);

impl Kind {
    /// Every kind, in the order in which they are listed for people.
    pub const ALL: [Self; 3] = [Self::OctoPrint, Self::Moonraker, Self::PrusaLink];

    /// The word for configuration, storage and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OctoPrint => "octoprint",
            Self::Moonraker => "moonraker",
            Self::PrusaLink => "prusalink",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_text() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
    }

    #[test]
    fn an_unknown_kind_names_the_known_ones() {
        let error = "makerbot".parse::<Kind>().unwrap_err();
        assert!(error.to_string().contains("octoprint"));
    }
}
