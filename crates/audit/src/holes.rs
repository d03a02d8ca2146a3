//! Known holes by version, from `holes.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{
    Finding, Foreign, Severity, Software,
    version::{NoVersion, Version},
};

static HOLES: LazyLock<Vec<Hole>> = LazyLock::new(|| {
    // Part of the program; a test makes sure that it can be read.
    let table = toml::from_str(include_str!("holes.toml"));
    table.map_or_else(|_| Vec::new(), |table: Table| table.hole)
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    hole: Vec<Hole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hole {
    software: Software,
    id: String,
    ranges: Vec<Range>,
    severity: Grade,
    what: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    from: Option<Version>,
    before: Version,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Grade {
    Low,
    Medium,
    High,
}

impl Hole {
    /// Which version is the first without it, if this one has it.
    fn mended(&self, software: Software, version: Version) -> Option<Version> {
        let has = |range: &&Range| {
            range.from.is_none_or(|from| version >= from) && version < range.before
        };
        let range = self.ranges.iter().find(has)?;
        (self.software == software).then_some(range.before)
    }

    const fn severity(&self) -> Severity {
        match self.severity {
            Grade::Low => Severity::Low,
            Grade::Medium => Severity::Medium,
            Grade::High => Severity::High,
        }
    }
}

/// What is known about a version: one finding for all of its holes, or none.
///
/// # Errors
/// It can't be read, so that nobody knows.
pub(crate) fn known(
    software: Software,
    version: &Foreign,
    port: u16,
) -> Result<Option<Finding>, NoVersion> {
    Ok(of(software, version, version.as_str().parse()?, port))
}

fn of(software: Software, version: &Foreign, parsed: Version, port: u16) -> Option<Finding> {
    let has = |hole: &'static Hole| Some((hole, hole.mended(software, parsed)?));
    let (holes, mended): (Vec<&Hole>, Vec<Version>) = HOLES.iter().filter_map(has).unzip();
    let worst = holes.iter().max_by_key(|hole| hole.severity())?;
    let upgrade = mended.iter().max()?;
    let ids: Vec<_> = holes.iter().map(|hole| hole.id.as_str()).collect();
    Some(Finding {
        code: "known-holes",
        severity: worst.severity(),
        port: Some(port),
        title: format!("{software} {version} has known holes: {}", ids.join(", ")),
        meaning: format!("The gravest ({}) lets {}.", worst.id, worst.what),
        fix: format!("Update {software} to its newest release, {upgrade} or later."),
        sources: holes.iter().map(|hole| hole.source.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(software: Software, version: &str) -> String {
        let found = known(software, &Foreign::new(version), 80).unwrap();
        found.map_or_else(String::new, |found| found.title)
    }

    // covers: XA-1
    #[test]
    fn the_table_is_read_and_every_entry_names_its_source() {
        let table: Table = toml::from_str(include_str!("holes.toml")).unwrap();
        assert_eq!(table.hole.len(), HOLES.len());
        for hole in &table.hole {
            assert!(hole.source.starts_with("https://"), "{}", hole.id);
            assert!(hole.id.starts_with("CVE-") && !hole.ranges.is_empty(), "{}", hole.id);
        }
    }

    // covers: XA-1
    #[test]
    fn holes_begin_and_end_with_their_versions() {
        assert!(ids(Software::OctoPrint, "1.10.0").contains("CVE-2024-32977"));
        assert!(!ids(Software::OctoPrint, "1.10.1").contains("CVE-2024-32977"));
        assert!(ids(Software::OctoPrint, "2.0.0rc2").contains("CVE-2026-54134"));
        assert_eq!(ids(Software::OctoPrint, "2.0.0rc3"), "");
        assert_eq!(ids(Software::OctoPrint, "1.11.8"), "");
        assert!(ids(Software::Moonraker, "v0.9.3-2-gabc").contains("CVE-2026-24130"));
        assert_eq!(ids(Software::PrusaLink, "0.1.0"), "");
        assert!(known(Software::OctoPrint, &Foreign::new("nonsense"), 80).is_err());
    }

    #[test]
    fn the_gravest_hole_speaks_for_all() {
        let found = known(Software::OctoPrint, &Foreign::new("1.5.0"), 80).unwrap().unwrap();
        assert_eq!(found.severity, Severity::High);
        assert!(found.fix.contains("1.11.8"), "{}", found.fix);
        assert!(found.sources.len() > 10);
    }
}
