//! `docs/security.md` promises exactly what is built: every security requirement that isn't
//! planned has its section there, every section has a test, and the lists of tests are fresh.

use super::Finding;
use crate::{
    covers::{Coverage, coverage},
    repository::File,
    requirements,
    security::{DOCUMENT, has_test, is_promised, remade, sections},
};

/// The groups of requirements that are about security.
const GROUPS: [&str; 8] = ["AC-", "PM-", "RL-", "LK-", "GT-", "HZ-", "XA-", "SV-"];

/// What the document lacks, and what in it is no longer so.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let find = |path| files.iter().find(|file| file.path == path);
    let (Some(document), Some(table)) = (find(DOCUMENT), find(requirements::DOCUMENT)) else {
        return vec![Finding::in_file(DOCUMENT, "the document is missing")];
    };
    let coverage = coverage(files);
    let mut messages = gaps(&document.text, table);
    messages.extend(untested(&document.text, &coverage));
    if remade(&document.text, &coverage) != document.text {
        messages.push("the lists of tests are stale: run `cargo xtask security`".to_owned());
    }
    messages.into_iter().map(|message| Finding::in_file(DOCUMENT, message)).collect()
}

fn gaps(document: &str, table: &File) -> Vec<String> {
    let written = sections(document);
    let ids = requirements::ids(table);
    let promised =
        |id: &&String| GROUPS.iter().any(|group| id.starts_with(group)) && is_promised(table, id);
    let missing = ids.iter().filter(promised).filter(|id| !written.contains(id));
    let missing = missing.map(|id| format!("{id} is built, at least partly, and has no section"));
    let early = written.iter().filter(|id| !is_promised(table, id));
    missing.chain(early.map(|id| format!("{id} has a section and is not built"))).collect()
}

fn untested(document: &str, coverage: &[Coverage]) -> Vec<String> {
    let sections = sections(document);
    let untested = sections.iter().filter(|id| !has_test(id, coverage));
    untested.map(|id| format!("no test covers {id}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "| RL-3 | only with a grant | built |\n| RL-4 | later | planned |\n";
    const TEST: &str = "// covers: RL-3\n#[test]\nfn refused() {}\n";

    fn messages(document: &str, test: &str) -> Vec<String> {
        let document = File::of(DOCUMENT, document);
        let files = [document, File::of(requirements::DOCUMENT, TABLE), File::of("a.rs", test)];
        check(&files).into_iter().map(|finding| finding.message).collect()
    }

    fn fresh(document: &str) -> String {
        remade(document, &coverage(&[File::of("a.rs", TEST)]))
    }

    const SECTION: &str = "### RL-3 · x\n\n<!-- tests -->\n<!-- /tests -->\n";

    #[test]
    fn a_fresh_document_is_fine() {
        assert_eq!(messages(&fresh(SECTION), TEST), [""; 0]);
    }

    #[test]
    fn a_missing_section_an_early_one_and_a_stale_list_are_found() {
        assert!(messages("", TEST)[0].contains("RL-3"));
        let early = fresh(&format!("{SECTION}### RL-4 · y\n\n<!-- tests -->\n<!-- /tests -->\n"));
        assert!(messages(&early, TEST).iter().any(|m| m.contains("RL-4 has a section")));
        assert!(messages(SECTION, TEST)[0].contains("stale"));
    }

    #[test]
    fn a_promise_without_a_test_is_found() {
        let untested = remade(SECTION, &[]);
        assert_eq!(messages(&untested, ""), ["no test covers RL-3"]);
    }
}
