//! Files that fit into a head: 500 lines of Rust, 150 of a component. Tests are not counted.

use super::Finding;
use crate::repository::File;

const RUST: usize = 500;
const COMPONENT: usize = 150;

/// Files that are too long.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files.iter().filter_map(check_file).collect()
}

fn check_file(file: &File) -> Option<Finding> {
    let (lines, limit) = if is_source(file) {
        (lines_before_tests(&file.text), RUST)
    } else if file.has_extension("svelte") {
        (file.text.lines().count(), COMPONENT)
    } else {
        return None;
    };
    let message = format!("{lines} lines; split it, the limit is {limit}");
    (lines > limit).then(|| Finding::in_file(&file.path, message))
}

fn is_source(file: &File) -> bool {
    let of_tests = file.path.ends_with("/tests.rs") || file.path.contains("/tests/");
    file.has_extension("rs") && file.path.contains("/src/") && !of_tests
}

fn lines_before_tests(text: &str) -> usize {
    text.lines().take_while(|line| *line != "#[cfg(test)]").count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&[File::of(path, text)]).len()
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(findings("crates/hub/src/relay.rs", &"\n".repeat(RUST + 1)), 1);
        assert_eq!(findings("web/src/Card.svelte", &"\n".repeat(COMPONENT + 1)), 1);
    }

    #[test]
    fn tests_may_be_long() {
        let long = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(RUST));
        assert_eq!(findings("crates/hub/src/relay.rs", &long), 0);
        assert_eq!(findings("crates/hub/tests/relay.rs", &"\n".repeat(RUST + 1)), 0);
    }
}
