//! npm's lock files name packages and checksums, but no address to fetch them from: whoever
//! builds uses the registry that their machine is set up for.

use super::Finding;
use crate::repository::File;

/// Lines with an address in a `package-lock.json`.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| file.path.ends_with("package-lock.json"))
        .flat_map(|file| {
            file.numbered()
                .filter(|(_, line)| line.trim_start().starts_with("\"resolved\":"))
                .map(|(line, _)| Finding::at(file, line, "no address in a lock file (see .npmrc)"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_lock_file_is_found() {
        let line = "      \"resolved\": \"https://registry.example/a.tgz\",";
        assert_eq!(check(&[File::of("e2e/package-lock.json", line)]).len(), 1);
        assert_eq!(check(&[File::of("e2e/package.json", line)]).len(), 0);
    }
}
