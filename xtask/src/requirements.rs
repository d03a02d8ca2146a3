//! The table of requirements in `docs/requirements.md`, and what covers each of them.

use anyhow::{Context, Result};

use crate::{
    covers::{Coverage, coverage},
    repository::{File, Repository},
};

/// Where the requirements are written down.
pub(crate) const DOCUMENT: &str = "docs/requirements.md";

/// The ids of a document: the first cell of every table row that looks like `AB-12`.
pub(crate) fn ids(document: &File) -> Vec<String> {
    document.text.lines().filter_map(row_id).collect()
}

/// Prints each id with the tests that cover it.
pub(crate) fn print(repository: &Repository) -> Result<()> {
    let document = repository.file(DOCUMENT).with_context(|| format!("no {DOCUMENT}"))?;
    print!("{}", table(&ids(&document), &coverage(&repository.files()?)));
    Ok(())
}

fn row_id(line: &str) -> Option<String> {
    let cell = line.strip_prefix('|')?.split('|').next()?.trim();
    let (letters, number) = cell.split_once('-')?;
    let upper = letters.len() == 2 && letters.chars().all(|c| c.is_ascii_uppercase());
    (upper && number.parse::<u32>().is_ok()).then(|| cell.to_owned())
}

fn table(ids: &[String], coverage: &[Coverage]) -> String {
    let rows: Vec<Vec<String>> = ids.iter().map(|id| tests_of(id, coverage)).collect();
    let covered = rows.iter().filter(|tests| !tests.is_empty()).count();
    let text: String = ids.iter().zip(&rows).map(|(id, tests)| row(id, tests)).collect();
    format!("{text}\n{covered} of {} requirements have a test.\n", ids.len())
}

fn row(id: &str, tests: &[String]) -> String {
    let tests = if tests.is_empty() { "-".to_owned() } else { tests.join("\n       ") };
    format!("{id:<6} {tests}\n")
}

fn tests_of(id: &str, coverage: &[Coverage]) -> Vec<String> {
    let names_it = |entry: &&Coverage| entry.ids.iter().any(|named| named == id);
    let show = |entry: &Coverage| {
        let test = entry.test.as_deref()?;
        Some(format!("{}::{test}", entry.path))
    };
    coverage.iter().filter(names_it).filter_map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_of_the_table_are_ids() {
        let document = File::of(DOCUMENT, "| id | what |\n|---|---|\n| RL-3 | x |\nSee RL-4.\n");
        assert_eq!(ids(&document), ["RL-3"]);
    }

    #[test]
    fn the_table_shows_tests_and_gaps() {
        let test = Some("a_stranger_is_refused".to_owned());
        let ids = ["RL-3".to_owned(), "RL-4".to_owned()];
        let entry =
            Coverage { path: "a.rs".to_owned(), line: 1, ids: vec!["RL-3".to_owned()], test };
        let expected = "RL-3   a.rs::a_stranger_is_refused\nRL-4   -\n\n\
                        1 of 2 requirements have a test.\n";
        assert_eq!(table(&ids, &[entry]), expected);
    }
}
