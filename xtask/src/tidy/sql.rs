//! Only `store` knows SQL. Statements elsewhere would be a second place to change with a schema.

use super::Finding;
use crate::repository::File;

/// Pairs of words that stand together in a statement and hardly ever in prose.
const STATEMENTS: &[(&str, &str)] = &[
    ("SELECT ", " FROM "),
    ("INSERT ", "INTO "),
    ("UPDATE ", " SET "),
    ("DELETE ", "FROM "),
    ("CREATE ", "TABLE "),
];

/// Lines with SQL in Rust files outside `crates/store` (and outside the rules themselves).
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| file.has_extension("rs"))
        .filter(|file| !file.path.starts_with("crates/store/") && !file.path.starts_with("xtask/"))
        .flat_map(check_file)
        .collect()
}

fn check_file(file: &File) -> impl Iterator<Item = Finding> {
    file.numbered()
        .filter(|(_, line)| is_statement(line))
        .map(|(number, _)| Finding::at(file, number, "SQL belongs into crates/store"))
}

fn is_statement(line: &str) -> bool {
    STATEMENTS.iter().any(|(verb, word)| {
        line.split_once(verb).is_some_and(|(_, rest)| format!(" {rest}").contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_outside_the_store_is_found() {
        for text in ["SELECT id FROM account", "INSERT INTO account", "DELETE FROM account"] {
            let file = File::of("crates/hub/src/people.rs", &format!("query(\"{text}\")"));
            assert_eq!(check(&[file]).len(), 1, "{text}");
        }
    }

    #[test]
    fn the_store_and_prose_are_left_alone() {
        let store = File::of("crates/store/src/account.rs", "\"SELECT id FROM account\"");
        let prose = File::of("crates/hub/src/people.rs", "// select one from the list");
        assert_eq!(check(&[store, prose]), []);
    }
}
