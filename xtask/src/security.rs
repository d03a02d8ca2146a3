//! `docs/security.md`: what is promised, how it is kept, and which tests attack it. People write
//! the promise and the mechanism below a heading such as `### RL-3 · Only with a grant`; the list
//! of tests between two markers is made from the `covers:` comments, and goes stale like any
//! generated file.

use std::{collections::BTreeMap, fmt::Write, fs};

use anyhow::{Context, Result};

use crate::{
    covers::{Coverage, coverage},
    repository::{File, Repository},
};

/// Where the promises are written down.
pub(crate) const DOCUMENT: &str = "docs/security.md";

const BEGIN: &str = "<!-- tests -->";
const END: &str = "<!-- /tests -->";

/// Writes the lists of tests anew.
pub(crate) fn remake(repository: &Repository) -> Result<()> {
    let document = repository.file(DOCUMENT).with_context(|| format!("no {DOCUMENT}"))?;
    let text = remade(&document.text, &coverage(&repository.files()?));
    fs::write(repository.root.join(DOCUMENT), text)?;
    Ok(())
}

/// The document with the lists as they should be now.
pub(crate) fn remade(document: &str, coverage: &[Coverage]) -> String {
    let mut text = String::with_capacity(document.len());
    let mut id = None;
    let mut inside_list = false;
    for line in document.lines() {
        id = heading_id(line).or(id);
        inside_list &= line != END;
        if !inside_list {
            text.push_str(line);
            text.push('\n');
        }
        if line == BEGIN {
            inside_list = true;
            text.push_str(&list(id.unwrap_or_default(), coverage));
        }
    }
    text
}

/// The requirement of each section that has a list of tests.
pub(crate) fn sections(document: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut id = None;
    for line in document.lines() {
        id = heading_id(line).or(id);
        if line == BEGIN {
            ids.extend(id.map(str::to_owned));
        }
    }
    ids
}

/// Whether any test names the requirement.
pub(crate) fn has_test(id: &str, coverage: &[Coverage]) -> bool {
    !tests_by_file(id, coverage).is_empty()
}

fn heading_id(line: &str) -> Option<&str> {
    line.strip_prefix("### ")?.split(" · ").next()
}

fn list(id: &str, coverage: &[Coverage]) -> String {
    let files = tests_by_file(id, coverage);
    let count: usize = files.values().map(Vec::len).sum();
    let mut text = format!("<details><summary>Tests of {id}: {count}</summary>\n\n");
    for (path, tests) in files {
        _ = writeln!(text, "- [`{path}`](../{path})");
        for test in tests {
            _ = writeln!(text, "  - {test}");
        }
    }
    text.push_str("\n</details>\n");
    text
}

/// Tests in the order in which they stand in their file.
fn tests_by_file<'a>(id: &str, coverage: &'a [Coverage]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut files = BTreeMap::<_, Vec<_>>::new();
    for entry in coverage.iter().filter(|entry| entry.ids.iter().any(|named| named == id)) {
        let tests = files.entry(entry.path.as_str()).or_default();
        tests.extend(entry.test.as_deref());
    }
    files
}

/// Whether a requirement of the table is a promise already: its state isn't `planned`.
pub(crate) fn is_promised(requirements: &File, id: &str) -> bool {
    let row = requirements.text.lines().find(|line| line.starts_with(&format!("| {id} |")));
    let state = row.and_then(|row| row.trim_end_matches([' ', '|']).rsplit('|').next());
    state.is_some_and(|state| !state.trim().starts_with("planned"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "### RL-3 · Only with a grant\n\nHow.\n\n<!-- tests -->\nold\n\
                            <!-- /tests -->\n\n### RL-4 · Later\n";

    fn refused() -> Coverage {
        let ids = vec!["RL-3".to_owned()];
        Coverage { path: "a.rs".to_owned(), line: 1, ids, test: Some("refused".to_owned()) }
    }

    #[test]
    fn a_list_is_made_anew_and_then_stays() {
        let once = remade(DOCUMENT, &[refused()]);
        assert!(once.contains("Tests of RL-3: 1"), "{once}");
        assert!(once.contains("  - refused\n") && !once.contains("old"), "{once}");
        assert!(once.ends_with("<!-- /tests -->\n\n### RL-4 · Later\n"), "{once}");
        assert_eq!(remade(&once, &[refused()]), once);
    }

    #[test]
    fn only_sections_with_a_list_count() {
        assert_eq!(sections(DOCUMENT), ["RL-3"]);
    }

    #[test]
    fn a_planned_requirement_is_no_promise_yet() {
        let table = File::of("r.md", "| RL-3 | x | built |\n| RL-4 | y | planned |\n");
        assert!(is_promised(&table, "RL-3"));
        assert!(!is_promised(&table, "RL-4"));
        assert!(!is_promised(&table, "RL-5"));
    }
}
