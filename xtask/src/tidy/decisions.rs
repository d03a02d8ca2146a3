//! Decisions are numbered 0001, 0002, ... without a gap, so that "decision 4" stays one page.

use super::Finding;
use crate::repository::File;

const DIRECTORY: &str = "docs/decisions/";

/// Pages whose number is not the next one.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut names: Vec<&str> =
        files.iter().filter_map(|file| file.path.strip_prefix(DIRECTORY)).collect();
    names.retain(|name| *name != "README.md");
    names.sort_unstable();
    let numbered = names.iter().zip(1..);
    numbered
        .filter(|(name, number)| !name.starts_with(&format!("{number:04}-")))
        .map(|(name, number)| {
            let path = format!("{DIRECTORY}{name}");
            Finding::in_file(&path, format!("expected number {number:04}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(names: &[&str]) -> usize {
        let files: Vec<_> =
            names.iter().map(|name| File::of(&format!("{DIRECTORY}{name}"), "")).collect();
        check(&files).len()
    }

    #[test]
    fn a_gap_or_a_twin_is_found() {
        assert_eq!(findings(&["0001-tunnel.md", "0002-keys.md", "README.md"]), 0);
        assert_eq!(findings(&["0001-tunnel.md", "0003-keys.md"]), 1);
        assert_eq!(findings(&["0001-tunnel.md", "0001-keys.md"]), 1);
    }
}
