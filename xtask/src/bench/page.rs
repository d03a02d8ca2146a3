//! `docs/benchmarks.md`: a section for each bench, which a run replaces.

use std::fs;

use anyhow::{Context, Result};

use crate::repository::Repository;

const PAGE: &str = "docs/benchmarks.md";

/// Replaces a bench's section.
pub(super) fn keep(repository: &Repository, name: &str, section: &str) -> Result<()> {
    let path = repository.root.join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("there is no {PAGE}"))?;
    Ok(fs::write(path, replaced(&page, name, section))?)
}

/// The page with another text under `## name`; put at its end if there is none yet.
fn replaced(page: &str, name: &str, section: &str) -> String {
    let heading = format!("## {name}\n");
    let (before, rest) = page.split_once(&heading).unwrap_or((page, ""));
    let after = rest.find("\n## ").and_then(|at| rest.get(at + 1..)).unwrap_or_default();
    let after = if after.is_empty() { String::new() } else { format!("\n{after}") };
    format!("{}\n\n{heading}\n{}\n{after}", before.trim_end(), section.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_section_changes_and_the_others_stay() {
        let page = replaced("# Title\n", "gate", "old");
        let page = replaced(&page, "hub", "hub's");
        let page = replaced(&page, "gate", "new");
        assert_eq!(page, "# Title\n\n## gate\n\nnew\n\n## hub\n\nhub's\n");
    }
}
