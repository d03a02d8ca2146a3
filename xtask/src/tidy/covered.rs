//! A `covers:` comment names requirements that exist, above a test that exists.

use super::Finding;
use crate::{
    covers::coverage,
    repository::File,
    requirements::{DOCUMENT, ids},
};

/// Comments with an unknown id, or without a test below.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let known: Vec<String> =
        files.iter().filter(|file| file.path == DOCUMENT).flat_map(ids).collect();
    let files: Vec<File> = files.iter().filter(|file| !is_example(file)).cloned().collect();
    let mut findings = Vec::new();
    for entry in coverage(&files) {
        let unknown = entry.ids.iter().filter(|id| !known.contains(id));
        let mut complaints: Vec<_> =
            unknown.map(|id| format!("{DOCUMENT} has no requirement {id:?}")).collect();
        if entry.test.is_none() {
            complaints.push("`covers:` stands directly above a test".to_owned());
        }
        let path = entry.path.as_str();
        let finding = |message| Finding { path: path.to_owned(), line: entry.line, message };
        findings.extend(complaints.into_iter().map(finding));
    }
    findings
}

/// The examples in the tests of these very rules.
fn is_example(file: &File) -> bool {
    file.path.starts_with("xtask/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(comment: &str) -> Vec<String> {
        let document = File::of(DOCUMENT, "| RL-3 | only with a grant | done |\n");
        let test = File::of("crates/hub/src/relay.rs", comment);
        check(&[document, test]).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn an_unknown_requirement_is_found() {
        assert_eq!(messages("// covers: RL-3\n#[test]\nfn refused() {}"), [""; 0]);
        assert!(messages("// covers: RL-3, RL-99\nfn refused() {}")[0].contains("RL-99"));
    }

    #[test]
    fn a_comment_without_a_test_is_found() {
        assert_eq!(messages("// covers: RL-3\n\nstruct X;").len(), 1);
    }
}
