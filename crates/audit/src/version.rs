//! Versions as printers' software writes them: `1.11.8`, `2.0.0rc1`, `v0.9.3-12-gabcdef`.

use std::{fmt, str::FromStr};

use serde::Deserialize;

/// Three numbers, and which release candidate it is, if it is one. A candidate comes before its
/// release; commits after a release count as the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Version {
    numbers: [u32; 3],
    candidate: u32,
}

/// A release comes after all of its candidates.
const RELEASE: u32 = u32::MAX;

/// No version.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no version like 1.11.8 or 2.0.0rc1")]
pub(crate) struct NoVersion(String);

impl FromStr for Version {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        Self::read(text).ok_or_else(|| NoVersion(crate::Foreign::new(text).to_string()))
    }
}

impl TryFrom<String> for Version {
    type Error = NoVersion;

    fn try_from(text: String) -> Result<Self, NoVersion> {
        text.parse()
    }
}

impl Version {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (dotted, rest) = text.split_at_checked(end)?;
        let mut numbers = [0; 3];
        let mut parts = dotted.trim_end_matches('.').split('.');
        for (place, part) in numbers.iter_mut().zip(parts.by_ref()) {
            *place = part.parse().ok()?;
        }
        let candidate = match rest.strip_prefix("rc") {
            Some(number) => leading_number(number)?,
            // Written before the release, so it holds none of the release's fixes for sure.
            None if rest.starts_with("dev") => 0,
            None => RELEASE,
        };
        Some(Self { numbers, candidate })
    }
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if self.candidate == RELEASE { Ok(()) } else { write!(f, "rc{}", self.candidate) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn candidates_come_before_their_release() {
        let ordered =
            ["1.9.3", "1.10.0rc1", "1.10.0rc2", "1.10.0", "1.11.8", "2.0.0.dev3", "2.0.0"];
        assert!(ordered.windows(2).all(|pair| version(pair[0]) < version(pair[1])));
    }

    #[test]
    fn commits_after_a_release_count_as_it() {
        assert_eq!(version("v0.9.3-12-gabcdef"), version("0.9.3"));
        assert_eq!(version("0.8"), version("0.8.0"));
    }

    #[test]
    fn other_text_is_no_version() {
        for text in ["", "unknown", "v", "1..2", "99999999999.1", "\x1b[2J"] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
    }
}
