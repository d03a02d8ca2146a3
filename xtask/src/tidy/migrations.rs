//! Both databases have the same migrations, by name: one that exists for SQLite alone would leave
//! PostgreSQL behind without any test noticing.

use std::collections::BTreeSet;

use super::Finding;
use crate::repository::File;

const SQLITE: &str = "crates/store/migrations/sqlite/";
const POSTGRES: &str = "crates/store/migrations/postgres/";

/// Migrations that one side lacks.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let sqlite = names_in(files, SQLITE);
    let postgres = names_in(files, POSTGRES);
    let missing = |there: &BTreeSet<&str>, here: &BTreeSet<&str>, directory: &str| {
        let paths = there.difference(here).map(|name| format!("{directory}{name}"));
        paths
            .map(|path| Finding::in_file(&path, "the other database has it, this one must too"))
            .collect::<Vec<_>>()
    };
    let mut findings = missing(&sqlite, &postgres, POSTGRES);
    findings.extend(missing(&postgres, &sqlite, SQLITE));
    findings
}

fn names_in<'a>(files: &'a [File], directory: &str) -> BTreeSet<&'a str> {
    files.iter().filter_map(|file| file.path.strip_prefix(directory)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_for_one_database_alone_is_found() {
        let first = "0001_accounts.sql";
        let both = [SQLITE, POSTGRES].map(|directory| File::of(&format!("{directory}{first}"), ""));
        assert_eq!(check(&both), []);

        let lone = [both[0].clone()];
        assert_eq!(check(&lone)[0].path, format!("{POSTGRES}{first}"));
    }
}
