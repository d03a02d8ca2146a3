//! Lengths of time as people write them: `90s`, `15m`, `12h`, `7d`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A length of time: whole seconds, from one second to 100 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct Period(u64);

/// A text that is no [`Period`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a length of time such as \"90s\", \"15m\", \"12h\" or \"7d\"")]
pub struct InvalidPeriod;

/// A period in a file: a text, or a bare number of seconds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Seconds(u64),
    Text(String),
}

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
const LONGEST: u64 = 100 * 365 * 86_400;

impl Period {
    /// So many days.
    pub const fn days(days: u32) -> Self {
        Self(days as u64 * 86_400)
    }

    /// The same as a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }

    fn new(seconds: u64) -> Result<Self, InvalidPeriod> {
        if (1..=LONGEST).contains(&seconds) { Ok(Self(seconds)) } else { Err(InvalidPeriod) }
    }
}

impl FromStr for Period {
    type Err = InvalidPeriod;

    fn from_str(text: &str) -> Result<Self, InvalidPeriod> {
        let text = text.trim();
        let (number, unit) = UNITS
            .into_iter()
            .find_map(|(name, seconds)| Some((text.strip_suffix(name)?, seconds)))
            .unwrap_or((text, 1));
        let number: u64 = number.trim().parse().map_err(|_| InvalidPeriod)?;
        Self::new(number.checked_mul(unit).ok_or(InvalidPeriod)?)
    }
}

impl TryFrom<Written> for Period {
    type Error = InvalidPeriod;

    fn try_from(written: Written) -> Result<Self, InvalidPeriod> {
        match written {
            Written::Seconds(seconds) => Self::new(seconds),
            Written::Text(text) => text.parse(),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.into_iter().find(|(_, seconds)| self.0.is_multiple_of(*seconds));
        let (unit, seconds) = whole.unwrap_or(("s", 1));
        write!(f, "{}{unit}", self.0 / seconds)
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_written_as_they_are_read() {
        for text in ["1s", "90s", "15m", "36h", "7d"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
        assert_eq!("3600".parse::<Period>().unwrap().to_string(), "1h");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "d", "0s", "-1d", "1.5h", "7 weeks", "99999999999999999999d", "40000d"] {
            assert_eq!(text.parse::<Period>(), Err(InvalidPeriod), "{text}");
        }
    }
}
