//! Which tests say that they cover which requirement. A comment `// covers: RL-3, SV-1` above a
//! Rust test or a Playwright test names the ids.

use crate::repository::File;

/// One `covers:` comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Coverage {
    pub(crate) path: String,
    /// Line of the comment, from 1.
    pub(crate) line: usize,
    pub(crate) ids: Vec<String>,
    /// Name of the test below; `None` when no test follows.
    pub(crate) test: Option<String>,
}

/// Every comment in Rust and TypeScript files.
pub(crate) fn coverage(files: &[File]) -> Vec<Coverage> {
    files
        .iter()
        .filter(|file| file.has_extension("rs") || file.has_extension("ts"))
        .flat_map(coverage_of)
        .collect()
}

fn coverage_of(file: &File) -> Vec<Coverage> {
    let lines: Vec<_> = file.numbered().collect();
    let mut found = Vec::new();
    for (index, (line, text)) in lines.iter().enumerate() {
        let Some(ids) = text.trim().strip_prefix("// covers:") else { continue };
        let ids = ids.split(',').map(|id| id.trim().to_owned()).collect();
        let rest = lines.iter().skip(index + 1).map(|(_, text)| text.trim());
        found.push(Coverage { path: file.path.clone(), line: *line, ids, test: test_below(rest) });
    }
    found
}

/// The name of the test that follows, after attributes and more comments.
fn test_below<'a>(lines: impl Iterator<Item = &'a str>) -> Option<String> {
    lines
        .take_while(|line| !line.is_empty() && *line != "}")
        .find_map(|line| rust_function(line).or_else(|| playwright_title(line)))
}

fn rust_function(line: &str) -> Option<String> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.strip_prefix("fn ")?.split(['(', '<']).next()?;
    Some(name.to_owned())
}

fn playwright_title(line: &str) -> Option<String> {
    let call = line.strip_prefix("test")?;
    let call = call.strip_prefix(".describe").unwrap_or(call);
    let argument = call.strip_prefix('(')?;
    let quote = argument.chars().next().filter(|c| ['\'', '"', '`'].contains(c))?;
    argument.split(quote).nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_test_is_found_behind_attributes() {
        let text = "// covers: RL-3, SV-1\n#[tokio::test]\nasync fn a_stranger_is_refused() {}\n";
        let found = coverage(&[File::of("crates/hub/src/relay.rs", text)]);
        assert_eq!(found[0].ids, ["RL-3", "SV-1"]);
        assert_eq!(found[0].test.as_deref(), Some("a_stranger_is_refused"));
    }

    #[test]
    fn a_browser_test_is_found_by_its_title() {
        let text = "// covers: RL-1\ntest('OctoPrint, from login to print', async () => {\n";
        let found = coverage(&[File::of("e2e/up.spec.ts", text)]);
        assert_eq!(found[0].test.as_deref(), Some("OctoPrint, from login to print"));
    }

    #[test]
    fn a_comment_above_nothing_covers_nothing() {
        let found = coverage(&[File::of("a.rs", "// covers: RL-1\n\nfn later() {}\n")]);
        assert_eq!(found[0].test, None);
    }
}
